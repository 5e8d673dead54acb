/** A condition whose words are in another process, and the owner's side of it. The lock that goes with it comes along, for
 *  a condition is of no use without it. */
import type { RemoteLink, RemoteObject, RemoteSession } from "../base/shareable.js";
import type { WaitOptions } from "../base/wait-options.js";
import type { ConditionCore, Notice, SharedCondition } from "./condition-core.js";
import { OwnerSession, RemoteCalls, unknownMethod } from "./remote-calls.js";

const LOCK = "lock.";

/** The link of the condition, as that of its lock. */
export function lockLink(link: RemoteLink): RemoteLink {
  return {
    call: (method, args, options) => link.call(LOCK + method, args, options),
    post: (method, args) => link.post(LOCK + method, args),
    callSync: (method, args) => link.callSync(LOCK + method, args),
  };
}

/** The asking side. */
export class RemoteCondition implements ConditionCore {
  readonly #calls: RemoteCalls;

  constructor(link: RemoteLink) {
    this.#calls = new RemoteCalls(link);
  }

  async enter(): Promise<Notice> {
    // Waited for: the lock may be released over another link, and must not be before this.
    return this.#notice((await this.#calls.link.call("enter", [])) as number);
  }

  enterSync(): Notice {
    return this.#notice(this.#calls.link.callSync("enter", []) as number);
  }

  #notice(entry: number): Notice {
    return {
      wait: (options: WaitOptions) => this.#wait(entry, options),
      waitSync: (timeout) => this.#calls.waitSync<boolean>("wait", timeout, entry),
    };
  }

  #wait(entry: number, options: WaitOptions): Promise<boolean> {
    // The owner counts this one among those that wait since it has entered, and hears of no wait that never begins.
    if (options.signal?.aborted === true) this.#calls.link.post("leave", [entry]);
    const late = { giveBack: (notified: boolean) => this.#refuse(notified), timedOut: () => false };
    return this.#calls.wait<boolean>("wait", options, late, entry);
  }

  /** The notification came when its receiver had given up: another may have it. */
  #refuse(notified: boolean): void {
    if (notified) this.notify(1);
  }

  notify(count: number): void {
    this.#calls.link.post("notify", [count]);
  }
}

/** The owner's side. */
class ConditionSession extends OwnerSession {
  readonly #condition: SharedCondition;
  readonly #lock: RemoteSession;
  readonly #entered = new Map<number, Notice>();
  #last = 0;

  constructor(condition: SharedCondition, lock: RemoteSession) {
    super();
    this.#condition = condition;
    this.#lock = lock;
  }

  protected override perform(method: string, args: readonly unknown[], signal: AbortSignal): unknown {
    if (method.startsWith(LOCK)) return this.#lock.call(method.slice(LOCK.length), args, signal);
    switch (method) {
      case "enter":
        return this.#enter();
      case "wait":
        return this.#wait(args, signal);
      case "leave":
        return this.#leave(args[0] as number);
      case "notify":
        return this.#condition.notify(args[0] as number);
      default:
        return unknownMethod("condition", method);
    }
  }

  #enter(): number {
    this.#last += 1;
    this.#entered.set(this.#last, this.#condition.enterSync());
    return this.#last;
  }

  async #wait(args: readonly unknown[], signal: AbortSignal): Promise<boolean> {
    const entry = args[2] as number;
    const notice = this.#entered.get(entry);
    if (notice === undefined) return unknownMethod("condition", `wait as ${entry}`);
    this.#entered.delete(entry);
    return this.waiting(
      args,
      signal,
      (options) => notice.wait(options),
      (notified) => this.#pass(notified),
    );
  }

  #leave(entry: number): void {
    if (this.#entered.delete(entry)) this.#condition.withdraw();
  }

  #pass(notified: boolean): void {
    if (notified) this.#condition.notify(1);
  }

  protected override releaseAll(): void {
    this.#lock.close();
    for (const _ of this.#entered.keys()) this.#condition.withdraw();
    this.#entered.clear();
  }
}

/** What other processes may do with the condition, and through it with its lock. */
export function remoteCondition(condition: SharedCondition, facts: () => unknown, lock: RemoteObject): RemoteObject {
  return { facts, open: () => new ConditionSession(condition, lock.open()) };
}
