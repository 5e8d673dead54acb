/** `Manager`: a process that keeps objects for others.
 *
 *  It is a pool of one worker process that runs one task: to make the object that makes the others. From then on its objects
 *  are shared ones like any other (`share`): asked over a socket, kept as long as somebody has them.
 *
 *  Guarantees: the process ends with its manager, with its parent however that ends, and not by Ctrl-C; a manager that is
 *  not used does not keep the program alive. */
import { InvalidOptionError, ShutdownError } from "../base/errors.js";
import { checkIterable, shown } from "../base/options.js";
import { refuseCopies, STAYS } from "../base/shareable.js";
import type { FunctionRef } from "../futures/mod.js";
import { moduleRef, ProcessPoolExecutor, type ProcessPoolOptions } from "../mod.js";
import type { WireFunction } from "../wire/mod.js";
import type { Managed } from "./managed.js";
import type { ManagerDict } from "./manager-dict.js";
import type { ManagerList } from "./manager-list.js";
import type { ManagerNamespace, ManagerValue } from "./manager-namespace.js";
import { PrimitiveMaker, type Primitives } from "./manager-primitives.js";
import type { BuiltIn, Maker, ManagerServer } from "./manager-server.js";

/** How a manager's process is started. */
export type ManagerOptions = Pick<ProcessPoolOptions, "name" | "env" | "cwd" | "execArgv" | "resourceLimits">;

/** A class that is exported by its module, or a reference to such a class, or to a function that makes an object. */
export type ManagedType = (new (...args: never[]) => object) | FunctionRef<never[], unknown>;

interface Registered {
  readonly type: ManagedType;
  readonly exposed: readonly string[] | undefined;
}

const registered = new Map<string, Registered>();

// As seen from wherever this file has been joined to.
const { openServer } = moduleRef<typeof import("./manager-server.js")>(
  new URL("../multiprocessing/manager-server.js", import.meta.url),
);

/** The manager's process. */
class OneProcess extends ProcessPoolExecutor {
  referenceTo(type: ManagedType): Promise<WireFunction> {
    return this.classReference(type);
  }
}

/** Starts a process that keeps objects, which all processes that have their proxies use.
 *
 *  Each method of a proxy is one operation: no other comes in between. Several are not: use a lock, or a method of your own
 *  class. What is put into an object is a copy, so to change the copy changes nothing; proxies put into an object are the
 *  objects themselves. A proxy may be an argument or a result of any call, to threads and to processes. Only threads that
 *  are started inside the manager's own process, by a method of an object of yours, cannot be given any: each lives in one thread.
 *
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option
 *  @example
 *  ```ts
 *  await using manager = new Manager();
 *  const counts = await manager.dict<string, number>();
 *  await pool.map(countWords, files.map((file) => ({ file, counts })));
 *  console.log(await counts.entries());
 *  ``` */
export class Manager extends PrimitiveMaker implements AsyncDisposable {
  readonly #pool: OneProcess;
  #server: Promise<Managed<ManagerServer>> | undefined;
  #state: "open" | "shut-down" = "open";

  constructor(options: ManagerOptions = {}) {
    super();
    this.#pool = new OneProcess({ name: "manager", ...options, maxWorkers: 1 });
    refuseCopies(this);
  }

  /** Gives a name to a class whose objects managers make, and says which of its methods can be called.
   *  @param name what {@link Manager.create} takes
   *  @param type an exported class, or a reference to a class or function by {@link moduleRef}
   *  @param options `exposed`: names of methods. @default all that do not begin with an underscore
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for an empty name
   *  @example
   *  ```ts
   *  Manager.register("Counter", Counter, { exposed: ["increment"] });
   *  ``` */
  static register(name: string, type: ManagedType, options: { readonly exposed?: readonly string[] } = {}): void {
    if (typeof name !== "string" || name === "") throw new InvalidOptionError("name", "name must be a text");
    registered.set(name, { type, exposed: options.exposed });
  }

  /** Starts the process, if that has not been done. The first object starts it too.
   *  @throws ShutdownError (`ERR_SHUTDOWN`) after shutdown; WorkerExitedError (`ERR_WORKER_EXITED`) when it cannot start
   *  @example
   *  ```ts
   *  await manager.start();
   *  ``` */
  async start(): Promise<void> {
    await this.#home();
  }

  /** Makes a dictionary.
   *  @param entries what it holds at first: pairs, or the properties of an object
   *  @throws as {@link Manager.create}
   *  @example
   *  ```ts
   *  const prices = await manager.dict<string, number>([["tea", 3]]);
   *  ``` */
  dict<K, V>(entries?: Iterable<readonly [K, V]>): Promise<Managed<ManagerDict<K, V>>>;
  dict<K extends string = string, V = unknown>(entries: {
    readonly [key: string]: V;
  }): Promise<Managed<ManagerDict<K, V>>>;
  async dict(entries: object = []): Promise<Managed<ManagerDict<unknown, unknown>>> {
    return this.#make("dict", [entriesOf(entries)]);
  }

  /** Makes a list.
   *  @param items what it holds at first
   *  @throws as {@link Manager.create}
   *  @example
   *  ```ts
   *  const names = await manager.list<string>();
   *  await names.append("Ada");
   *  ``` */
  async list<T>(items: Iterable<T> = []): Promise<Managed<ManagerList<T>>> {
    checkIterable("items", items);
    return this.#make("list", [[...items]]);
  }

  /** Makes a set of named values.
   *  @param values what it holds at first
   *  @throws as {@link Manager.create}
   *  @example
   *  ```ts
   *  const settings = await manager.Namespace({ verbose: 1 });
   *  await settings.set("verbose", 2);
   *  ``` */
  async Namespace<T extends object>(values: Partial<T> = {}): Promise<Managed<ManagerNamespace<T>>> {
    return this.#make("Namespace", [values]);
  }

  /** Makes one value.
   *  @throws as {@link Manager.create}
   *  @example
   *  ```ts
   *  const total = await manager.Value(0);
   *  await total.add(5);
   *  ``` */
  async Value<T>(value: T): Promise<Managed<ManagerValue<T>>> {
    return this.#make("Value", [value]);
  }

  /** Makes a list of a given length, or of given items.
   *  @param sizeOrItems how many zeros, or the items
   *  @throws as {@link Manager.create}
   *  @example
   *  ```ts
   *  const sums = await manager.Array(8);
   *  ``` */
  async Array<T = number>(sizeOrItems: number | Iterable<T>): Promise<Managed<ManagerList<T>>> {
    const items = typeof sizeOrItems === "number" ? new Array<number>(sizeOrItems).fill(0) : [...sizeOrItems];
    return this.#make("Array", [items]);
  }

  /** Makes an object of an exported class.
   *  @param type the class
   *  @param args for its constructor: copied, but for shared objects
   *  @throws ShutdownError (`ERR_SHUTDOWN`), OwnerGoneError (`ERR_OWNER_GONE`) when the manager's process has ended,
   *    FunctionRefError (`ERR_FUNCTION_REF`) when the class cannot be found there, SerializationError
   *    (`ERR_SERIALIZATION`), and whatever the constructor throws
   *  @example
   *  ```ts
   *  const counter = await manager.create(Counter, 5);
   *  await counter.increment();
   *  ``` */
  create<T extends object, A extends unknown[]>(type: new (...args: A) => T, ...args: A): Promise<Managed<T>>;
  /** Makes an object by a function that is referred to, in the manager's process. */
  create<T extends object, A extends unknown[]>(
    type: FunctionRef<A, T | PromiseLike<T>>,
    ...args: A
  ): Promise<Managed<T>>;
  /** Makes an object of a registered class.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when nothing is registered by that name, and as above */
  create<T extends object>(type: string, ...args: unknown[]): Promise<Managed<T>>;
  async create(type: string | ManagedType, ...args: readonly unknown[]): Promise<unknown> {
    const { type: found, exposed } = typeof type === "string" ? registeredAs(type) : { type, exposed: undefined };
    const code = await this.#pool.referenceTo(found);
    const maker: Maker = { code, name: typeof type === "string" ? type : found.name, exposed };
    return (await this.#home()).make(maker, args);
  }

  /** Ends the process, and with it all objects: whoever uses one gets an OwnerGoneError. May be called again.
   *  @example
   *  ```ts
   *  await manager.shutdown();
   *  ``` */
  async shutdown(): Promise<void> {
    this.#state = "shut-down";
    await this.#pool.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** @internal */
  protected override async primitive<K extends keyof Primitives>(
    kind: K,
    args: readonly unknown[],
  ): Promise<Primitives[K]> {
    return (await (await this.#home()).makePrimitive(kind, args)) as Primitives[K];
  }

  /** @internal */
  get [STAYS](): string {
    return "a manager belongs to the thread that made it; send the objects that it has made";
  }

  async #make<T>(kind: BuiltIn, args: readonly unknown[]): Promise<T> {
    return (await (await this.#home()).makeBuiltIn(kind, args)) as T;
  }

  // Asked for once. If its process ends, so has this manager: another one would begin with nothing, unnoticed.
  #home(): Promise<Managed<ManagerServer>> {
    if (this.#state === "shut-down") return Promise.reject(new ShutdownError("The manager has been shut down"));
    this.#server ??= Promise.resolve(this.#pool.submit(openServer)) as Promise<unknown> as Promise<
      Managed<ManagerServer>
    >;
    return this.#server;
  }
}

function registeredAs(name: string): Registered {
  const found = registered.get(name);
  if (found !== undefined) return found;
  throw new InvalidOptionError("type", `Nothing is registered as "${name}": call Manager.register() first`);
}

function entriesOf(entries: unknown): readonly unknown[] {
  if (typeof entries === "object" && entries !== null) {
    return Symbol.iterator in entries ? [...(entries as Iterable<unknown>)] : Object.entries(entries);
  }
  throw new InvalidOptionError("entries", `entries must be pairs or an object, got ${shown(entries)}`);
}
