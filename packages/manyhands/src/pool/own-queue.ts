/** Calls of keys that belong to one worker, waiting for it.
 *
 *  Guarantees: calls of one key come out in order, and where the worker runs several calls at once, one at a time; a
 *  key whose call runs holds up no other key; keys take turns. Priorities count among the calls that have no worker
 *  yet, not here: order within a key comes first. */
import { RingQueue } from "../base/ring-queue.js";
import type { Waiting } from "./backlog.js";

export class OwnQueue<C extends Waiting> {
  readonly #byKey = new Map<string, RingQueue<C>>();
  /** Keys with calls of which none is out, or of any number when they may run side by side. */
  readonly #ready = new RingQueue<string>();
  readonly #order: "one-at-a-time" | "any";
  readonly #out = new Set<string>();

  /** @param order `any` for a worker that runs one call at a time anyway, and may hold several. */
  constructor(order: "one-at-a-time" | "any") {
    this.#order = order;
  }

  push(key: string, call: C): void {
    const queue = this.#byKey.get(key);
    if (queue !== undefined) {
      queue.push(call);
      return;
    }
    const first = new RingQueue<C>();
    first.push(call);
    this.#byKey.set(key, first);
    if (!this.#out.has(key)) this.#ready.push(key);
  }

  /** Puts a call before all others of its key: it had its turn and comes back. */
  unshift(key: string, call: C): void {
    const queue = this.#byKey.get(key);
    if (queue === undefined) this.push(key, call);
    else queue.unshift(call);
  }

  /** The call whose turn it is. */
  peek(): C | undefined {
    for (let key = this.#ready.peek(); key !== undefined; key = this.#ready.peek()) {
      const queue = this.#out.has(key) ? undefined : this.#byKey.get(key);
      for (let call = queue?.peek(); call !== undefined; call = queue?.peek()) {
        if (call.waiting) return call;
        queue?.shift();
      }
      // Empty, or its turn comes again when its call is back.
      if (queue !== undefined) this.#byKey.delete(key);
      this.#ready.shift();
    }
    return undefined;
  }

  /** Takes the call that `peek` gave. */
  shift(): void {
    const key = this.#ready.peek();
    if (key === undefined) return;
    const queue = this.#byKey.get(key);
    queue?.shift();
    this.taken(key);
    this.#ready.shift();
    if (queue === undefined || queue.length === 0) this.#byKey.delete(key);
    // Behind the other keys, so that one with many calls does not keep them waiting.
    else if (this.#order === "any") this.#ready.push(key);
  }

  /** A call of the key was handed over without having waited here. */
  taken(key: string): void {
    if (this.#order === "one-at-a-time") this.#out.add(key);
  }

  /** The call of the key that was out is no longer. */
  returned(key: string): void {
    if (this.#out.delete(key) && this.#byKey.has(key)) this.#ready.push(key);
  }

  /** All that wait, key by key. */
  *[Symbol.iterator](): IterableIterator<C> {
    for (const queue of this.#byKey.values()) for (const call of queue) if (call.waiting) yield call;
  }

  /** Takes out all calls of a key. */
  drain(key: string): readonly C[] {
    const calls = [...(this.#byKey.get(key) ?? [])].filter((call) => call.waiting);
    // The key's place among the ready ones is passed over when its turn comes.
    this.#byKey.delete(key);
    return calls;
  }
}
