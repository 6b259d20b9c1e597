/** `acra keys gen`: keys of any kinds in one run, nothing replaced unasked (acra-cli.md §9.3). */

import { ConfigError, defineSettings, type SettingValues } from "../../config/mod.ts";
import {
  type ClientId,
  FilesystemKeyMaker,
  KEY_KINDS,
  type KeyMaker,
  type MasterKey,
  type OwnedKeyKind,
  writeMasterKeyFile,
} from "../../keystore/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import {
  parseClientId,
  readMasterKeyForMaking,
  refuseAmbiguousId,
  warnOfReplaced,
} from "../key_input.ts";
import { makeZones, selectZones, type ZoneSelection } from "./zone_keys.ts";

const KEYS_GEN_SETTINGS = defineSettings([
  {
    name: "acraconnector_transport_key",
    type: "boolean",
    default: false,
    help: "Make the connector's transport key pair",
  },
  {
    name: "acraserver_transport_key",
    type: "boolean",
    default: false,
    help: "Make the server's transport key pair",
  },
  {
    name: "acratranslator_transport_key",
    type: "boolean",
    default: false,
    help: "Make the translator's transport key pair",
  },
  {
    name: "acrawebconfig_symmetric_key",
    type: "boolean",
    default: false,
    help: "Make the key of the web configuration's password file",
  },
  {
    name: "client_id",
    type: "string",
    default: "",
    help: "Client that the keys are made for",
  },
  {
    name: "client_storage_key",
    type: "boolean",
    default: false,
    help: "Make the storage key pair, whose public half the writer gets",
  },
  {
    name: "force",
    type: "boolean",
    default: false,
    help: "Replace keys that exist (the old ones are kept in FILE.old), and take any valid client id",
  },
  {
    name: "keys_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder for private keys",
    isPath: true,
  },
  {
    name: "keys_dir_public",
    type: "string",
    default: "",
    help: "Folder for public keys; keys_dir when empty",
    isPath: true,
  },
  {
    name: "keystore",
    type: "string",
    default: "v1",
    help: "Layout of the key folder: v1, that of Acra 0.82",
    validate: (value) => (value === "v1" ? null : "has to be v1"),
  },
  {
    name: "master_key_path",
    type: "string",
    default: "",
    help: "Write a new master key of 32 raw bytes to this file",
    isPath: true,
  },
  {
    name: "poison_record_keys",
    type: "boolean",
    default: false,
    help: "Make the key pair of poison records",
  },
  {
    name: "zone",
    type: "boolean",
    default: false,
    help: "Make a new zone and print its id and public key as JSON",
  },
  {
    name: "zone_id",
    type: "string",
    default: "",
    help: "Zone that zone_storage_key is for",
  },
  {
    name: "zone_storage_key",
    type: "boolean",
    default: false,
    help: "Make a key pair for the zone of zone_id; with force in place of the one it has",
  },
]);

type KeysGenValues = SettingValues<typeof KEYS_GEN_SETTINGS>;

/** What one run makes. */
interface Selection {
  readonly pairs: readonly OwnedKeyKind[];
  readonly poison: boolean;
  readonly auth: boolean;
  readonly zones: ZoneSelection;
}

export const keysGenCommand = defineCommand({
  name: "keys gen",
  service: "acra-keys",
  kind: "tool",
  about:
    "Makes keys; the flags that select kinds of keys combine. Without any of them it makes the four key pairs " +
    "of a client. Keys that exist are not touched unless --force is given.",
  examples: [
    { about: "Make a master key", line: "acra keys gen --master_key_path=master.key" },
    {
      about: "Make all key pairs of a client",
      line: "acra keys gen --client-id=testclientid",
    },
    {
      about: "Make storage and poison keys in the server's folder",
      line: "acra keys gen --client-id=testclientid --client_storage_key --poison_record_keys --keys_dir=server-keys",
    },
    {
      about: "Make a zone in the server's folder",
      line: "acra keys gen --zone --keys_dir=server-keys",
    },
  ],
  settings: KEYS_GEN_SETTINGS,
  run: (context, values) => Promise.resolve().then(() => generate(context, values)),
});

function generate(context: CommandContext, values: KeysGenValues): number {
  const selection = select(values);
  const clientId = selection.pairs.length > 0 ? parseClientId(values.client_id) : null;
  if (clientId !== null && !values.force) {
    refuseAmbiguousId(clientId);
  }
  const hasZones = selection.zones.newZone || selection.zones.zoneId !== null;
  const hasKeys = clientId !== null || selection.poison || selection.auth || hasZones;
  const masterKey = chooseMasterKey(context, values, hasKeys);
  if (hasKeys && masterKey !== null) {
    const folder = values.keys_dir;
    const publicFolder = values.keys_dir_public || folder;
    const maker = new FilesystemKeyMaker({ folder, publicFolder, masterKey });
    const options = { replace: values.force };
    if (!options.replace) {
      refuseExisting(maker, selection, clientId);
    }
    if (clientId !== null) {
      makePairs(context, maker, { kinds: selection.pairs, clientId, ...options });
    }
    makeShared(context, maker, selection, options);
    makeZones(context, maker, selection.zones, options);
  }
  return 0;
}

function select(values: KeysGenValues): Selection {
  const pairs: OwnedKeyKind[] = [];
  if (values.acraconnector_transport_key) {
    pairs.push("connector-transport");
  }
  if (values.acraserver_transport_key) {
    pairs.push("server-transport");
  }
  if (values.acratranslator_transport_key) {
    pairs.push("translator-transport");
  }
  if (values.client_storage_key) {
    pairs.push("storage");
  }
  const { poison_record_keys: poison, acrawebconfig_symmetric_key: auth } = values;
  const zones = selectZones(values);
  const onlyOthers = poison || auth || zones.newZone || zones.zoneId !== null;
  if (pairs.length > 0 || onlyOthers || values.master_key_path !== "") {
    return { pairs, poison, auth, zones };
  }
  const all = [
    "connector-transport",
    "server-transport",
    "translator-transport",
    "storage",
  ] as const;
  return { pairs: all, poison, auth, zones };
}

/** A new master key is that of the keys made beside it, unless one was given: then it is not clear whose. */
function chooseMasterKey(
  context: CommandContext,
  values: KeysGenValues,
  hasKeys: boolean,
): MasterKey | null {
  if (values.master_key_path === "") {
    return readMasterKeyForMaking(context);
  }
  if (hasKeys && (context.env["ACRA_MASTER_KEY"] ?? "") !== "") {
    throw new ConfigError(
      "Both --master_key_path and ACRA_MASTER_KEY give a master key for the new keys",
      "make the master key in a run of its own, or unset ACRA_MASTER_KEY",
    );
  }
  const path = values.master_key_path;
  const masterKey = writeMasterKeyFile(path, { replace: values.force });
  context.stdout.write(
    `master key\n  ${path}  32 bytes, mode 0600; every holder of private keys needs it:\n` +
      `  export ACRA_MASTER_KEY=$(base64 -w0 ${quoteForShell(path)})\n`,
  );
  return masterKey;
}

/** Before anything is made, so that one key in the way does not leave half of the others. */
function refuseExisting(maker: KeyMaker, selection: Selection, clientId: ClientId | null): void {
  const existing = [
    ...(clientId === null ? [] : selection.pairs.map((kind) => maker.findExisting(kind, clientId))),
    selection.poison ? maker.findExistingShared("poison") : null,
    selection.auth ? maker.findExistingShared("webconfig-auth") : null,
    selection.zones.zoneId === null ? null : maker.findExisting("zone", selection.zones.zoneId),
  ].find((place) => place !== null);
  if (existing !== undefined) {
    throw new ConfigError(
      `${existing} already exists`,
      "use another folder or id, or --force to replace it (the old key is kept)",
    );
  }
}

interface PairsToMake {
  readonly kinds: readonly OwnedKeyKind[];
  readonly clientId: ClientId;
  readonly replace: boolean;
}

function makePairs(context: CommandContext, maker: KeyMaker, pairs: PairsToMake): void {
  for (const kind of pairs.kinds) {
    const made = maker.makePair(kind, pairs.clientId, { replace: pairs.replace });
    warnOfReplaced(context, made.privatePlace, made.keptPlace);
    const { title, purpose, privateHolder, publicHolder } = KEY_KINDS[kind];
    context.stdout.write(
      `${title}: ${purpose}\n` +
        `  ${made.privatePlace}  private, for the ${privateHolder}\n` +
        `  ${made.publicPlace}  public, for the ${publicHolder}\n`,
    );
  }
}

function makeShared(
  context: CommandContext,
  maker: KeyMaker,
  selection: Selection,
  options: { readonly replace: boolean },
): void {
  if (selection.poison) {
    const made = maker.makePoisonPair(options);
    warnOfReplaced(context, made.privatePlace, made.keptPlace);
    context.stdout.write(
      "poison record keys: make poison records and recognise them\n" +
        `  ${made.privatePlace}  private, for the server\n` +
        `  ${made.publicPlace}  public, stays beside it\n`,
    );
  }
  if (selection.auth) {
    const { place, keptPlace } = maker.makeAuthKey(options);
    warnOfReplaced(context, place, keptPlace);
    context.stdout.write(
      `web configuration key: encrypts the password file\n  ${place}  not encrypted, for the server\n`,
    );
  }
}

/** As a shell has to read it. */
function quoteForShell(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
