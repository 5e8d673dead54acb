/** Where a function was made, and under which name its module exports it.
 *
 *  Guarantees: an export is only named when the module's variable behind it *is* this function; nothing is imported or run.
 *  Measured: 5 to 25 ms for the first function of a program (most for one of a module that has run nothing yet), 3 ms for
 *  the first of each further module, 0.5 ms for each after that. V8 walks over the heap to list its scripts, so that a
 *  program with a very large heap pays more for each new module. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Program } from "acorn";
import { type InspectedFunction, type InspectorSession, openInspector } from "./inspector-session.js";
import { exportNameInText, exportsOf, type ScriptExport } from "./script-exports.js";

/** Where a function comes from. */
export interface FunctionPlace {
  /** Script name as V8 has it: mostly a URL, sometimes a path, empty for eval. */
  readonly url: string;
  /** Whether the script is an ES module. */
  readonly module: boolean;
  /** Of the function's parameters, from 0. */
  readonly line: number;
  readonly column: number;
  /** The export that is this function, if its ES module has one. */
  readonly exportName: string | undefined;
}

/** Parses the text of a module, or gives nothing when it cannot. */
export type ModuleParser = (source: string) => Program | undefined;

interface Script {
  readonly url: string;
  /** Set once a parser has seen it. */
  exports: readonly ScriptExport[] | undefined;
}
const scripts = new Map<string, Script>();

/** Where `fn` was made; `undefined` when it has no place in any script, or when there is no inspector.
 *
 *  Without a parser only those exports are found that the file itself shows line by line: enough for most, and at once. */
export async function inspectFunction(fn: Function, parse?: ModuleParser): Promise<FunctionPlace | undefined> {
  const session = await openInspector();
  if (session === undefined) return undefined;
  try {
    return locate(session, fn, parse);
  } catch {
    // An inspector that answers otherwise than expected is none: the function can still travel as source.
    return undefined;
  } finally {
    session[Symbol.dispose]();
  }
}

function locate(session: InspectorSession, fn: Function, parse: ModuleParser | undefined): FunctionPlace | undefined {
  const found = session.inspect(fn);
  if (found === undefined) return undefined;
  const script = scriptOf(session, found.scriptId);
  const exportName = found.moduleScope === undefined ? undefined : findExport(session, fn, found, script, parse);
  const { line, column, moduleScope } = found;
  return { url: script.url, module: moduleScope !== undefined, line, column, exportName };
}

function scriptOf(session: InspectorSession, scriptId: string): Script {
  if (!scripts.has(scriptId)) remember(session.listCoveredScripts());
  // Left out is a module whose functions have not run yet: the main thread often only passes them on.
  if (!scripts.has(scriptId)) remember(session.listScripts());
  const script = scripts.get(scriptId);
  if (script === undefined) throw new TypeError(`The inspector does not know script ${scriptId}`);
  return script;
}

function remember(names: ReadonlyMap<string, string>): void {
  for (const [id, url] of names) if (!scripts.has(id)) scripts.set(id, { url, exports: undefined });
}

function findExport(
  session: InspectorSession,
  fn: Function,
  found: InspectedFunction,
  script: Script,
  parse: ModuleParser | undefined,
): string | undefined {
  const { moduleScope = "", functionId, scriptId } = found;
  const text = Function.prototype.toString.call(fn);
  if (script.exports === undefined) {
    const onDisk = textOnDisk(script.url, text, found);
    if (parse === undefined) {
      const name = onDisk === undefined ? undefined : exportNameInText(onDisk, fn.name);
      return name !== undefined && session.findIn(moduleScope, functionId, [fn.name]) !== undefined ? name : undefined;
    }
    const source = onDisk ?? session.readScript(scriptId);
    const program = parse(source);
    script.exports = program === undefined ? [] : exportsOf(program, source);
  }
  // No variable holds an anonymous default; nothing else in the module is called "default".
  const anonymous = fn.name === "default" ? script.exports.find((entry) => entry.text === text) : undefined;
  if (anonymous !== undefined) return anonymous.name;
  const likely = script.exports.toSorted((a, b) => Number(b.local === fn.name) - Number(a.local === fn.name));
  const locals = likely.map((entry) => entry.local).filter((local) => local !== undefined);
  const local = session.findIn(moduleScope, functionId, locals);
  return local === undefined ? undefined : likely.find((entry) => entry.local === local)?.name;
}

/** The file's text, if it is what runs: if the function stands there at its very place, no loader has changed it. */
function textOnDisk(url: string, text: string, { line, column }: InspectedFunction): string | undefined {
  if (!url.startsWith("file:")) return undefined;
  try {
    const source = readFileSync(fileURLToPath(url), "utf8");
    const parameters = offsetOf(source, line) + column;
    const start = source.lastIndexOf(text, parameters);
    return start !== -1 && start + text.length > parameters ? source : undefined;
  } catch {
    // Not a file, or none any more.
    return undefined;
  }
}

function offsetOf(source: string, line: number): number {
  let offset = 0;
  for (let i = 0; i < line; i += 1) offset = source.indexOf("\n", offset) + 1;
  return offset;
}
