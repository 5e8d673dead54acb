/** An `AsyncLocalStorage` that costs the program nothing while nobody is inside.
 *
 *  On Node 20 and 22 a storage switches on hooks that every promise of the program pays for (an `await` takes 110 ns, not 40),
 *  and nothing switches them off again. So who runs inside says when that has ended, and after the last the hooks are off.
 *
 *  Guarantees: a value that is inside is found as in the storage itself; one that has been left may be found until the hooks
 *  are off, and again by what it started once they are on again: its owner knows that it has ended. */
import { AsyncLocalStorage } from "node:async_hooks";

/** Whether this Node carries the storage from promise to promise by hooks. From 24 on V8 does it, at no cost. */
const HOOKS = Number.parseInt(process.versions.node, 10) < 24;

export class RestingStorage<T> {
  readonly #storage = new AsyncLocalStorage<T | undefined>();
  #inside = 0;
  #rest: "none" | "scheduled" | "never" = HOOKS ? "none" : "never";

  /** The value in whose run this is asked. */
  find(): T | undefined {
    return this.#storage.getStore();
  }

  /** Runs something inside. {@link leave} must be told once when it has ended, with all that it waited for. */
  enter<A, R>(value: T, run: (argument: A) => R, argument: A): R {
    this.#inside += 1;
    return this.#storage.run(value, run, argument);
  }

  /** Runs something that belongs to nobody. */
  outside<R>(run: () => R): R {
    return this.#storage.run(undefined, run);
  }

  leave(): void {
    this.#inside -= 1;
    if (this.#inside > 0 || this.#rest !== "none") return;
    this.#rest = "scheduled";
    // Not at once: switching takes 0.8 µs, and the next may be on its way.
    setImmediate(() => this.#end()).unref();
  }

  /** From now on somebody is inside who does not say when that ends. */
  stay(): void {
    this.#rest = "never";
  }

  #end(): void {
    if (this.#rest !== "scheduled") return;
    this.#rest = "none";
    // The next run inside switches it on again.
    if (this.#inside === 0) this.#storage.disable();
  }
}
