/** `acra keys check`: what is wrong with a key folder, in plain words or JSON. */

import { ConfigError, defineSettings, type SettingValues } from "../../config/mod.ts";
import { type CheckResult, checkKeyFolder, type Finding, type Holder } from "../../keystore/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { toLine } from "../failure.ts";
import { findMasterKey, parseClientId } from "../key_input.ts";

const HOLDERS: readonly Holder[] = ["server", "connector", "writer", "translator"];

const KEYS_CHECK_SETTINGS = defineSettings([
  {
    name: "client_id",
    type: "string",
    default: "",
    help: "Client whose keys have to be there; without it, every client of whom a key is found",
  },
  {
    name: "for",
    type: "string",
    default: "",
    help: "Who holds the folder: server, connector, writer or translator",
  },
  { name: "json", type: "boolean", default: false, help: "Print JSON in place of text" },
  {
    name: "transport_keys",
    type: "boolean",
    default: true,
    help: "Expect the keys of Secure Session; =false where the transport is raw or TLS",
  },
]);

type KeysCheckValues = SettingValues<typeof KEYS_CHECK_SETTINGS>;

export const keysCheckCommand = defineCommand({
  name: "keys check",
  service: "acra-keys",
  kind: "tool",
  about:
    "Looks through a folder of keys and tells what is wrong: keys that are missing, that others could read or " +
    "replace, that do not open with the master key or do not fit their other half, and keys that this holder " +
    "must not have. Exits with 1 when there is a fault. Without ACRA_MASTER_KEY private keys stay closed.",
  examples: [
    {
      about: "Check the server's folder",
      line: "acra keys check .acrakeys/acra-server --for server",
    },
    {
      about: "Check that a writer has the key of a client and nothing secret",
      line: "acra keys check writer-keys --for writer --client_id=testclientid",
    },
  ],
  settings: KEYS_CHECK_SETTINGS,
  operands: { usage: "FOLDER", minimum: 1, maximum: 1 },
  run: (context, values) => Promise.resolve().then(() => check(context, values)),
});

function check(context: CommandContext, values: KeysCheckValues): number {
  const [folder = ""] = context.operands;
  const holder = HOLDERS.find((name) => name === values.for);
  if (holder === undefined) {
    throw new ConfigError(
      values.for === "" ? "--for is missing" : `--for: nobody is called "${values.for}"`,
      `say who holds the folder: --for=${HOLDERS.join(", --for=")}`,
    );
  }
  const result = checkKeyFolder({
    folder,
    holder,
    masterKey: findMasterKey(context),
    clientId: values.client_id === "" ? null : parseClientId(values.client_id),
    transportKeys: values.transport_keys,
  });
  const isFit = result.findings.every(({ severity }) => severity === "warning");
  context.stdout.write(
    values.json ? formatJson(folder, holder, result) : formatText(folder, holder, result),
  );
  return isFit ? 0 : 1;
}

function formatJson(folder: string, holder: Holder, { findings, keys }: CheckResult): string {
  const faults = findings.filter(({ severity }) => severity === "fault").length;
  return `${JSON.stringify({
    Folder: folder,
    For: holder,
    Keys: keys,
    OK: faults === 0,
    Findings: findings.map(({ severity, kind, file, message, hint }) => ({
      Severity: severity,
      Kind: kind,
      File: file,
      Message: message,
      Hint: hint,
    })),
  })}\n`;
}

function formatText(folder: string, holder: Holder, { findings, keys }: CheckResult): string {
  const faults = findings.filter(({ severity }) => severity === "fault").length;
  const verdict = [
    count(keys, "key"),
    faults === 0 ? "no fault" : count(faults, "fault"),
    ...(findings.length > faults ? [count(findings.length - faults, "warning")] : []),
  ];
  return (
    findings.map(formatFinding).join("") +
    `${toLine(folder)}, for the ${holder}: ${verdict.join(", ")}\n`
  );
}

function formatFinding({ severity, file, message, hint }: Finding): string {
  const place = file === "." ? "the folder" : file;
  return `${severity}: ${toLine(`${place}: ${message}`)}\n  hint: ${toLine(hint)}\n`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
