/** `local()`: an object whose properties each thread, or each task, has for itself. */
import { InvalidOptionError, InvalidStateError } from "../base/errors.js";
import { checkNames, checkType } from "../base/options.js";
import { context } from "../mod.js";

/** Options of {@link local}. */
export interface LocalOptions {
  /** Whose the properties are. `thread`: all tasks of a thread share them, one after another and interleaved, as in Python.
   *  `task`: each call of an executor's function has its own, gone when the call has ended; outside of calls they are the
   *  thread's. @default "thread" */
  per?: "thread" | "task";
}

/** An object that is another for each thread, and on demand for each task.
 *
 *  A module is loaded by each thread for itself, so an object in a variable of a module is the thread's own already. This adds
 *  two things: the properties are made when a thread or task first looks, by a function that needs to know of none; and with
 *  `{ per: "task" }` calls that run interleaved on one event loop do not see each other's. A `local` cannot travel.
 *
 *  With `per: "task"` a function counts as one that takes its context: a call that is stopped gets its `grace`.
 *  @param initial makes the properties, once for each thread or task. @default an empty object
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for an option that is none.
 *  @example
 *  ```ts
 *  const mine = local(() => ({ connection: connect() }));
 *  export const load = (id: number) => mine.connection.load(id); // one connection for each thread
 *  ``` */
export function local<T extends object = Record<string, unknown>>(
  initial: () => T = () => ({}) as T,
  options: LocalOptions = {},
): T {
  checkType("initial", initial, "function");
  checkNames("A local", options, ["per"]);
  const { per = "thread" } = options;
  if (per !== "thread" && per !== "task") throw new InvalidOptionError("per", 'per must be "thread" or "task"');
  const ofThread = new Own(initial);
  const ofTasks = new WeakMap<object, Own<T>>();
  const own = (): T => {
    const task = per === "task" ? taskThatAsks() : undefined;
    if (task === undefined) return ofThread.value;
    let found = ofTasks.get(task);
    if (found === undefined) {
      found = new Own(initial);
      ofTasks.set(task, found);
    }
    return found.value;
  };
  return new Proxy(Object.create(null), traps(own)) as T;
}

/** A value that is made when it is first asked for. */
class Own<T> {
  readonly #initial: () => T;
  #made: { readonly value: T } | undefined;

  constructor(initial: () => T) {
    this.#initial = initial;
  }

  get value(): T {
    this.#made ??= { value: this.#initial() };
    return this.#made.value;
  }
}

/** What tells one task from all others: its context, for a worker uses the rest of it again. */
function taskThatAsks(): object | undefined {
  try {
    return context();
  } catch (error) {
    if (error instanceof InvalidStateError) return undefined;
    throw error;
  }
}

/** Every operation goes to the object of whoever asks. */
function traps<T extends object>(own: () => T): ProxyHandler<T> {
  return {
    get: (_, key) => Reflect.get(own(), key),
    set: (_, key, value) => Reflect.set(own(), key, value),
    has: (_, key) => Reflect.has(own(), key),
    deleteProperty: (_, key) => Reflect.deleteProperty(own(), key),
    defineProperty: (_, key, descriptor) => Reflect.defineProperty(own(), key, descriptor),
    ownKeys: () => Reflect.ownKeys(own()),
    getPrototypeOf: () => Reflect.getPrototypeOf(own()),
    getOwnPropertyDescriptor(_, key) {
      const descriptor = Reflect.getOwnPropertyDescriptor(own(), key);
      // The language lets a proxy speak only of properties that could vanish: its target has none.
      return descriptor === undefined ? undefined : { ...descriptor, configurable: true };
    },
  };
}
