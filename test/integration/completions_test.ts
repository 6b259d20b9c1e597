/** `acra completions` in the shells themselves: what they propose for a line that was begun. */

import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runAcra } from "../harness/acra.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { missingProgram, testUnless } from "../harness/skip.ts";

/** Fills COMP_WORDS as bash does, which splits at "=". */
const BASH = `
  source "$1"; shift
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _acra
  printf '%s\\n' "\${COMPREPLY[@]}"`;

/** Types a line and a tab into a zsh of its own, and shows the line that came of it. */
const ZSH = `
  zmodload zsh/zpty
  zpty shell zsh -f -i
  zpty -w shell "PS1=; fpath=(\${1:h} \\$fpath); autoload -U compinit; compinit -u -D; bindkey '^I' complete-word; echo READY"
  zpty -r shell out '*READY*READY*'
  zpty -w -n shell "$2"$'\\t'
  sleep 0.7
  zpty -w shell $'\\x15echo END'
  zpty -r shell out '*END*END*'
  print -r -- $out
  zpty -d shell`;

const scripts = new Map<string, Promise<string>>();

function scriptFor(shell: string): Promise<string> {
  const known = scripts.get(shell) ?? layScript(shell);
  scripts.set(shell, known);
  return known;
}

async function layScript(shell: string): Promise<string> {
  const folder = join(makeTemporaryFolder(), "completions");
  mkdirSync(folder);
  const path = join(folder, "_acra");
  const { stdout } = await runAcra(["completions", shell], { masterKey: "" });
  writeFileSync(path, `${stdout}\n`);
  return path;
}

const missingZsh = missingProgram("zsh");
const missingFish = missingProgram("fish");

async function completeInBash(...words: string[]): Promise<string[]> {
  const script = await scriptFor("bash");
  const command = ["bash", "--norc", "-c", BASH, "bash", script, ...words];
  const { status, stdout, stderr } = await runProcess(command);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

testUnless(missingProgram("bash"), "bash completes commands, flags and values", async () => {
  expect(await completeInBash("acra", "se")).toEqual(["server"]);
  expect(await completeInBash("acra", "keys", "")).toContain("layout");
  expect(await completeInBash("acra", "keys", "generate", "--zone_s")).toEqual([
    "--zone_storage_key",
  ]);
  expect(await completeInBash("acra", "server", "--db_")).toEqual(["--db_host=", "--db_port="]);
  expect(await completeInBash("acra-connector", "--user_c")).toEqual(["--user_check_disable"]);
  expect(await completeInBash("acra", "completions", "")).toEqual(["bash", "zsh", "fish"]);
  expect(await completeInBash("acra", "help", "doc")).toEqual(["doctor"]);
});

testUnless(missingProgram("bash"), "bash completes paths behind flags that take one", async () => {
  const folder = makeTemporaryFolder();
  mkdirSync(join(folder, "my keys"));
  const begun = join(folder, "my");
  const whole = join(folder, "my keys");
  expect(await completeInBash("acra", "server", "--keys_dir", "=", begun)).toEqual([whole]);
  expect(await completeInBash("acra", "server", "--keys_dir", begun)).toEqual([whole]);
  expect(await completeInBash("acra", "server", `--keys_dir=${begun}`)).toEqual([
    `--keys_dir=${whole}`,
  ]);
  expect(await completeInBash("acra", "keys", "check", begun)).toEqual([whole]);
  expect(await completeInBash("acra", "server", "--db_host", "=", begun)).not.toContain(whole);
});

async function completeInZsh(line: string): Promise<string> {
  const script = await scriptFor("zsh");
  const { stdout } = await runProcess(["zsh", "-f", "-c", ZSH, "zsh", script, line]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told.
  const plain = stdout.replace(/\x1b\[[?\d;]*[a-zA-Z]/g, "").replace(/[\b\r]+/g, "\n");
  // What was typed before the shell was ready is shown by the terminal too, with its tab.
  const isLine = (text: string) => text.startsWith("acra") && !text.includes("\t");
  return plain.split("\n").findLast(isLine) ?? plain;
}

testUnless(missingZsh, "zsh completes commands and flags", async () => {
  expect(await completeInZsh("acra serv")).toStartWith("acra server");
  expect(await completeInZsh("acra keys des")).toStartWith("acra keys destroy");
  expect(await completeInZsh("acra server --keys_d")).toStartWith("acra server --keys_dir=");
  expect(await completeInZsh("acra-connector --user_ch")).toStartWith(
    "acra-connector --user_check_disable",
  );
  expect(await completeInZsh("acra completions fi")).toStartWith("acra completions fish");
});

async function completeInFish(line: string): Promise<string[]> {
  const script = await scriptFor("fish");
  const { status, stdout, stderr } = await runProcess(
    ["fish", "--no-config", "-c", `source ${script}; complete -C "${line}"`],
    { cwd: "/", env: { HOME: makeTemporaryFolder() } },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").map((proposal) => proposal.split("\t")[0] ?? "");
}

testUnless(missingFish, "fish completes commands, flags and paths", async () => {
  expect(await completeInFish("acra se")).toEqual(["server"]);
  expect(await completeInFish("acra tls ch")).toEqual(["check", "check-connector"]);
  expect(await completeInFish("acra server --db_")).toEqual(["--db_host", "--db_port"]);
  expect(await completeInFish("acra keys generate --zone_s")).toEqual(["--zone_storage_key"]);
  expect(await completeInFish("acra server --keys_dir=/et")).toEqual(["--keys_dir=/etc/"]);
  expect(await completeInFish("acra-connector --user_c")).toEqual(["--user_check_disable"]);
  expect(await completeInFish("acra completions ")).toEqual(["bash", "fish", "zsh"]);
});

test("an unknown shell is refused", async () => {
  await expect(runAcra(["completions", "csh"], { masterKey: "" })).rejects.toThrow(
    /status 1\nerror: "csh" is no shell[^\n]*\nhint: name one of bash, zsh, fish/,
  );
});
