/** Makes jobs of calls: how many travel together, and as what.
 *
 *  Guarantees: a job holds calls of one map, in order, or one call; what cannot travel is alone with its error; no job is
 *  larger than the limit, unless the limit says so of one call. */
import { randomBytes } from "node:crypto";
import { type Call, type TravellingFunction, taskName } from "manyhands/engine";
import type { ClusterPlan } from "./cluster-options.js";
import { type JobEnvelope, pack } from "./envelope.js";
import { PayloadTooLargeError } from "./errors.js";
import type { RedisClock } from "./redis-clock.js";
import { sentFunction } from "./sent-function.js";
import { SentJob } from "./sent-job.js";

/** Items of one job, when nothing is said, and the work that they should be, in µs: the way through Redis costs some
 *  hundreds of µs for each job. */
export const JOB_SIZE = { most: 1000, work: 100_000 } as const;

/** Starts of a job that may be run again, when `retries` says nothing. */
const LOSSES = 3;

export type Made =
  | { readonly type: "job"; readonly job: SentJob; readonly bytes: number }
  | { readonly type: "refused"; readonly call: Call; readonly error: unknown };

export class JobMaker {
  readonly #plan: ClusterPlan;
  readonly #clock: RedisClock;
  /** Of a client that is started again, what its earlier life has sent may still be there. */
  readonly #life: string = randomBytes(5).toString("base64url");
  #made = 0;

  constructor(plan: ClusterPlan, clock: RedisClock) {
    this.#plan = plan;
    this.#clock = clock;
  }

  /** Puts calls together into jobs. @param capacity calls that the cluster runs at once. */
  *make(calls: readonly Call[], capacity: number): IterableIterator<Made> {
    for (let at = 0; at < calls.length; ) {
      const group = groupAt(calls, at, capacity);
      at += group.length;
      yield* this.#jobsOf(group);
    }
  }

  /** Id of a job whose call was given one. */
  idOf(call: Call, given: string): string {
    return `${this.#plan.client}.${given}${call.attempt > 1 ? `~${call.attempt}` : ""}`;
  }

  /** One job, or smaller ones when it would be too large. @param id when it was given one. */
  *#jobsOf(calls: readonly Call[], id: string = this.#nextId()): IterableIterator<Made> {
    const [first] = calls;
    if (first === undefined) return;
    try {
      const bytes = pack(this.#envelope(calls, first));
      if (bytes.length <= this.#plan.maxPayload) return yield this.#job(id, calls, bytes);
      const error = new PayloadTooLargeError(
        `The arguments of ${taskName(first.task)}`,
        bytes.length,
        this.#plan.maxPayload,
      );
      if (calls.length === 1) return yield { type: "refused", call: first, error };
    } catch (error) {
      if (calls.length === 1) return yield { type: "refused", call: first, error };
    }
    const half = Math.ceil(calls.length / 2);
    yield* this.#jobsOf(calls.slice(0, half));
    yield* this.#jobsOf(calls.slice(half));
  }

  /** The job of a call that was given its id. */
  *named(call: Call, given: string): IterableIterator<Made> {
    yield* this.#jobsOf([call], this.idOf(call, given));
  }

  #job(id: string, calls: readonly Call[], bytes: Buffer): Made {
    return { type: "job", job: new SentJob(id, calls, bytes.toString("base64")), bytes: bytes.length };
  }

  #nextId(): string {
    this.#made += 1;
    return `${this.#plan.client}.${this.#life}-${this.#made.toString(36)}`;
  }

  #envelope(calls: readonly Call[], first: Call): JobEnvelope {
    const { plan } = first;
    const { keep, client, maxPayload } = this.#plan;
    return {
      how: first.sink === undefined ? "call" : "items",
      fn: sentFunction(first.target as TravellingFunction),
      name: taskName(first.task),
      count: calls.reduce((sum, { count }) => sum + count, 0),
      args: calls.length === 1 ? first.args : calls.flatMap(({ args }) => args),
      timeout: plan.timeout,
      grace: plan.grace,
      attempt: first.attempt,
      key: plan.key,
      // Attempts that this client has seen end count, too.
      starts: plan.onWorkerLoss === "fail" ? 1 : Math.max(1, (plan.retry?.limit ?? LOSSES) + 2 - first.attempt),
      at: this.#clock.now(),
      client,
      keep,
      maxPayload,
    };
  }
}

/** The calls from `at` on that travel as one job. */
function groupAt(calls: readonly Call[], at: number, capacity: number): readonly Call[] {
  const first = calls[at] as Call;
  if (first.sink === undefined) return [first];
  const most = itemsOfJob(first, calls.length - at, capacity);
  let items = first.count;
  let end = at + 1;
  for (let next = calls[end]; next !== undefined && belongs(first, next); next = calls[end]) {
    if (items + next.count > most) break;
    items += next.count;
    end += 1;
  }
  return calls.slice(at, end);
}

function belongs(first: Call, next: Call): boolean {
  return (
    next.sink === first.sink &&
    next.target === first.target &&
    next.attempt === first.attempt &&
    next.arity === first.arity
  );
}

/** As many as were asked for, or as are worth the way; but not so many that some agents would have nothing to do. */
function itemsOfJob(first: Call, waiting: number, capacity: number): number {
  const { chunk } = first.plan;
  if (chunk > 0) return chunk;
  const share = Math.ceil((waiting * first.count) / Math.max(1, capacity));
  return Math.min(JOB_SIZE.most, first.order.profile.within(JOB_SIZE.work), Math.max(1, share));
}
