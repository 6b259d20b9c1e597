/** Texts of operators: key files and names, password files, YAML, flags, addresses, statements. */

import {
  AccountsError,
  findAccount,
  openAccounts,
  removeAccount,
} from "../../../src/accounts/mod.ts";
import { parseFlags } from "../../../src/cli/go_flags.ts";
import { SERVER_SETTINGS } from "../../../src/cli/server_settings.ts";
import { readConfigFile } from "../../../src/config/config_file.ts";
import { ConfigError, checkSettings, FlagError, resolveSettings } from "../../../src/config/mod.ts";
import { formatYamlScalar, parseYamlSettings } from "../../../src/config/yaml_text.ts";
import { parseConnectionString } from "../../../src/db_client/mod.ts";
import { decodeBase64 } from "../../../src/keystore/base64.ts";
import { KeystoreError, KeyUnreadableError, MasterKeyError } from "../../../src/keystore/errors.ts";
import { ownerOf } from "../../../src/keystore/filesystem/list_keys.ts";
import { openPrivateKey, openPublicKey } from "../../../src/keystore/filesystem/open_key_file.ts";
import { keyFilesOf } from "../../../src/keystore/key_files.ts";
import {
  findPairFiles,
  formatKeyId,
  formatPublicKeyBundle,
  MasterKey,
  parseKeyId,
  parsePublicKeys,
  readMasterKey,
} from "../../../src/keystore/mod.ts";
import { parseInsertStatement } from "../../../src/rollback/mod.ts";
import { EndpointError, formatEndpoint, parseEndpoint } from "../../../src/transport/endpoint.ts";
import {
  isLoopback,
  mapIpv4,
  parseIpAddress,
  unmapIpv4,
} from "../../../src/transport/ip_address.ts";
import { findUidInTable } from "../../../src/transport/proc_net.ts";
import acraVectors from "../../vectors/acra.json";
import { vectorPrivateKey } from "../sealed.ts";
import { ascii, attempt, demand, type FuzzTarget, sameBytes } from "../target.ts";

const SMALL = { largest: 16 * 1024, total: 128 * 1024 };

function textOf(input: Uint8Array): string {
  return new TextDecoder().decode(input);
}

const masterKey = new MasterKey(Uint8Array.fromBase64(acraVectors.master_key_b64));
const CONTEXT = ascii("client");
const bundle = formatPublicKeyBundle([
  { name: { kind: "poison", id: null }, publicKey: vectorPrivateKey("client").publicKey },
]);
const privateFiles = acraVectors.keystore_files.map((file) =>
  Uint8Array.fromBase64(file.encrypted_b64),
);

/** Key files, bundles of public keys, names of keys, and the master key. */
export const KEY_FILES: FuzzTarget = {
  name: "key_files",
  weight: 30,
  maximumLength: 1100,
  allocation: SMALL,
  seeds: [
    ...privateFiles.slice(0, 2),
    Uint8Array.fromBase64(acraVectors.keystore_files[0]?.public_key_b64 ?? ""),
    ascii(bundle),
    ...["client/client_id/storage", "zone/DDDDDDDDmakNnozaoSQFnDWx/storage"].map(ascii),
    ...["client/client_id/transport/server", "poison-record", "client_id_server"].map(ascii),
    ascii(acraVectors.acra_master_key_env),
  ],
  dictionary: [
    "client/",
    "zone/",
    "/storage",
    "/transport/",
    "_server",
    "_zone",
    "==",
    "=",
    "\n",
    "UEC2",
    "constructor",
    "__proto__",
    '"keys":[',
    "null",
  ].map(ascii),
  run(input) {
    const file = { path: "file", bytes: input };
    attempt(() => openPublicKey(file), KeyUnreadableError);
    attempt(() => openPrivateKey(file, CONTEXT, masterKey), KeyUnreadableError);
    const name = parseKeyId(textOf(input));
    attempt(() => parsePublicKeys(input, name), KeystoreError);
    attempt(() => parsePublicKeys(input, { kind: "poison", id: null }), KeystoreError);
    if (name !== null) {
      demand(formatKeyId(name.kind, name.id) === textOf(input), "a key id is written otherwise");
      findPairFiles(name);
    }
    checkOwner(textOf(input));
    checkBase64(textOf(input));
  },
};

function checkOwner(name: string): void {
  const owner = ownerOf(name);
  if (owner !== null && owner.id !== null) {
    demand(keyFilesOf(owner.kind, owner.id).privateName === name, "the owner has another file");
  }
}

function checkBase64(text: string): void {
  const { bytes, offset } = decodeBase64(text);
  demand(
    offset === undefined || (offset >= 0 && offset <= text.length),
    "an offset beyond the text",
  );
  if (bytes !== null) {
    demand(sameBytes(bytes, Buffer.from(text, "base64")), "base64 decodes to something else");
  }
  const key = attempt(() => readMasterKey({ ACRA_MASTER_KEY: text }), MasterKeyError);
  demand(
    (key !== null) === (bytes !== null && bytes.length >= 32),
    "a master key of another length",
  );
}

const accounts = Uint8Array.fromBase64(acraVectors.auth.auth_file_b64);
const authKey = Uint8Array.fromBase64(acraVectors.auth.auth_key_b64);

/** Password files, sealed and as text. */
export const ACCOUNTS: FuzzTarget = {
  name: "accounts",
  weight: 15,
  maximumLength: 600,
  allocation: SMALL,
  seeds: [accounts, ascii(acraVectors.auth.decrypted_utf8)],
  dictionary: [":", "\n", "3,8192,2,32", "99999999999,1,1,1", "testu", "="].map(ascii),
  run(input) {
    attempt(() => openAccounts(input, authKey), AccountsError);
    const text = textOf(input);
    const account = findAccount(text, "testu");
    demand(
      account === null || account.hash.length === account.parameters.length,
      "a hash of another length",
    );
    const without = attempt(() => removeAccount(text, "testu"), AccountsError);
    demand(
      without === null || findAccount(without, "testu") === null,
      "a user is removed and still there",
    );
  },
};

const YAML = `version: 0.82.0
# where the database is
db_host: "127.0.0.1"
db_port: 0x1538
zonemode_enable: off
keys_dir: ~/keys
list: [a, {b: 1.5e+3}, *x]
anchor: &x
  - !!str 1
text: |
  two
  lines
`;

/** YAML configuration files, up to the settings of the server. */
export const YAML_CONFIG: FuzzTarget = {
  name: "yaml_config",
  weight: 2,
  maximumLength: 400,
  allocation: SMALL,
  seeds: [ascii(YAML), ascii(YAML.replace(", *x", "")), ...YAML.split("\n").map(ascii)],
  dictionary: [
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "!!set",
    "!!omap",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "[[[[",
    "{{{{",
    "\t",
    "'",
    '"',
    "\\x",
    "|+\n",
    ">-\n",
    "db_port: ",
    "0o17",
    "1_000",
    ".inf",
    ".nan",
    "\ufeff",
  ].map(encodeText),
  run(input) {
    const text = textOf(input);
    attempt(() => readConfigFile("file.yaml", text), ConfigError);
    attempt(
      () => {
        const flags = new Map<string, string>();
        const settings = resolveSettings({
          table: SERVER_SETTINGS,
          service: "acra-server",
          flags,
          home: "/home",
          fileText: text,
        });
        checkSettings(SERVER_SETTINGS, settings);
      },
      ConfigError,
      FlagError,
    );
    const scalar = text.slice(0, 40).toWellFormed();
    const read = parseYamlSettings(`key: ${formatYamlScalar(scalar)}\n`);
    demand(read.get("key") === scalar, "a text is not read as it was written");
  },
};

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Flags of the server; zeros part the arguments. */
export const FLAGS: FuzzTarget = {
  name: "flags",
  weight: 25,
  maximumLength: 300,
  allocation: SMALL,
  seeds: [
    "--db_host=127.0.0.1\0-db_port\x005432\0--zonemode_enable",
    "--keys_dir=~/k\0--\0rest",
    "-d=true\0-v\0--help",
    "--db_port=0x_1f\0--db-port=-0b1",
  ].map(ascii),
  dictionary: [
    "--",
    "-",
    "=",
    "\0",
    "--db_port",
    "--db_host",
    "--debug",
    "0x",
    "0b1",
    "_",
    "9223372036854775808",
    "true",
  ].map(ascii),
  run(input) {
    const args = textOf(input).split("\0");
    for (const takes of [null, { usage: "THING", minimum: 0, maximum: 2 }]) {
      const flags = attempt(() => parseFlags(args, SERVER_SETTINGS, takes), FlagError);
      if (flags !== null) {
        const read = flags.values.size + flags.ignored.length + flags.operands.length;
        demand(read <= args.length, "more is read than was given");
        attempt(
          () =>
            resolveSettings({
              table: SERVER_SETTINGS,
              service: "acra-server",
              flags: flags.values,
              home: undefined,
              fileText: "",
            }),
          FlagError,
          ConfigError,
        );
      }
    }
  },
};

const CONNECTIONS = [
  "tcp://127.0.0.1:9393/",
  "unix:///run/acra%20x.sock",
  "grpc://[::1%25eth0]:65535/path?query#part",
  "postgres://user:p%40ss@host:5432/db?sslmode=verify-full&connect_timeout=10",
  "host=/tmp port=5432 user='a b' password='it\\'s' dbname=x sslmode=disable",
  "INSERT INTO t VALUES (1, '$1', $$ $1 $$, \"$1\", $1); -- $1",
  "insert /* $1 */ into t select E'\\'$1', $10, $a$ $1 $a$, $1",
];

/** Where things are and what is to be inserted: connection strings of both kinds, INSERT statements. */
export const CONNECTION_STRINGS: FuzzTarget = {
  name: "connection_strings",
  weight: 30,
  maximumLength: 300,
  allocation: SMALL,
  seeds: CONNECTIONS.map(ascii),
  dictionary: [
    "tcp://",
    "unix://",
    "postgres://",
    "[",
    "]",
    ":",
    "%",
    "%00",
    "%zz",
    "@",
    "host=",
    "'",
    "\\",
    " = ",
    "$1",
    "$$",
    "$a$",
    "/*",
    "*/",
    "--",
    "E'",
    '"',
  ].map(ascii),
  run(input) {
    const text = textOf(input);
    const endpoint = attempt(() => parseEndpoint(text), EndpointError);
    if (endpoint !== null) {
      const again = parseEndpoint(formatEndpoint(endpoint));
      demand(Bun.deepEquals(again, endpoint), "an endpoint is not read as it was written");
    }
    const settings = attempt(() => parseConnectionString(text, {}), SyntaxError);
    demand(settings === null || (settings.port > 0 && settings.port <= 65_535), "no port");
    const statement = parseInsertStatement(text);
    demand(statement === null || statement.withLiteral("$1") === text, "another statement");
  },
};

const ADDRESSES = [
  "127.0.0.1",
  "::1",
  "::ffff:10.0.0.1",
  "fe80::1%eth0",
  "2001:db8::8:800:200c:417a",
];
const LOCAL = { address: Uint8Array.of(127, 0, 0, 1), port: 8080 };
const REMOTE = { address: Uint8Array.of(127, 0, 0, 1), port: 40_000 };
const TABLE =
  "  sl  local_address rem_address st\n   0: 0100007F:1F90 0100007F:9C40 01 0:0 0:0 0 1000 0 1\n";

/** Addresses, and the table of sockets that tells who owns one. */
export const ADDRESSES_AND_SOCKETS: FuzzTarget = {
  name: "addresses",
  weight: 20,
  maximumLength: 300,
  allocation: SMALL,
  seeds: [...ADDRESSES, TABLE].map(ascii),
  dictionary: ["::", ":", ".", "%", "ffff", "0100007F:1F90", " ", "\n"].map(ascii),
  run(input) {
    const text = textOf(input);
    const uid = findUidInTable(text, LOCAL, REMOTE);
    demand(uid === null || Number.isInteger(uid), "a uid that is no number");
    const address = parseIpAddress(text);
    if (address !== null) {
      demand(address.length === 4 || address.length === 16, "an address of another length");
      const ipv4 = unmapIpv4(address);
      demand(ipv4 === null || isLoopback(mapIpv4(ipv4)) === isLoopback(address), "loopback or not");
    }
  },
};
