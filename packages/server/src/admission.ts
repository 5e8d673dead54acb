/** Who may begin a call: one seat for each, taken before anything is done for it.
 *
 *  Guarantees: a seat that was taken is given back exactly once, however its call ends; what is refused leaves no trace;
 *  once draining, no seat is given, and {@link Admission.whenEmpty} settles when the last has come back. */
import type { Executor } from "manyhands";
import type { Limits } from "./limits.js";
import { RefusedError } from "./problem.js";

/** A place among the calls that are under way; disposing of it gives it back. */
export interface Seat extends Disposable {
  /** From here on the executor counts the call itself. */
  submitted(): void;
}

/** `open` → `draining`; there is no way back. */
export type AdmissionState = "open" | "draining";

/** The longest that a client is told to wait, in seconds. */
const LONGEST_WAIT = 60;

export class Admission {
  readonly #executor: Executor;
  readonly #limits: Limits;
  readonly #perClient = new Map<string, number>();
  readonly #whenEmpty: (() => void)[] = [];
  #state: AdmissionState = "open";
  #taken = 0;
  /** Seats whose calls the executor does not know yet. */
  #preparing = 0;

  constructor(executor: Executor, limits: Limits) {
    this.#executor = executor;
    this.#limits = limits;
  }

  get state(): AdmissionState {
    return this.#state;
  }

  /** Calls that are under way. */
  get taken(): number {
    return this.#taken;
  }

  /** A seat for a call of `client`.
   *  @throws RefusedError: `ERR_DRAINING`, `ERR_TOO_MANY_CALLS` or `ERR_QUEUE_FULL`. */
  enter(client: string): Seat {
    if (this.#state === "draining") {
      throw new RefusedError("ERR_DRAINING", "The server takes no more calls", { retryAfter: 1 });
    }
    const own = this.#perClient.get(client) ?? 0;
    if (own >= this.#limits.maxPerClient) {
      const detail = `${own} calls of this client have not ended; at most ${this.#limits.maxPerClient} may be under way`;
      throw new RefusedError("ERR_TOO_MANY_CALLS", detail, { retryAfter: 1 });
    }
    this.#checkQueue();
    this.#perClient.set(client, own + 1);
    this.#taken += 1;
    this.#preparing += 1;
    return this.#seat(client);
  }

  /** From now on no seat is given. */
  drain(): void {
    this.#state = "draining";
  }

  /** Until every seat has come back. */
  whenEmpty(): Promise<void> {
    if (this.#taken === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  #checkQueue(): void {
    const { maxQueue } = this.#limits;
    // The executor is asked only when there may be so many: what it counts of our calls is no more than our seats. (Of
    // another user of the same executor it knows more, and then is asked a little late.)
    if (this.#taken < maxQueue) return;
    const { queued, workers, run } = this.#executor.stats();
    const waiting = queued + this.#preparing;
    if (waiting < maxQueue) return;
    const seconds = Math.ceil((run.count === 0 ? 0 : run.sum / run.count / 1000) * (waiting / Math.max(workers, 1)));
    throw new RefusedError("ERR_QUEUE_FULL", `${waiting} calls wait for a worker; at most ${maxQueue} may`, {
      retryAfter: Math.min(Math.max(seconds, 1), LONGEST_WAIT),
    });
  }

  #seat(client: string): Seat {
    let state: "preparing" | "submitted" | "given-back" = "preparing";
    return {
      submitted: () => {
        if (state !== "preparing") return;
        state = "submitted";
        this.#preparing -= 1;
      },
      [Symbol.dispose]: () => {
        if (state === "given-back") return;
        if (state === "preparing") this.#preparing -= 1;
        state = "given-back";
        this.#giveBack(client);
      },
    };
  }

  #giveBack(client: string): void {
    const own = (this.#perClient.get(client) ?? 1) - 1;
    // Clients come and go: who has no call is forgotten.
    if (own === 0) this.#perClient.delete(client);
    else this.#perClient.set(client, own);
    this.#taken -= 1;
    if (this.#taken > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}
