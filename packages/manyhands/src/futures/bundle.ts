/** Items of a map on their way to the executor, put together as far as they may travel as one.
 *
 *  Guarantees: order is kept; only items of primitives with as many arguments as the one before are put together, for an
 *  object must be copied before its owner goes on and can change it. */
import type { ItemSink, MapHost } from "./map-host.js";

/** Long rows fill a message with fewer of them. */
const MOST_ARGUMENTS = 4096;

export class Bundle<T> {
  readonly #host: MapHost<T>;
  readonly #sink: ItemSink;
  readonly #most: number;
  readonly #shape: "argument" | "list";
  /** Items that joined and that the executor has not taken after all. */
  refused = 0;
  #args: unknown[] = [];
  #count = 0;
  #arity = 0;
  #index = 0;

  constructor(host: MapHost<T>, sink: ItemSink) {
    this.#host = host;
    this.#sink = sink;
    this.#most = host.together();
    this.#shape = host.shape;
  }

  /** Adds the item if it goes with those that wait, and nothing need be submitted yet. */
  tryJoin(item: T, index: number): boolean {
    if (this.#shape === "list" || this.#count + 1 >= this.#most || (this.#count > 0 && this.#arity !== 1)) return false;
    if (typeof item !== "number" && !isSimple(item)) return false;
    if (this.#count === 0) {
      this.#index = index;
      this.#arity = 1;
    }
    this.#args.push(item);
    this.#count += 1;
    return true;
  }

  /** The same for the elements of `list` from `from` on, below `end`. @returns how many joined. */
  joinFrom(list: readonly T[], from: number, end: number): number {
    if (this.#shape === "list" || (this.#count > 0 && this.#arity !== 1)) return 0;
    const last = Math.min(end, list.length, from + this.#most - this.#count - 1);
    let at = from;
    while (at < last && (typeof list[at] === "number" || isSimple(list[at]))) at += 1;
    if (at <= from) return 0;
    if (this.#count === 0) {
      this.#index = from;
      this.#arity = 1;
    }
    this.#args.push(...list.slice(from, at));
    this.#count += at - from;
    return at - from;
  }

  /** Adds the item at `index`; throws when it is none, or when the executor takes no more calls. */
  add(item: T, index: number): void {
    const args = this.#host.argsOf(item);
    if (this.#most === 1 || !args.every(isSimple)) {
      this.flush();
      this.#host.submit(args, 1, index, this.#sink);
      return;
    }
    if (args.length !== this.#arity) this.flush();
    if (this.#count === 0) {
      this.#index = index;
      this.#arity = args.length;
    }
    for (const arg of args) this.#args.push(arg);
    this.#count += 1;
    if (this.#count === this.#most || this.#args.length >= MOST_ARGUMENTS) this.flush();
  }

  /** Submits what has been put together; throws when the executor takes no more calls, and `refused` tells how many. */
  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    const args = this.#args;
    this.#args = [];
    this.#count = 0;
    this.refused = count;
    this.#host.submit(args, count, this.#index, this.#sink);
    this.refused = 0;
  }
}

function isSimple(value: unknown): boolean {
  const type = typeof value;
  return type === "object" ? value === null : type !== "function" && type !== "symbol";
}
