/** A lock for the tasks of one thread: one at a time, first come, first served. */
import { NotLockedError } from "../base/errors.js";
import { Permit } from "../sync/permit.js";
import { TaskAcquirable } from "./semaphore.js";

/** Held by one task at a time; the others wait for it.
 *
 *  With the same name and methods as that of `manyhands/threading`, which also works between threads and processes, at a
 *  greater cost. Fair: who releases it hands it to who waits longest. It is not re-entrant, and any task may release it.
 *
 *  @example
 *  ```ts
 *  const lock = new Lock();
 *  { using permit = await lock.acquire(); await save(balance + 1); }
 *  ``` */
export class Lock extends TaskAcquirable {
  protected readonly acquiring: string = "Lock.acquire()";
  /** The number of the present holding: a permit of an earlier one gives nothing back. */
  #holding = 0;
  #made = 0;
  #state: "free" | "held" = "free";

  override tryAcquire(): Permit | undefined {
    if (this.#state === "held") return undefined;
    this.#state = "held";
    return this.#permit();
  }

  /** Releases the lock. What its permit does later is nothing.
   *  @throws NotLockedError (`ERR_NOT_LOCKED`) when nobody holds it; nothing changes
   *  @example
   *  ```ts
   *  await lock.acquire();
   *  lock.release();
   *  ``` */
  release(): void {
    if (this.#state === "free") throw new NotLockedError("Cannot release: nobody holds the lock");
    // From hand to hand: were it free in between, whoever comes now would be before those who wait.
    if (this.line.length === 0 || !this.line.wake(this.#permit())) this.#state = "free";
  }

  /** Whether somebody holds it. */
  locked(): boolean {
    return this.#state === "held";
  }

  /** Releases it for a while, for a condition. The permit that holds it is good again afterwards.
   *  @returns what takes it again, in its turn @internal */
  suspend(): () => Promise<void> {
    const holding = this.#holding;
    this.release();
    return async () => {
      await this.acquire();
      this.#holding = holding;
    };
  }

  /** @internal */
  giveBack(holding: number): void {
    if (this.#state === "held" && holding === this.#holding) this.release();
  }

  /** @internal */
  override get printed(): string {
    return this.locked() ? `held, ${this.line.length} wait` : "free";
  }

  #permit(): Permit {
    this.#made += 1;
    this.#holding = this.#made;
    return new Permit(this, this.#holding);
  }
}
