/** The right to what was acquired, as a value that is given back once.
 *
 *  Guarantees: giving it back twice does nothing the second time. */
import { STAYS } from "../base/shareable.js";

/** What a permit is for. */
export interface Releasable {
  /** Gives back what the holding of this number has taken; nothing if that was given back some other way. */
  giveBack(holding: number): void;
}

/** Held until it is disposed of: by `using`, by `release()`, or by releasing the lock it was acquired from. */
export class Permit implements Disposable {
  #from: Releasable | undefined;
  readonly #holding: number;

  /** @internal */
  constructor(from: Releasable, holding: number) {
    this.#from = from;
    this.#holding = holding;
  }

  /** @internal */
  get [STAYS](): string {
    return "a permit is of use to its holder alone; send what it is from, and acquire it there";
  }

  /** Gives it back; nothing when it has been given back.
   *  @example
   *  ```ts
   *  const permit = await lock.acquire();
   *  try { count += 1; } finally { permit.release(); }
   *  ``` */
  release(): void {
    const from = this.#from;
    this.#from = undefined;
    from?.giveBack(this.#holding);
  }

  /** As `release`, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}
