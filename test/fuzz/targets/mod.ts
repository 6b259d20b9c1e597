/** All targets. */

import type { FuzzTarget } from "../target.ts";
import { CARRIAGE } from "./carriage.ts";
import { API_CONFIG, HTTP_REQUEST } from "./http.ts";
import { ACRASTRUCT, KEY_CONTAINERS, SECURE_CELL, SECURE_MESSAGE } from "./keys.ts";
import { PG_OPENING } from "./opening.ts";
import { PG_SESSION } from "./postgres.ts";
import { PRIMITIVES } from "./primitives.ts";
import { SECURE_SESSION, SESSION_MESSAGES, SESSION_RECORDS } from "./secure_session.ts";
import {
  ACCOUNTS,
  ADDRESSES_AND_SOCKETS,
  CONNECTION_STRINGS,
  FLAGS,
  KEY_FILES,
  YAML_CONFIG,
} from "./text.ts";
import { BYTEA, PG_FRAMES, PG_MESSAGES, TRANSPORT_FRAMES, ZONE_IDS } from "./wire.ts";

/** In the order in which they take turns. */
export const TARGETS: readonly FuzzTarget[] = [
  KEY_CONTAINERS,
  SECURE_CELL,
  SECURE_MESSAGE,
  ACRASTRUCT,
  PRIMITIVES,
  BYTEA,
  ZONE_IDS,
  PG_MESSAGES,
  PG_FRAMES,
  PG_OPENING,
  PG_SESSION,
  TRANSPORT_FRAMES,
  SESSION_MESSAGES,
  SECURE_SESSION,
  SESSION_RECORDS,
  CARRIAGE,
  HTTP_REQUEST,
  API_CONFIG,
  KEY_FILES,
  ACCOUNTS,
  YAML_CONFIG,
  FLAGS,
  CONNECTION_STRINGS,
  ADDRESSES_AND_SOCKETS,
];
