/** A function as source: for those that no module exports, if they need nothing of their surroundings.
 *
 *  Guarantees: what is refused is refused here, by name and line, with what to do about it; what is accepted means the same in
 *  a worker as here. The source is strict code there, and `this` is undefined. */
import { findSourceMap } from "node:module";
import { fileURLToPath } from "node:url";
import { types } from "node:util";
import type { AnyNode, ArrowFunctionExpression, FunctionExpression } from "acorn";
import { ClosureError, FunctionRefError } from "../base/errors.js";
import { IMPORT, PROVIDED } from "./compile-function.js";
import { capturesOf, type FreeName } from "./free-variables.js";
import type { FunctionPlace } from "./inspect-function.js";
import { nameOfFunction } from "./task-name.js";
import { isWorkerGlobal } from "./worker-globals.js";

/** Refuses what cannot be a task however it is exported.
 *  @throws FunctionRefError */
export function requireTaskFunction(fn: Function): void {
  const refuse = (why: string): never => {
    throw new FunctionRefError(`Cannot run ${nameOfFunction(fn)} in a worker: ${why}`);
  };
  if (types.isProxy(fn)) refuse("it is a Proxy; submit the function behind it");
  const text = textOf(fn);
  if (/^class\b/.test(text)) refuse("it is a class; export a function that makes and uses the instance");
  if (types.isGeneratorFunction(fn))
    refuse("it is a generator function, and generators cannot travel back; return an array");
  if (!/\{\s*\[native code\]\s*\}\s*$/.test(text)) return;
  if (fn.name.startsWith("bound "))
    refuse("it is a bound function, whose `this` cannot travel; export a function that takes it as an argument");
  refuse("it is a native function; export a function that calls it, such as (...args) => f(...args)");
}

/** The function's text, whatever `toString` it was given. */
export function textOf(fn: Function): string {
  return Function.prototype.toString.call(fn);
}

/** A function's source, ready to travel. */
export interface FunctionSource {
  readonly source: string;
  /** `file:line` */
  readonly at: string;
}

/** Gives the source of a function that needs nothing of its surroundings.
 *  @throws ClosureError | FunctionRefError */
export async function sourceOf(fn: Function, place: FunctionPlace | undefined): Promise<FunctionSource> {
  const parsed = await parseFunction(fn);
  const origin = new Origin(parsed, place);
  const { names, imports } = capturesOf(parsed.node);
  for (const { specifier, offset } of imports) {
    if (specifier !== undefined && !/^\.{1,2}\//.test(specifier)) continue;
    const what = specifier === undefined ? "computes what it imports" : `imports "${specifier}", which is relative`;
    throw new FunctionRefError(
      `Cannot send ${nameOfFunction(fn)} to a worker as source: it ${what} (${origin.at(offset)}); export the function from its module, so that it travels by reference`,
    );
  }
  const captured = names.filter(({ name }) => !isWorkerGlobal(name) && !PROVIDED.includes(name));
  if (captured.length > 0) throw closureError(fn, captured, origin);
  return { source: withImports(parsed, imports), at: origin.at(parsed.start) };
}

function withImports({ text, start }: ParsedFunction, imports: readonly { readonly offset: number }[]): string {
  let source = text.slice(start, text.length - AFTER.length);
  for (const { offset } of imports.toReversed()) {
    const at = offset - start;
    if (source.startsWith("import", at))
      source = `${source.slice(0, at)}${IMPORT}${source.slice(at + "import".length)}`;
  }
  return source;
}

interface ParsedFunction {
  readonly node: ArrowFunctionExpression | FunctionExpression;
  readonly text: string;
  /** Where the function begins in `text`: something is wrapped around it. */
  readonly start: number;
}

// Inside a function, so that `new.target` is allowed; as a module, so that `import.meta` is found rather than refused.
const BEFORE = "(function () { return (";
const AFTER = "\n); })";

async function parseFunction(fn: Function): Promise<ParsedFunction> {
  const { parseExpressionAt } = await import("acorn");
  const options = { ecmaVersion: "latest", sourceType: "module" } as const;
  const parse = (whole: string): AnyNode => parseExpressionAt(whole, 0, options);
  const text = BEFORE + textOf(fn) + AFTER;
  let failure: unknown;
  try {
    const node = functionIn(parse(text));
    if (node !== undefined) return { node, text, start: BEFORE.length };
  } catch (error) {
    failure = error;
  }
  if (isMethod(fn, (whole) => parseExpressionAt(whole, 0, { ...options, checkPrivateFields: false }))) {
    throw new FunctionRefError(
      `Cannot run ${nameOfFunction(fn)} in a worker: it is a method or accessor, and its object stays here; export a plain function that takes the object's data as arguments`,
    );
  }
  const why = failure instanceof Error ? ` (${failure.message.replace(/ \(\d+:\d+\)$/, "")})` : "";
  throw new FunctionRefError(
    `Cannot send ${nameOfFunction(fn)} to a worker as source: it cannot be read apart from its surroundings${why}; export it from its module`,
    { cause: failure },
  );
}

function functionIn(outer: AnyNode): ArrowFunctionExpression | FunctionExpression | undefined {
  if (outer.type !== "FunctionExpression") return undefined;
  const [statement] = outer.body.body;
  const inner = statement?.type === "ReturnStatement" ? statement.argument : undefined;
  return inner?.type === "ArrowFunctionExpression" || inner?.type === "FunctionExpression" ? inner : undefined;
}

function isMethod(fn: Function, parse: (text: string) => AnyNode): boolean {
  const text = textOf(fn).replace(/^static\s+/, "");
  // A class stands in for what object literals have not got: private names.
  return [`({ ${text} })`, `(class extends Object { ${text} })`].some((whole) => parses(whole, parse));
}

function parses(text: string, parse: (text: string) => AnyNode): boolean {
  try {
    parse(text);
    return true;
  } catch {
    // The answer, not a failure.
    return false;
  }
}

/** Turns places in the function's text into places in its file. */
class Origin {
  readonly #parsed: ParsedFunction;
  readonly #place: FunctionPlace | undefined;

  constructor(parsed: ParsedFunction, place: FunctionPlace | undefined) {
    this.#parsed = parsed;
    this.#place = place;
  }

  /** `file:line` of an offset into the parsed text. */
  at(offset: number): string {
    const { text, start, node } = this.#parsed;
    // V8 tells the place of the parameters; the rest is counted from there.
    const anchor = text.indexOf("(", node.type === "FunctionExpression" ? start : (node.params[0]?.start ?? start) - 1);
    const reference = anchor === -1 || anchor > node.body.start ? (node.params[0]?.start ?? start) : anchor;
    const line = (this.#place?.line ?? 0) + linesBetween(text, reference, offset);
    const column = line === this.#place?.line ? this.#place.column + offset - reference : 0;
    return mapped(this.#place?.url ?? "", line, column);
  }
}

function linesBetween(text: string, from: number, to: number): number {
  const count = text.slice(Math.min(from, to), Math.max(from, to)).split("\n").length - 1;
  return to < from ? -count : count;
}

function mapped(url: string, line: number, column: number): string {
  const file = pathOf(url);
  // Known only where the program runs with source maps, as under tsx.
  const entry = (findSourceMap(url) ?? findSourceMap(file))?.findEntry(line, column);
  const original = entry !== undefined && "originalLine" in entry ? entry.originalLine : line;
  return `${file === "" ? "[eval]" : file}:${original + 1}`;
}

function pathOf(url: string): string {
  if (url.startsWith("data:")) return `${url.slice(0, 40)}…`;
  if (!url.startsWith("file:")) return url;
  try {
    return fileURLToPath(url);
  } catch {
    // A file URL of another platform: as good as any text.
    return url;
  }
}

function closureError(fn: Function, captured: readonly FreeName[], origin: Origin): ClosureError {
  const uses = new Map<string, string>();
  for (const free of captured) {
    const name = authorsName(free);
    if (!uses.has(name)) uses.set(name, `"${name}" (${origin.at(free.offset)})`);
  }
  const variables = [...uses.keys()];
  const [it, values] =
    variables.length === 1 ? ["it", "the value as an argument"] : ["them", "the values as arguments"];
  return new ClosureError(
    `Cannot send ${nameOfFunction(fn)} to a worker: it uses ${[...uses.values()].join(", ")} from its surroundings, and a worker has not got ${it}. Export the function from its module, so that it travels by reference, or pass ${values}${hintFor(variables)}`,
    variables,
  );
}

function hintFor(variables: readonly string[]): string {
  const modular = variables.filter((name) =>
    ["require", "module", "exports", "__dirname", "__filename", "import.meta"].includes(name),
  );
  if (modular.includes("require")) return "; inside the function, `await import(…)` does what `require` does";
  return modular.length > 0 ? `; "${modular[0]}" belongs to the module, not to the function` : "";
}

// Transpilers write an import `f` as `__vi_import_0__.f`: its author knows it by the last name.
function authorsName({ name, member }: FreeName): string {
  if (member !== undefined) return member === "default" ? "default import" : member;
  if (/^__vi(?:te_ssr)?_import_meta__$/.test(name)) return "import.meta";
  return /^__vi(?:te_ssr)?_import_\d+__$/.test(name) ? "namespace import" : name;
}
