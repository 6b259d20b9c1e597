/**
 * Counters in the sources under test: every module of `src/` is given one before it is loaded, so
 * that the fuzzer sees which branches an input reached. Bun has no coverage that could be asked
 * after each input, and counting in place costs next to nothing. Arrays are made through a function
 * of the fuzzer, which sees how much an input allocates.
 */

import { plugin } from "bun";
import { parseSync } from "oxc-parser";
import type { Gauge } from "./gauge.ts";

/** The part of a syntax tree that matters here. */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [child: string]: unknown;
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Names that the changed sources refer to. */
const GAUGE = "__fuzzGauge";
const PREFIX = `const __hits = globalThis.${GAUGE}.hits; const __array = globalThis.${GAUGE}.array;`;
const SOURCES = /\/src\/.*(?<!_test)\.ts$/;

/** Changes every source that is imported from now on. */
export function instrumentSources(gauge: Gauge): void {
  Object.assign(globalThis, { [GAUGE]: gauge });
  plugin({
    name: "fuzz counters",
    setup(build) {
      build.onLoad({ filter: SOURCES }, async ({ path }) => {
        const text = await Bun.file(path).text();
        const lines = new LineNumbers(text);
        const nextSite = (at: number) => gauge.nextSite(`${path}:${lines.of(at)}`);
        return { contents: instrument(path, text, nextSite), loader: "ts" };
      });
    },
  });
}

/** The text with a counter in every branch; lines stay where they are. */
export function instrument(path: string, text: string, nextSite: (at: number) => number): string {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) {
    throw new SyntaxError(`${path}: ${errors[0]?.message}`);
  }
  const edits: Edit[] = [];
  const changes = new Changes(edits, nextSite);
  visit(program, changes);
  return PREFIX + applyEdits(text, edits);
}

/** Lines of places in a text, asked for in any order. */
class LineNumbers {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#starts.push(at + 1);
    }
  }

  of(at: number): number {
    return this.#starts.findLastIndex((start) => start <= at) + 1;
  }
}

/** Notes what is to be changed at the nodes that are seen. */
class Changes {
  readonly #edits: Edit[];
  readonly #nextSite: (at: number) => number;

  constructor(edits: Edit[], nextSite: (at: number) => number) {
    this.#edits = edits;
    this.#nextSite = nextSite;
  }

  at(node: SyntaxNode): void {
    switch (node.type) {
      case "IfStatement":
        // Noted first: it has to stand behind what closes the branch.
        this.#otherwise(node);
        this.#branch(node["consequent"]);
        break;
      case "ForStatement":
      case "ForOfStatement":
      case "ForInStatement":
      case "WhileStatement":
      case "DoWhileStatement":
      case "CatchClause":
      case "FunctionDeclaration":
      case "FunctionExpression":
        this.#branch(node["body"]);
        break;
      case "ArrowFunctionExpression":
        this.#branch(node["body"]);
        break;
      case "SwitchCase":
        this.#case(node["consequent"]);
        break;
      case "ConditionalExpression":
        this.#branch(node["consequent"]);
        this.#branch(node["alternate"]);
        break;
      case "LogicalExpression":
        this.#branch(node["right"]);
        break;
      case "NewExpression":
        this.#allocation(node);
        break;
    }
  }

  /** A counter before a block's first statement, or before the value of an expression. */
  #branch(node: unknown): void {
    if (!isNode(node)) {
      return;
    }
    if (node.type === "BlockStatement") {
      this.#insert(node.start + 1, this.#count(node.start));
    } else if (node.type.endsWith("Statement")) {
      this.#insert(node.start, `{${this.#count(node.start)}`);
      this.#insert(node.end, "}");
    } else {
      this.#insert(node.start, `(__hits[${this.#nextSite(node.start)}]++,`);
      this.#insert(node.end, ")");
    }
  }

  #otherwise(node: SyntaxNode): void {
    if (isNode(node["alternate"])) {
      this.#branch(node["alternate"]);
    } else {
      this.#insert(node.end, ` else {${this.#count(node.end)}}`);
    }
  }

  #case(statements: unknown): void {
    const first = Array.isArray(statements) ? statements[0] : undefined;
    if (isNode(first)) {
      this.#insert(first.start, this.#count(first.start));
    }
  }

  #allocation(node: SyntaxNode): void {
    const callee = node["callee"];
    if (isNode(callee) && callee.type === "Identifier" && callee["name"] === "Uint8Array") {
      this.#edits.push({ from: node.start, to: callee.end, text: "__array" });
    }
  }

  #count(at: number): string {
    return `__hits[${this.#nextSite(at)}]++;`;
  }

  #insert(at: number, text: string): void {
    this.#edits.push({ from: at, to: at, text });
  }
}

function visit(value: unknown, changes: Changes): void {
  if (Array.isArray(value)) {
    for (const item of value) {
      visit(item, changes);
    }
  } else if (isNode(value) && !value.type.startsWith("TSType")) {
    changes.at(value);
    for (const child of Object.values(value)) {
      visit(child, changes);
    }
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** At one place closings come before openings, and of closings the innermost, noted last, first. */
function applyEdits(text: string, edits: readonly Edit[]): string {
  const closings = edits.filter(isClosing).reverse();
  const openings = edits.filter((edit) => !isClosing(edit));
  let changed = "";
  let at = 0;
  for (const { from, to, text: inserted } of [...closings, ...openings].sort(byPlace)) {
    changed += text.slice(at, from) + inserted;
    at = to;
  }
  return changed + text.slice(at);
}

function isClosing({ text }: Edit): boolean {
  return text.endsWith(")") || text.endsWith("}");
}

function byPlace(a: Edit, b: Edit): number {
  return a.from - b.from;
}
