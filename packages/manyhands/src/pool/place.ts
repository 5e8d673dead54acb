/** Where the next call goes. A pure decision, so that scheduling is tested without workers. */

/** A worker as the decision sees it. */
export interface Candidate {
  readonly held: number;
  /** Whether it takes the call now. */
  readonly takes: boolean;
  /** When it was last given something; larger is later. */
  readonly lastUsed: number;
  /** Expected time of what it holds, in µs. */
  readonly expected: number;
  /** Whether it has been silent for too long to be believed to run what is short. */
  readonly silent: boolean;
}

export interface View<C extends Candidate> {
  readonly serving: readonly C[];
  /** Workers on their way up that hold nothing. */
  readonly booting: number;
  /** One on its way up that may be handed the call now. */
  readonly ahead: C | undefined;
  /** Workers of all kinds that count against the maximum. */
  readonly live: number;
  readonly max: number;
  /** Calls that wait, the one to be placed included. */
  readonly waiting: number;
  /** Expected running time of the one to be placed, in µs. */
  readonly cost: number;
  /** Cores of the machine. */
  readonly cores: number;
}

export type Placement<C> =
  | { readonly do: "assign"; readonly worker: C; readonly most: number }
  | { readonly do: "spawn" }
  | { readonly do: "wait" };

/** An idle worker first, the one used last: it is still awake, and waking a sleeper costs more than a small call. Then
 *  one that boots, if it may be handed the call already, and a new worker while there may be more; but not for calls that workers
 *  on their way up will take. Then the least loaded of those that take calls ahead of their turn.
 *
 *  A batch takes at most its share of what waits, so that one worker is not given all while others have nothing; but not
 *  less than is worth a crossing, or small calls would cost the more the more workers there are. For the same reason short
 *  calls go to as many workers as there are cores and no more: such calls compute, for nothing can be waited for in so short
 *  a time, and one more worker would have to be woken, and have its code compiled, to get nothing done sooner. */
export function place<C extends Candidate>(view: View<C>): Placement<C> {
  const crowded = view.cost <= SHORT && computing(view.serving) >= view.cores;
  let best: C | undefined;
  let taking = 0;
  for (const worker of view.serving) {
    if (!worker.takes || (crowded && worker.held === 0)) continue;
    taking += 1;
    if (best === undefined || better(worker, best)) best = worker;
  }
  if (best !== undefined) {
    const able = taking + view.booting;
    const shares = view.cost <= SHORT ? Math.min(able, view.cores) : able;
    const least = Math.floor(CROSSING / view.cost);
    return { do: "assign", worker: best, most: Math.max(1, least, Math.ceil(view.waiting / shares)) };
  }
  if (view.ahead !== undefined) return { do: "assign", worker: view.ahead, most: 1 };
  return !crowded && view.live < view.max && view.waiting > view.booting ? { do: "spawn" } : { do: "wait" };
}

/** Workers that have short calls to compute and nothing else. */
function computing(workers: readonly Candidate[]): number {
  let count = 0;
  for (const { held, expected, silent } of workers) if (held > 0 && !silent && expected <= SHORT * held) count += 1;
  return count;
}

/** What is called short, in µs. */
const SHORT = 50;

/** Work that is not shared out any further, in µs: waking one more worker for half of it would cost more. */
const CROSSING = 100;

function better(a: Candidate, b: Candidate): boolean {
  if (a.held !== b.held) return a.held < b.held;
  return a.lastUsed > b.lastUsed;
}
