/** Whether a PostgreSQL answers where the database should be. */

import { type Endpoint, formatEndpoint } from "../transport/mod.ts";
import { TLS_ANSWER } from "../wire/postgres/mod.ts";
import { askForTls } from "./ask_for_tls.ts";
import { type CheckReport, errorAt, warningAt } from "./finding.ts";
import { isFinding, reach } from "./reach.ts";

/** Where it should be, and whether the settings demand TLS of it. */
export interface DatabaseToCheck {
  readonly endpoint: Endpoint;
  readonly needsTls: boolean;
}

/** Connects, and asks whether TLS is spoken: every PostgreSQL answers with one letter, and nobody else does. */
export async function checkDatabase({ endpoint, needsTls }: DatabaseToCheck): Promise<CheckReport> {
  const check = "database";
  const place = formatEndpoint(endpoint);
  const connection = await reach({
    endpoint,
    name: "the database",
    hostSetting: "db_host",
    portSetting: "db_port",
    advice: "PostgreSQL runs and has this address in listen_addresses",
  });
  if (isFinding(connection)) {
    return { check, facts: [], findings: [connection] };
  }
  const answer = await askForTls(connection);
  switch (answer) {
    case TLS_ANSWER.yes:
      return { check, facts: [`PostgreSQL answers on ${place}, with TLS`], findings: [] };
    case TLS_ANSWER.no: {
      const finding = errorAt(
        place,
        "it does not speak TLS, and the settings demand that",
        "set `ssl = on` with a certificate in the database, or --tls_database_mode=mirror here",
      );
      return needsTls
        ? { check, facts: [], findings: [finding] }
        : { check, facts: [`PostgreSQL answers on ${place}, without TLS`], findings: [] };
    }
    case null: {
      const what =
        "it lets us in and does not answer as PostgreSQL: an overloaded one, or no PostgreSQL";
      const fix =
        "check --db_host and --db_port: they name the database itself, not a server or connector of acra";
      return { check, facts: [], findings: [warningAt(place, what, fix)] };
    }
    default: {
      const what = "something else than PostgreSQL answers there";
      const fix = "check --db_host and --db_port";
      return { check, facts: [], findings: [errorAt(place, what, fix)] };
    }
  }
}
