/** The zone keys of `acra keys gen`: a new zone, or a new pair for one that has a name (acra-cli.md §9.3). */

import { ConfigError } from "../../config/mod.ts";
import {
  type ClientId,
  isValidClientId,
  type KeyMaker,
  type MakeOptions,
} from "../../keystore/mod.ts";
import { formatZone, isZoneId } from "../../zones/mod.ts";
import type { CommandContext } from "../command.ts";
import { warnOfReplaced } from "../key_input.ts";

/** What is to be made; `zoneId` names the zone whose pair is made anew. */
export interface ZoneSelection {
  readonly newZone: boolean;
  readonly zoneId: ClientId | null;
}

/** @throws ConfigError when a flag lacks the other one that it needs, or the id is none. */
export function selectZones(values: {
  readonly zone: boolean;
  readonly zone_id: string;
  readonly zone_storage_key: boolean;
}): ZoneSelection {
  const { zone, zone_id: id, zone_storage_key: wanted } = values;
  if (!wanted && id === "") {
    return { newZone: zone, zoneId: null };
  }
  if (!wanted || !isZoneId(id) || !isValidClientId(id)) {
    throw new ConfigError(
      wanted ? `--zone_id: "${id}" is no zone id` : "--zone_id needs --zone_storage_key",
      "a new pair for a zone: --zone_id=ID --zone_storage_key, where ID is eight D and 16 more characters; a new zone: --zone",
    );
  }
  return { newZone: zone, zoneId: id };
}

/** Makes them and prints each as who writes its data needs it: one line of JSON. */
export function makeZones(
  context: CommandContext,
  maker: KeyMaker,
  selection: ZoneSelection,
  options: MakeOptions,
): void {
  if (selection.newZone) {
    const { zoneId: id, publicKey } = maker.makeZone();
    context.stdout.write(`${formatZone({ id, publicKey })}\n`);
  }
  const { zoneId } = selection;
  if (zoneId === null) {
    return;
  }
  const { privatePlace, keptPlace, publicKey } = maker.makePair("zone", zoneId, options);
  warnOfReplaced(context, privatePlace, keptPlace);
  context.stdout.write(`${formatZone({ id: zoneId, publicKey })}\n`);
}
