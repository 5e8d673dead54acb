/** Where the next call goes. A pure decision, so that scheduling is tested without workers. */

/** A worker as the decision sees it. */
export interface Candidate {
  readonly held: number;
  /** Whether it takes the call now. */
  readonly takes: boolean;
  /** When it was last given something; larger is later. */
  readonly lastUsed: number;
}

export interface View<C extends Candidate> {
  readonly serving: readonly C[];
  readonly booting: number;
  /** Workers of all kinds that count against the maximum. */
  readonly live: number;
  readonly max: number;
  /** Calls that wait, the one to be placed included. */
  readonly waiting: number;
  /** Expected running time of the one to be placed, in µs. */
  readonly cost: number;
}

export type Placement<C> =
  | { readonly do: "assign"; readonly worker: C; readonly most: number }
  | { readonly do: "spawn" }
  | { readonly do: "wait" };

/** An idle worker first, the one used last: it is still awake, and waking a sleeper costs more than a small call. Then
 *  a new worker while there may be more; but not for calls that workers on their way up will take. Then the least
 *  loaded of those that take calls ahead of their turn.
 *
 *  A batch takes at most its share of what waits, so that one worker is not given all while others have nothing; but not
 *  less than is worth a crossing, or small calls would cost the more the more workers there are. */
export function place<C extends Candidate>(view: View<C>): Placement<C> {
  let best: C | undefined;
  let taking = 0;
  for (const worker of view.serving) {
    if (!worker.takes) continue;
    taking += 1;
    if (best === undefined || better(worker, best)) best = worker;
  }
  if (best !== undefined) {
    const shares = taking + view.booting;
    const least = Math.floor(CROSSING / view.cost);
    return { do: "assign", worker: best, most: Math.max(1, least, Math.ceil(view.waiting / shares)) };
  }
  return view.live < view.max && view.waiting > view.booting ? { do: "spawn" } : { do: "wait" };
}

/** Work that is not shared out any further, in µs: waking one more worker for half of it would cost more. */
const CROSSING = 100;

function better(a: Candidate, b: Candidate): boolean {
  if (a.held !== b.held) return a.held < b.held;
  return a.lastUsed > b.lastUsed;
}
