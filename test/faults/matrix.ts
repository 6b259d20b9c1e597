/** The whole matrix. */

import type { Case } from "./case.ts";
import { cutCases } from "./cut_cases.ts";
import { hangCases } from "./hang_cases.ts";
import { killCases } from "./kill_cases.ts";
import { lossCases } from "./loss_cases.ts";
import { slowCases } from "./slow_cases.ts";

export function allCases(): readonly Case[] {
  return [...killCases(), ...hangCases(), ...lossCases(), ...slowCases(), ...cutCases()];
}
