/** Calls that wait for a worker: larger priority first, first come first served within one.
 *
 *  Guarantees: `push` and `shift` cost the same whatever waits, and as good as the same however many priorities are in use:
 *  the calls of one are found in as many steps as that number has bits, and what a new one moves is moved natively; a call
 *  that is settled while it waits is dropped when its turn comes, and its arguments are not kept until then. */
import { RingQueue } from "../base/ring-queue.js";

export interface Waiting {
  /** False once it is settled. */
  readonly waiting: boolean;
  readonly plan: { readonly priority: number };
}

/** The calls of one priority. */
interface Level<C> {
  readonly priority: number;
  readonly queue: RingQueue<C>;
}

export class Backlog<C extends Waiting> {
  /** Priorities in use, largest last, so that it goes without moving the others. Nearly always one. A heap and a map beside
   *  it would cost less with ten thousands of priorities, and more, in garbage of the map, with hundreds that come and go. */
  readonly #levels: Level<C>[] = [];

  push(call: C): void {
    this.#queue(call.plan.priority).push(call);
  }

  /** Puts a call before all others of its priority: it had its turn and comes back. */
  unshift(call: C): void {
    this.#queue(call.plan.priority).unshift(call);
  }

  /** The call whose turn it is, left where it is. */
  peek(): C | undefined {
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      for (let call = level.queue.peek(); call !== undefined; call = level.queue.peek()) {
        if (call.waiting) return call;
        level.queue.shift();
      }
      // The last level stays: it is about to be used again.
      if (this.#levels.length === 1) return undefined;
      this.#levels.pop();
    }
    return undefined;
  }

  shift(): C | undefined {
    const call = this.peek();
    if (call !== undefined) this.#levels.at(-1)?.queue.shift();
    return call;
  }

  /** All calls that wait, in order. */
  *[Symbol.iterator](): IterableIterator<C> {
    for (const { queue } of this.#levels.toReversed()) for (const call of queue) if (call.waiting) yield call;
  }

  #queue(priority: number): RingQueue<C> {
    const levels = this.#levels;
    let from = 0;
    for (let to = levels.length; from < to; ) {
      const middle = (from + to) >> 1;
      const level = levels[middle] as Level<C>;
      if (level.priority === priority) return level.queue;
      if (level.priority < priority) from = middle + 1;
      else to = middle;
    }
    const queue = new RingQueue<C>();
    levels.splice(from, 0, { priority, queue });
    return queue;
  }
}
