/** Completion for bash. */

import { pathsOf, quoteWord, type Vocabulary } from "./vocabulary.ts";

/** A script to be sourced, or laid into the folder of completions under the name `acra`. */
export function formatBash({ firstWords, commands }: Vocabulary): string {
  const all = firstWords.map(({ word }) => word).join(" ");
  const groups = firstWords.filter(({ words }) => words.length > 0);
  const executables = commands.filter(({ executable }) => executable !== null);
  const lines = (texts: readonly string[]) => texts.map((text) => `    ${text}\n`).join("");
  return `# Completion of acra for bash, made by \`acra completions bash\`.

# The flags of a command; those that take a value end in "=".
_acra_flags() {
  case "$1" in
${lines(
  commands.map((command) => {
    const flags = command.flags.map(({ word, value }) => (value === "none" ? word : `${word}=`));
    return `${pathsOf(command).map(quoteWord).join("|")}) echo ${quoteWord(flags.join(" "))} ;;`;
  }),
)}  esac
}

# The flags whose value is a path.
_acra_path_flags=${quoteWord(` ${pathFlags(commands).join(" ")} `)}

# What stands beside the flags: "files", or words.
_acra_operands() {
  case "$1" in
${lines(
  commands.flatMap((command) =>
    command.operands === null
      ? []
      : [
          `${pathsOf(command).map(quoteWord).join("|")}) echo ${quoteWord(
            command.operands === "files" ? "files" : command.operands.join(" "),
          )} ;;`,
        ],
  ),
)}    help) echo ${quoteWord(all)} ;;
  esac
}

_acra_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_acra_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_acra() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" command="" flag="" prefix="" flags
  case "\${COMP_WORDS[0]##*/}" in
${lines(executables.map(({ executable, path }) => `${executable}) command=${quoteWord(path)} ;;`))}    *)
      if [ "$COMP_CWORD" -eq 1 ]; then
        _acra_words ${quoteWord(all)} "$cur"
        return
      fi
      command="\${COMP_WORDS[1]}"
      case "$command" in
${groups
  .map(
    ({ word, words }) => `        ${word})
          if [ "$COMP_CWORD" -eq 2 ]; then
            _acra_words ${quoteWord(words.map((each) => each.word).join(" "))} "$cur"
            return
          fi
          command="${word} \${COMP_WORDS[2]}" ;;
`,
  )
  .join("")}      esac ;;
  esac
  flags="$(_acra_flags "$command")"
  # bash makes a word of its own of "=", unless it is told otherwise.
  if [ "$cur" = "=" ]; then
    flag="\${COMP_WORDS[COMP_CWORD - 1]}" cur=""
  elif [ "$COMP_CWORD" -gt 1 ] && [ "\${COMP_WORDS[COMP_CWORD - 1]}" = "=" ]; then
    flag="\${COMP_WORDS[COMP_CWORD - 2]}"
  elif [[ "$cur" == -*=* ]]; then
    flag="\${cur%%=*}" prefix="\${cur%%=*}=" cur="\${cur#*=}"
  elif [[ " $flags " == *" \${COMP_WORDS[COMP_CWORD - 1]}= "* ]]; then
    flag="\${COMP_WORDS[COMP_CWORD - 1]}"
  fi
  if [ -n "$flag" ]; then
    if [[ "$_acra_path_flags" == *" $flag "* ]]; then
      _acra_files "$cur"
    elif [[ " $flags " == *" $flag "* ]]; then
      _acra_words "true false" "$cur"
    fi
    COMPREPLY=("\${COMPREPLY[@]/#/$prefix}")
  elif [[ "$cur" == -* ]]; then
    _acra_words "$flags" "$cur"
    [[ "\${COMPREPLY[0]}" == *= ]] && compopt -o nospace 2>/dev/null
  else
    local operands
    operands="$(_acra_operands "$command")"
    if [ "$operands" = files ]; then _acra_files "$cur"; else _acra_words "$operands" "$cur"; fi
  fi
}

complete -F _acra acra ${executables.map(({ executable }) => executable).join(" ")}
`;
}

function pathFlags(commands: Vocabulary["commands"]): readonly string[] {
  const words = commands.flatMap(({ flags }) =>
    flags.filter(({ value }) => value === "path").map(({ word }) => word),
  );
  return [...new Set(words)].sort();
}
