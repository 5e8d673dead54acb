/** A shared object as the library's own are made, so that its travel can be tested alone: a number that all threads and
 *  processes see and add to. */

const SHAREABLE: unique symbol = Symbol.for("manyhands.shareable") as never;
const REVIVERS = Symbol.for("manyhands.revivers");

/** What `base/shareable.ts` calls a link, as far as a tally needs it. */
interface Link {
  call(method: string, args: readonly unknown[], options?: { signal?: AbortSignal }): Promise<unknown>;
  post(method: string, args: readonly unknown[]): void;
  callSync(method: string, args: readonly unknown[]): unknown;
}

export class TallyError extends RangeError {}

/** Sessions that were closed, with what each had added. Where the tally was made. */
export const closed: number[] = [];

export class Tally {
  readonly #words: BigInt64Array | undefined;
  readonly #link: Link | undefined;
  /** Whatever anybody has kept with it, in the process that owns it. */
  kept: unknown;

  constructor(at: SharedArrayBuffer | Link = new SharedArrayBuffer(8)) {
    if (at instanceof SharedArrayBuffer) this.#words = new BigInt64Array(at);
    else this.#link = at;
    Object.defineProperty(this, "manyhands:shared", { value: () => "shared", enumerable: true });
  }

  get remote(): Link {
    if (this.#link === undefined) throw new TypeError("This tally is in memory");
    return this.#link;
  }

  get where(): "memory" | "elsewhere" {
    return this.#link === undefined ? "memory" : "elsewhere";
  }

  addHere(by: number): number {
    if (this.#words === undefined) throw new TypeError("This tally is another process's");
    return Number(Atomics.add(this.#words, 0, BigInt(by))) + by;
  }

  /** @returns what it is then. */
  async add(by: number): Promise<number> {
    return this.#link === undefined ? this.addHere(by) : ((await this.#link.call("add", [by])) as number);
  }

  async read(): Promise<number> {
    return this.add(0);
  }

  get [SHAREABLE](): object {
    return {
      kind: "test:Tally",
      toThread: () => this.#words?.buffer,
      ...(this.#link === undefined
        ? { remote: { facts: () => ({ from: "owner" }), open: () => new Session(this) } }
        : {}),
    };
  }
}

/** What one client does with a tally. */
class Session {
  readonly #tally: Tally;
  #added = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  call(method: string, args: readonly unknown[], signal: AbortSignal): unknown {
    switch (method) {
      case "add":
        this.#added += args[0] as number;
        return this.#tally.addHere(args[0] as number);
      case "keep":
        this.#tally.kept = args[0];
        return undefined;
      case "kept":
        return this.#tally.kept;
      case "fail":
        throw new RangeError("too much", { cause: new TypeError("by far") });
      case "until aborted":
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      default:
        throw new TypeError(`no ${method}`);
    }
  }

  /** What a client added is taken back when it goes, as a lock is released. */
  close(): void {
    this.#tally.addHere(-this.#added);
    closed.push(this.#added);
  }
}

const holder = globalThis as { [REVIVERS]?: Map<string, object> };
holder[REVIVERS] ??= new Map();
holder[REVIVERS].set("test:Tally", {
  module: import.meta.url,
  fromThread: (memory: unknown) => new Tally(memory as SharedArrayBuffer),
  fromProcess: (link: Link) => new Tally(link),
});
