/** Calls that wait for a worker: larger priority first, first come first served within one.
 *
 *  Guarantees: `push` and `shift` cost the same whatever waits (up to the number of distinct priorities); a call that
 *  is settled while it waits is dropped when its turn comes, and its arguments are not kept until then. */
import { RingQueue } from "../base/ring-queue.js";

export interface Waiting {
  /** False once it is settled. */
  readonly waiting: boolean;
  readonly plan: { readonly priority: number };
}

export class Backlog<C extends Waiting> {
  /** Priorities in use, largest first. Nearly always one. */
  readonly #levels: { readonly priority: number; readonly queue: RingQueue<C> }[] = [];

  push(call: C): void {
    this.#queue(call.plan.priority).push(call);
  }

  /** Puts a call before all others of its priority: it had its turn and comes back. */
  unshift(call: C): void {
    this.#queue(call.plan.priority).unshift(call);
  }

  /** The call whose turn it is, left where it is. */
  peek(): C | undefined {
    for (let level = this.#levels[0]; level !== undefined; level = this.#levels[0]) {
      for (let call = level.queue.peek(); call !== undefined; call = level.queue.peek()) {
        if (call.waiting) return call;
        level.queue.shift();
      }
      // The last level stays: it is about to be used again.
      if (this.#levels.length === 1) return undefined;
      this.#levels.shift();
    }
    return undefined;
  }

  shift(): C | undefined {
    const call = this.peek();
    if (call !== undefined) this.#levels[0]?.queue.shift();
    return call;
  }

  /** All calls that wait, in order. */
  *[Symbol.iterator](): IterableIterator<C> {
    for (const { queue } of this.#levels) for (const call of queue) if (call.waiting) yield call;
  }

  #queue(priority: number): RingQueue<C> {
    const levels = this.#levels;
    let at = 0;
    for (; at < levels.length; at += 1) {
      const level = levels[at];
      if (level === undefined || level.priority < priority) break;
      if (level.priority === priority) return level.queue;
    }
    const queue = new RingQueue<C>();
    levels.splice(at, 0, { priority, queue });
    return queue;
  }
}
