/** A lock whose word is in another process, and the owner's side of it. */
import { NotLockedError, NotOwnerError } from "../base/errors.js";
import type { RemoteLink, RemoteObject } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { LockCore, SharedLock, Suspended } from "./lock-core.js";
import { OwnerSession, RemoteCalls, unknownMethod } from "./remote-calls.js";
import { noteHeld } from "./remote-sites.js";

/** The asking side. */
export class RemoteLock implements LockCore {
  readonly #calls: RemoteCalls;
  #last = 0;
  #holding = 0;
  #state: "held" | "not held" = "not held";

  constructor(link: RemoteLink) {
    this.#calls = new RemoteCalls(link);
  }

  get own(): boolean {
    return this.#state === "held";
  }

  tryAcquire(): number | undefined {
    return this.#calls.link.callSync("tryAcquire", []) === true ? this.#held() : undefined;
  }

  async acquire(options: WaitOptions): Promise<number> {
    await this.#calls.wait("acquire", options, { giveBack: () => this.#calls.link.post("release", []) });
    return this.#held();
  }

  acquireSync(timeout: number): number {
    this.#calls.waitSync("acquire", timeout);
    return this.#held();
  }

  release(): void {
    if (this.#state === "held") {
      this.#state = "not held";
      noteHeld(this, "nothing");
      this.#calls.link.post("release", []);
    } else this.#refuse();
  }

  giveBack(holding: number): void {
    if (this.#state === "held" && this.#holding === holding) this.release();
  }

  locked(): boolean {
    return this.#calls.link.callSync("locked", []) === true;
  }

  suspend(): Suspended {
    const holding = this.#holding;
    this.release();
    return { holding };
  }

  async resume({ holding }: Suspended): Promise<void> {
    await this.acquire({});
    this.#holding = holding;
  }

  resumeSync({ holding }: Suspended): void {
    this.acquireSync(Number.POSITIVE_INFINITY);
    this.#holding = holding;
  }

  #held(): number {
    this.#state = "held";
    noteHeld(this, "something");
    this.#last += 1;
    this.#holding = this.#last;
    return this.#holding;
  }

  #refuse(): never {
    if (this.locked()) throw new NotOwnerError("Cannot release the lock: another process holds it");
    throw new NotLockedError("Cannot release the lock: nobody holds it");
  }
}

/** The owner's side: what one client holds, the owner's thread holds for it. */
class LockSession extends OwnerSession {
  readonly #lock: SharedLock;
  #held: number | undefined;

  constructor(lock: SharedLock) {
    super();
    this.#lock = lock;
  }

  protected override perform(method: string, args: readonly unknown[], signal: AbortSignal): unknown {
    switch (method) {
      case "acquire":
        return this.#acquire(args, signal);
      case "tryAcquire":
        return this.#hold(this.#lock.tryAcquire("client")) !== undefined;
      case "release":
        return this.#release();
      case "locked":
        return this.#lock.locked();
      default:
        return unknownMethod("lock", method);
    }
  }

  async #acquire(args: readonly unknown[], signal: AbortSignal): Promise<void> {
    const lock = this.#lock;
    const holding = await this.waiting(
      args,
      signal,
      (options) => lock.acquire(options, "client"),
      (taken) => lock.giveBack(taken),
    );
    this.#hold(holding);
  }

  #hold(holding: number | undefined): number | undefined {
    if (holding !== undefined) this.#held = holding;
    return holding;
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#lock.giveBack(held);
  }

  protected override releaseAll(): void {
    // As for a thread that dies: what the lock protects may be half changed.
    if (this.#held !== undefined) this.#lock.abandon(this.#held);
    this.#held = undefined;
  }
}

/** What other processes may do with the lock. */
export function remoteLock(lock: SharedLock): RemoteObject {
  return { facts: () => undefined, open: () => new LockSession(lock) };
}
