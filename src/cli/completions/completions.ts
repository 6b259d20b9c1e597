/** `acra completions SHELL`: a script that lets the shell complete commands and flags. */

import { ConfigError, defineSettings } from "../../config/mod.ts";
import { defineCommand } from "../command.ts";
import type { CommandEntry } from "../command_table.ts";
import { formatBash } from "./bash.ts";
import { formatFish } from "./fish.ts";
import { collectVocabulary } from "./vocabulary.ts";
import { formatZsh } from "./zsh.ts";

const FORMATS = { bash: formatBash, zsh: formatZsh, fish: formatFish } as const;
const SHELLS = Object.keys(FORMATS);

/** The command; `entries` are all commands, itself among them. */
export function createCompletionsCommand(entries: readonly CommandEntry[]) {
  return defineCommand({
    name: "completions",
    service: "acra-completions",
    kind: "tool",
    about:
      "Prints a script with which the shell completes acra's commands, flags and paths, also for the links that " +
      "bear the original names. SHELL is bash, zsh or fish.",
    examples: [
      {
        about: "bash, for everybody",
        line: "acra completions bash > /etc/bash_completion.d/acra",
      },
      {
        about: "zsh, in a folder of your fpath",
        line: "acra completions zsh > ~/.zfunc/_acra",
      },
      {
        about: "fish",
        line: "acra completions fish > ~/.config/fish/completions/acra.fish",
      },
    ],
    settings: defineSettings([]),
    operands: { usage: "SHELL", minimum: 1, maximum: 1, words: SHELLS },
    run: async ({ operands, stdout }) => {
      const [shell = ""] = operands;
      if (!isKnown(shell)) {
        throw new ConfigError(
          `"${shell}" is no shell that there are completions for`,
          `name one of ${SHELLS.join(", ")}`,
        );
      }
      stdout.write(FORMATS[shell](await collectVocabulary(entries)));
      return 0;
    },
  });
}

function isKnown(shell: string): shell is keyof typeof FORMATS {
  return Object.hasOwn(FORMATS, shell);
}
