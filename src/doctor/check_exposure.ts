/** Whether plaintext would leave the machine unencrypted. */

import { type Endpoint, formatEndpoint } from "../transport/mod.ts";
import { type CheckReport, warningAt } from "./finding.ts";

/** How the connection between connector, or application, and server is protected. */
export interface ExposureToCheck {
  readonly transport: "raw" | "tls" | "secure-session";
  /** Where the server listens, or where the connector finds it. */
  readonly endpoint: Endpoint;
  /** How to protect it. */
  readonly fix: string;
}

/** Raw transport is for one machine. */
export function checkExposure({ transport, endpoint, fix }: ExposureToCheck): CheckReport {
  const check = "transport";
  const place = formatEndpoint(endpoint);
  if (transport !== "raw" || isOnThisMachine(endpoint)) {
    return { check, facts: [`${NAMES[transport]} on ${place}`], findings: [] };
  }
  const what = "raw transport beyond this machine: plaintext goes over the network unencrypted";
  return { check, facts: [], findings: [warningAt(place, what, fix)] };
}

const NAMES = { raw: "raw", tls: "TLS", "secure-session": "Secure Session" } as const;

function isOnThisMachine(endpoint: Endpoint): boolean {
  return (
    endpoint.kind === "unix" || /^(?:localhost|127\.[\d.]+|::1)$/.test(endpoint.host.toLowerCase())
  );
}
