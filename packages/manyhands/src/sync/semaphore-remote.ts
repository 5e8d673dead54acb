/** A semaphore whose words are in another process, and the owner's side of it. */
import type { RemoteLink, RemoteObject } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import { OwnerSession, RemoteCalls, unknownMethod } from "./remote-calls.js";
import { noteHeld } from "./remote-sites.js";
import type { SemaphoreCore, SharedSemaphore } from "./semaphore-core.js";

/** The asking side. */
export class RemoteSemaphore implements SemaphoreCore {
  readonly #calls: RemoteCalls;
  /** Acquired here, and not released here. */
  #held = 0;

  constructor(link: RemoteLink) {
    this.#calls = new RemoteCalls(link);
  }

  tryAcquire(): number | undefined {
    return this.#calls.link.callSync("tryAcquire", []) === true ? this.#hold() : undefined;
  }

  async acquire(options: WaitOptions): Promise<number> {
    await this.#calls.wait("acquire", options, { giveBack: () => this.#calls.link.post("release", [1]) });
    return this.#hold();
  }

  acquireSync(timeout: number): number {
    this.#calls.waitSync("acquire", timeout);
    return this.#hold();
  }

  giveBack(): void {
    this.#released(1);
    this.#calls.link.post("release", [1]);
  }

  release(count: number): void {
    // Not posted: that there were too many has to be thrown here.
    this.#calls.link.callSync("release", [count]);
    this.#released(count);
  }

  value(): number {
    return this.#calls.link.callSync("value", []) as number;
  }

  #hold(): number {
    this.#held += 1;
    noteHeld(this, "something");
    return 0;
  }

  #released(count: number): void {
    this.#held = Math.max(0, this.#held - count);
    if (this.#held === 0) noteHeld(this, "nothing");
  }
}

/** The owner's side. What a client has acquired and not released comes back when it is gone. */
class SemaphoreSession extends OwnerSession {
  readonly #semaphore: SharedSemaphore;
  #held = 0;

  constructor(semaphore: SharedSemaphore) {
    super();
    this.#semaphore = semaphore;
  }

  protected override perform(method: string, args: readonly unknown[], signal: AbortSignal): unknown {
    switch (method) {
      case "acquire":
        return this.#acquire(args, signal);
      case "tryAcquire":
        return this.#semaphore.take() && this.#hold();
      case "release":
        return this.#release(args[0] as number);
      case "value":
        return this.#semaphore.value();
      default:
        return unknownMethod("semaphore", method);
    }
  }

  async #acquire(args: readonly unknown[], signal: AbortSignal): Promise<boolean> {
    const semaphore = this.#semaphore;
    await this.waiting(
      args,
      signal,
      (options) => semaphore.acquire(options),
      () => semaphore.giveBack(),
    );
    return this.#hold();
  }

  #hold(): boolean {
    this.#held += 1;
    return true;
  }

  #release(count: number): void {
    this.#semaphore.release(count);
    this.#held = Math.max(0, this.#held - count);
  }

  protected override releaseAll(): void {
    this.#semaphore.giveBackFor(this.#held);
    this.#held = 0;
  }
}

/** What other processes may do with the semaphore. */
export function remoteSemaphore(semaphore: SharedSemaphore): RemoteObject {
  return { facts: () => undefined, open: () => new SemaphoreSession(semaphore) };
}
