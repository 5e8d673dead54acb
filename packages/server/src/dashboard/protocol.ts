/** What server and page of the dashboard say to each other: types only, so that both import this file.
 *
 *  - `GET /dashboard/hello` (open): {@link Hello}.
 *  - `GET /dashboard/stream?hub=ID&after=SEQ` as a WebSocket: {@link ToPage}, text frames. The page says nothing. The token
 *    goes along as protocols: `manyhands` and `token.` + base64url. With `hub` and `after` of the last message that it has, a page
 *    that reconnects gets the deltas behind that, if they are still kept and the hub is the same, else a snapshot.
 *  - `POST /dashboard/actions` with an {@link ActionRequest} as JSON: {@link ActionAnswer}, or a problem with `code` and `detail`.
 *  - `GET /dashboard/export/trace.json`, `GET /dashboard/export/report.html`: files, with `Authorization: Bearer`.
 *
 *  **Times** are ms since {@link Picture.origin}, by the server's clock, with three decimals; **durations** are ms. Numbers are
 *  finite; what is not known is null. **Texts** come from functions, errors and options of users: text, never markup.
 *
 *  **Sequence.** A connection begins with a snapshot, or with the delta behind the number that it named. Every delta has the
 *  number of the message before it and one more; a snapshot may come at any time, with any larger number, and replaces
 *  everything: that is how a page catches up that was too slow. `apply.ts` makes of a picture and a delta the next picture,
 *  the same here as there. */

/** The first that a page asks. */
export interface Hello {
  readonly product: "manyhands";
  /** The library's version. */
  readonly version: string;
  /** Whether the stream, actions and exports want a token. */
  readonly token: "needed" | "none";
}

// ── the stream ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export type ToPage = Snapshot | Delta | Farewell;

export interface Snapshot {
  readonly type: "snapshot";
  readonly seq: number;
  readonly picture: Picture;
}

export interface Delta {
  readonly type: "delta";
  readonly seq: number;
  readonly changes: Changes;
}

/** The last message: the picture stands as it is. The server closes the connection behind it. */
export interface Farewell {
  readonly type: "farewell";
  /** `run-ended`: what was watched is over (`manyhands map`); `server-ending`: it was asked to end, and may be started again. */
  readonly why: "run-ended" | "server-ending";
}

/** Everything that the page shows. */
export interface Picture {
  /** Of this server's life: random, another one after a restart. */
  readonly hub: string;
  /** What is watched. */
  readonly subject: Subject;
  /** Epoch ms of time 0: when the hub began. */
  readonly origin: number;
  /** ms between two ticks, each of which is a delta. */
  readonly tick: number;
  /** Rates, quantiles and slow calls are of so many ms. */
  readonly window: number;
  /** How many of each list are kept: the oldest of more are dropped, here as there. */
  readonly keeps: Keeps;
  /** When this picture was made. */
  readonly at: number;
  /** Of a map; null of a server. */
  readonly progress: Progress | null;
  readonly totals: Totals;
  readonly executors: readonly ExecutorRow[];
  /** In order of executor and row. A row is a worker's place: the worker that replaces another gets its row. */
  readonly workers: readonly WorkerRow[];
  /** In order of their ids. */
  readonly functions: readonly FunctionRow[];
  /** Calls that are at workers now, `keeps.running` at most: the open bars. */
  readonly running: readonly RunningCall[];
  /** Calls that have waited longest now, `keeps.waiting` at most. */
  readonly waiting: readonly WaitingCall[];
  /** Attempts that have ended, in the order in which that was heard; the last `keeps.bars`. */
  readonly bars: readonly Bar[];
  /** Bars that were left out because there were more than a delta holds, since the beginning. */
  readonly barsLeftOut: number;
  /** One of each tick, the last `keeps.samples`. */
  readonly samples: readonly Sample[];
  /** The slowest attempts of the window, the slowest first. */
  readonly slow: readonly SlowCall[];
  /** By error, the latest first. */
  readonly failures: readonly FailureGroup[];
}

/** What differs from the picture before. What is absent has not changed. */
export interface Changes {
  readonly at: number;
  readonly progress?: Progress | null;
  readonly totals?: Totals;
  /** The whole list anew, as of the next ones. */
  readonly executors?: readonly ExecutorRow[];
  readonly workers?: readonly WorkerRow[];
  readonly running?: readonly RunningCall[];
  readonly waiting?: readonly WaitingCall[];
  readonly slow?: readonly SlowCall[];
  readonly failures?: readonly FailureGroup[];
  /** Rows that are new or have changed: each takes the place of the one with its id, or comes to the end. */
  readonly functions?: readonly FunctionRow[];
  /** To be put at the end; `keeps.bars` of all stay. */
  readonly bars?: readonly Bar[];
  readonly barsLeftOut?: number;
  /** To be put at the end; `keeps.samples` of all stay. */
  readonly sample?: Sample;
}

export interface Keeps {
  readonly bars: number;
  readonly samples: number;
  readonly running: number;
  readonly waiting: number;
}

export type Subject =
  /** `manyhands serve`, or `serve()` in a program. */
  | { readonly kind: "server"; readonly title: string; readonly functions: readonly string[] }
  /** `manyhands map`. */
  | { readonly kind: "map"; readonly title: string; readonly target: string };

/** How far a map is. */
export interface Progress {
  readonly done: number;
  readonly failed: number;
  /** An estimate; null while there is none. */
  readonly total: number | null;
}

/** Of all executors, since the beginning. */
export interface Totals {
  readonly submitted: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Attempts that failed and were followed by another. */
  readonly retried: number;
  /** Workers that ended unasked. */
  readonly crashes: number;
}

/** Where calls run. Every executor of the server's thread is shown. */
export interface ExecutorRow {
  readonly id: number;
  readonly kind: "event-loop" | "thread" | "process" | "cluster";
  readonly name: string;
  /** Calls that wait. */
  readonly waiting: number;
  /** Calls that have been given to workers. */
  readonly atWorkers: number;
  /** What can be done to it; null when nothing can. */
  readonly control: Control | null;
}

export interface Control {
  readonly flow: "flowing" | "paused";
  /** What `size` counts: workers, or calls at once on the event loop. */
  readonly unit: "workers" | "calls";
  /** The most there may be; null: no limit. */
  readonly size: number | null;
}

export interface WorkerRow {
  /** Unique among all rows, and never given anew. */
  readonly row: number;
  /** {@link ExecutorRow.id} */
  readonly executor: number;
  /** Of the worker that is or was last in this row: `threads-3`. */
  readonly name: string;
  /** Thread or process id; null for the event loop, or when it could not be started. */
  readonly id: number | null;
  readonly state: "booting" | "idle" | "busy" | "gone";
  /** Calls that it runs at once at most; null: no limit. */
  readonly slots: number | null;
  /** Lanes that its bars take, at least 1: bars of one lane do not overlap. */
  readonly lanes: number;
  /** Calls that it has been given and that have not ended. */
  readonly held: number;
  /** The share of the last seconds in which it ran something, 0 to 1. */
  readonly utilisation: number;
  /** How long its event loop let the latest question wait, or has let it wait by now; null: not asked yet. */
  readonly loopDelay: number | null;
  /** Bytes that are in use on its heap; null: not told yet. */
  readonly heap: number | null;
  /** What it runs or is about to, the oldest; null when nothing. */
  readonly current: CurrentCall | null;
  /** Attempts that have ended in this row. */
  readonly runs: number;
  /** Workers that this row had before the present one. */
  readonly restarts: number;
  readonly lastCrash: Crash | null;
}

export interface CurrentCall {
  readonly call: number;
  /** {@link FunctionRow.id} */
  readonly fn: number;
  /** When it began; null when it has not, or nobody knows. */
  readonly startedAt: number | null;
}

export interface Crash {
  readonly at: number;
  readonly worker: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly cause: string | null;
}

/** One function on one executor. Counts since the beginning, the rest of the window. */
export interface FunctionRow {
  /** From 0, in the order in which they were met. */
  readonly id: number;
  readonly name: string;
  /** {@link ExecutorRow.id} */
  readonly executor: number;
  readonly submitted: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly retried: number;
  /** Attempts that ended a second. */
  readonly perSecond: number;
  readonly wait: Quantiles;
  readonly run: Quantiles;
}

/** Durations in ms; all 0 when `count` is. */
export interface Quantiles {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** An attempt that has been given to a worker and has not ended. */
export interface RunningCall {
  readonly call: number;
  /** {@link WorkerRow.row} */
  readonly row: number;
  readonly fn: number;
  readonly attempt: number;
  readonly submittedAt: number;
  readonly handedAt: number;
  /** null: it waits in its worker behind others, or nobody knows. */
  readonly startedAt: number | null;
}

export interface WaitingCall {
  readonly call: number;
  readonly fn: number;
  readonly executor: number;
  readonly submittedAt: number;
}

/** How an attempt ended; `retried`: it failed, and there will be another. */
export type Outcome = "succeeded" | "failed" | "cancelled" | "retried";

/** An attempt that has run and ended. */
export interface Bar {
  readonly call: number;
  /** {@link WorkerRow.row} */
  readonly row: number;
  /** From 0, below {@link WorkerRow.lanes}. */
  readonly lane: number;
  /** {@link FunctionRow.id} */
  readonly fn: number;
  readonly attempt: number;
  readonly submittedAt: number;
  readonly startedAt: number;
  readonly duration: number;
  readonly outcome: Outcome;
  /** {@link FailureGroup.id} of an attempt that failed. */
  readonly failure?: number;
}

/** One point of the strip charts: rates are of the time since the sample before, quantiles of the last seconds. */
export interface Sample {
  readonly at: number;
  /** Calls that ended, however, a second. */
  readonly perSecond: number;
  /** Attempts that failed a second, retried ones included. */
  readonly failedPerSecond: number;
  /** Calls that wait now. */
  readonly waiting: number;
  /** Calls at workers now. */
  readonly atWorkers: number;
  readonly busyWorkers: number;
  /** Null when no attempt began, or ended, in the last seconds. */
  readonly wait: Spread | null;
  readonly run: Spread | null;
}

export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface SlowCall {
  readonly call: number;
  readonly fn: number;
  readonly attempt: number;
  /** Name of the worker. */
  readonly worker: string;
  readonly startedAt: number;
  readonly duration: number;
}

/** Attempts of one function that failed with the same error, but for numbers and quoted texts in its message. */
export interface FailureGroup {
  readonly id: number;
  readonly fn: number;
  /** The error's name. */
  readonly name: string;
  readonly code: string | null;
  /** Of the last. */
  readonly message: string;
  readonly stack: string | null;
  readonly count: number;
  /** Of them, those after which the call was tried again. */
  readonly retried: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** The latest calls, at most five, the latest first. */
  readonly calls: readonly number[];
}

// ── actions ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type ActionRequest =
  /** A call that waits never starts; one that runs is stopped. */
  | { readonly action: "cancel"; readonly call: number }
  /** Calls that have not started wait; what runs goes on. */
  | { readonly action: "pause"; readonly executor: number }
  | { readonly action: "resume"; readonly executor: number }
  /** `size` from 1 on: workers, or calls at once on the event loop. Of fewer, those that are too many end what they run. */
  | { readonly action: "resize"; readonly executor: number; readonly size: number };

/** 200: it is done, or under way. Refusals are problems: 400 `ERR_BAD_REQUEST`, 404 `ERR_NO_CALL` (it has ended, or never was),
 *  404 `ERR_NO_EXECUTOR`, 409 `ERR_NOT_NOW` (it is shut down, or cannot do that). */
export interface ActionAnswer {
  readonly done: ActionRequest["action"];
}
