/** Completion for fish. */

import { type CommandWords, pathsOf, type Vocabulary } from "./vocabulary.ts";

/** A script for the folder of completions, under the name `acra.fish`. */
export function formatFish({ firstWords, commands }: Vocabulary): string {
  const lines = [
    ...firstWords.map(({ word, about }) => listing("", word, about)),
    ...firstWords.flatMap(({ word, words }) =>
      words.map((inner) => listing(word, inner.word, inner.about)),
    ),
    ...firstWords.map(
      ({ word, about }) =>
        `complete -c acra -n '__acra_at help' -a ${word} -d ${quoteForFish(about)}`,
    ),
    ...commands.flatMap(describeCommand),
  ];
  return `# Completion of acra for fish, made by \`acra completions fish\`.

# Words behind the program's name that are no flags, before the cursor.
function __acra_words
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or echo $word
    end
end

# Whether exactly these words are there.
function __acra_exactly
    set -l words (__acra_words)
    test "$words" = "$argv"
end

# Whether the command is this one.
function __acra_at
    set -l words (__acra_words)
    test (count $words) -ge (count $argv); and test "$words[1..$(count $argv)]" = "$argv"
end

complete -c acra -f
${lines.join("\n")}
`;
}

function listing(group: string, word: string, about: string): string {
  const condition = group === "" ? "__acra_exactly" : `__acra_exactly ${group}`;
  return `complete -c acra -n ${quoteForFish(condition)} -a ${word} -d ${quoteForFish(about)}`;
}

function describeCommand(command: CommandWords): readonly string[] {
  const starts = [
    ...pathsOf(command).map((path) => `complete -c acra -n ${quoteForFish(`__acra_at ${path}`)}`),
    ...(command.executable === null ? [] : [`complete -c ${command.executable}`]),
  ];
  return starts.flatMap((start) => [
    ...command.flags.map(({ word, help, value }) => {
      const takes = { none: "", path: " -r -F", text: " -x" }[value];
      return `${start} ${formatWord(word)}${takes} -d ${quoteForFish(help)}`;
    }),
    ...formatOperands(start, command.operands),
  ]);
}

function formatWord(word: string): string {
  if (word.startsWith("--")) {
    return `-l ${word.slice(2)}`;
  }
  return word.length === 2 ? `-s ${word.slice(1)}` : `-o ${word.slice(1)}`;
}

function formatOperands(start: string, operands: CommandWords["operands"]): readonly string[] {
  if (operands === null) {
    return [];
  }
  return [operands === "files" ? `${start} -F` : `${start} -a ${quoteForFish(operands.join(" "))}`];
}

function quoteForFish(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
