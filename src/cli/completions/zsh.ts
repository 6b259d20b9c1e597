/** Completion for zsh. */

import {
  type CommandWords,
  type FirstWord,
  type FlagWord,
  pathsOf,
  quoteWord,
  type Vocabulary,
} from "./vocabulary.ts";

/** A function for a folder of `fpath`, under the name `_acra`. */
export function formatZsh({ firstWords, commands }: Vocabulary): string {
  const executables = commands.filter(({ executable }) => executable !== null);
  const names = executables.map(({ executable }) => executable).join(" ");
  const groups = firstWords.filter(({ words }) => words.length > 0);
  return `#compdef acra ${names}
# Completion of acra for zsh, made by \`acra completions zsh\`.

_acra() {
  local command
  local -a entries
  case \${words[1]:t} in
${executables.map(({ executable, path }) => `    ${executable}) command=${quoteWord(path)} ;;\n`).join("")}    *)
      if (( CURRENT == 2 )); then
        entries=(${formatEntries(firstWords)})
        _describe command entries
        return
      fi
      command=\${words[2]}
      shift words
      (( CURRENT-- ))
      case $command in
${groups.map(formatGroup).join("")}      esac ;;
  esac
  case $command in
    help)
      entries=(${formatEntries(firstWords)})
      _describe command entries ;;
${commands.map(formatCommand).join("")}  esac
}

# Sourced, it registers itself; found in fpath, it is called.
if [[ $funcstack[1] == _acra ]]; then
  _acra "$@"
else
  compdef _acra acra ${names}
fi
`;
}

function formatEntries(words: readonly FirstWord[]): string {
  return words.map(({ word, about }) => quoteWord(`${word}:${about}`)).join(" ");
}

function formatGroup({ word, words }: FirstWord): string {
  return `        ${word})
          if (( CURRENT == 2 )); then
            entries=(${formatEntries(words)})
            _describe command entries
            return
          fi
          command="${word} \${words[2]}"
          shift words
          (( CURRENT-- )) ;;
`;
}

function formatCommand(command: CommandWords): string {
  const specifications = [
    ...command.flags.map(formatFlag),
    ...(command.operands === null ? [] : [formatOperands(command.operands)]),
  ];
  const arms = pathsOf(command).map(quoteWord).join("|");
  return `    ${arms})\n      _arguments ${specifications.join(" \\\n        ")} ;;\n`;
}

function formatFlag({ word, help, value }: FlagWord): string {
  const text = help.replace(/[[\]\\:]/g, "\\$&");
  const action = value === "path" ? ":path:_files" : ":value:";
  return quoteWord(value === "none" ? `${word}[${text}]` : `${word}=[${text}]${action}`);
}

function formatOperands(operands: NonNullable<CommandWords["operands"]>): string {
  return quoteWord(operands === "files" ? "*:file:_files" : `*:argument:(${operands.join(" ")})`);
}
