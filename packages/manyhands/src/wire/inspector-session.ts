/** The few questions that only V8's inspector can answer about a function: where it was made, and what its module holds.
 *
 *  Guarantees: every question is answered before its method returns; once closed, nothing stays switched on (no debugger, no
 *  slower code, nothing that keeps the program alive), and a user's own `--inspect` session never notices. */
import type { Session } from "node:inspector";

/** What the inspector knows of a function. */
export interface InspectedFunction {
  readonly functionId: string;
  readonly scriptId: string;
  /** Of its parameters, from 0. */
  readonly line: number;
  readonly column: number;
  /** Handle of the variables of its module, if its script is an ES module. */
  readonly moduleScope: string | undefined;
}

interface RemoteObject {
  readonly objectId?: string;
  readonly type?: string;
  readonly description?: string;
  readonly value?: unknown;
}
interface RemoteProperty {
  readonly name: string;
  readonly value?: RemoteObject;
}

/** Handed over through `process`, which is the same object in every context of this thread; globalThis is not. */
const HANDOVER = Symbol.for("manyhands.inspected");
/** Node's own: a test runner may put a copy in the place of the global. Not imported, for that looks at each of its
 *  properties, the standard streams among them, and takes 2 ms. */
const process = globalThis.process.getBuiltinModule("node:process");

/** Opens a session; `undefined` where Node was built without an inspector. */
export async function openInspector(): Promise<InspectorSession | undefined> {
  try {
    const { Session } = await import("node:inspector");
    const session = new Session();
    session.connect();
    return new InspectorSession(session);
  } catch {
    // None to be had: functions can still travel as source.
    return undefined;
  }
}

/** One session with the inspector of this thread. Each method throws TypeError when the answer is not what it should be. */
export class InspectorSession implements Disposable {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Where `fn` was made; `undefined` for native and bound functions. */
  inspect(fn: Function): InspectedFunction | undefined {
    const functionId = this.#handOver(fn);
    const { internalProperties } = this.#post("Runtime.getProperties", { objectId: functionId, ownProperties: true });
    const location = internalProperty(internalProperties, "[[FunctionLocation]]")?.value as
      | { scriptId: string; lineNumber: number; columnNumber: number }
      | undefined;
    if (location === undefined) return undefined;
    const scopes = internalProperty(internalProperties, "[[Scopes]]")?.objectId;
    const moduleScope =
      scopes === undefined ? undefined : this.#properties(scopes).find(isModuleScope)?.value?.objectId;
    const { scriptId, lineNumber: line, columnNumber: column } = location;
    return { functionId, scriptId, line, column, moduleScope };
  }

  #handOver(fn: Function): string {
    Object.defineProperty(process, HANDOVER, { value: fn, configurable: true, enumerable: false });
    try {
      const expression = `process[Symbol.for("${HANDOVER.description}")]`;
      return idOf(this.#post("Runtime.evaluate", { expression, silent: true })["result"] as RemoteObject);
    } finally {
      Reflect.deleteProperty(process, HANDOVER);
    }
  }

  /** Names of the scripts of which a function has run, by id.
   *
   *  The profiler's coverage gives them at a tenth of what it takes to switch the debugger on for the first time (2 ms, not
   *  17: that makes V8 hash every script there is, Node's own included). Both walk over the heap: with 100 MB of objects
   *  either takes 40 ms. */
  listCoveredScripts(): ReadonlyMap<string, string> {
    this.#post("Profiler.enable", {});
    try {
      const { result } = this.#post("Profiler.getBestEffortCoverage", {});
      return new Map((result as { scriptId: string; url: string }[]).map(({ scriptId, url }) => [scriptId, url]));
    } finally {
      this.#post("Profiler.disable", {});
    }
  }

  /** Names of all scripts, by id. */
  listScripts(): ReadonlyMap<string, string> {
    const names = new Map<string, string>();
    this.#session.on("Debugger.scriptParsed", ({ params }) => {
      names.set(params.scriptId, params.url);
    });
    this.#post("Debugger.enable", {});
    this.#post("Debugger.disable", {});
    return names;
  }

  /** Text of a script as it runs: after all loaders. */
  readScript(scriptId: string): string {
    this.#post("Debugger.enable", {});
    try {
      return String(this.#post("Debugger.getScriptSource", { scriptId })["scriptSource"]);
    } finally {
      this.#post("Debugger.disable", {});
    }
  }

  /** The first of the names under which a function's module scope holds that very function. */
  findIn(scope: string, functionId: string, names: readonly string[]): string | undefined {
    const variables = this.#properties(scope);
    return names.find((name) => {
      const value = variables.find((variable) => variable.name === name)?.value;
      return value?.type === "function" && this.#isSame(functionId, idOf(value));
    });
  }

  #isSame(functionId: string, otherId: string): boolean {
    const { result } = this.#post("Runtime.callFunctionOn", {
      objectId: functionId,
      functionDeclaration: "function (other) { return this === other; }",
      arguments: [{ objectId: otherId }],
      returnByValue: true,
    });
    return (result as RemoteObject).value === true;
  }

  #properties(objectId: string): readonly RemoteProperty[] {
    return this.#post("Runtime.getProperties", { objectId, ownProperties: true })["result"] as RemoteProperty[];
  }

  /** Sessions inside one thread answer before `post` returns. */
  #post(method: string, params: object): Record<string, unknown> {
    let answer: Record<string, unknown> | undefined;
    let failure: Error | null = null;
    this.#session.post(method, params, (error, result) => {
      failure = error;
      answer = result as Record<string, unknown>;
    });
    if (answer === undefined || failure !== null) {
      throw new TypeError(`The inspector did not answer ${method}`, { cause: failure });
    }
    return answer;
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }
}

function isModuleScope({ value }: RemoteProperty): boolean {
  return value?.description === "Module";
}

function internalProperty(properties: unknown, name: string): RemoteObject | undefined {
  if (!Array.isArray(properties)) return undefined;
  return (properties as RemoteProperty[]).find((property) => property.name === name)?.value;
}

function idOf(object: RemoteObject): string {
  if (object.objectId === undefined) throw new TypeError("The inspector gave no handle");
  return object.objectId;
}
