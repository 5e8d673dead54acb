/** What executors tell over `manyhands:task` and `manyhands:worker`: two closed unions.
 *
 *  Times (`at`, `startedAt`) are ms since the Unix epoch by the monotonic clock (`performance.timeOrigin + performance.now()`) of
 *  the thread or process in which it happened; in a double they are good to a quarter of a microsecond. */
import type { Adjustable, ExecutorKind } from "../futures/mod.js";

/** The executor that a message is about: the same object in all its messages. A copy of it, such as `structuredClone` or JSON make,
 *  has its facts and not its methods. */
export interface WatchedExecutor {
  /** Unique in this thread; names need not be. */
  readonly id: number;
  readonly kind: ExecutorKind;
  readonly name: string;
  /** Its controls; absent where there are none. */
  adjustable?(): Adjustable;
  /** Stops a call that was told of: one that waits never starts, one that runs is asked to end, and made to after its `grace`.
   *  @param call its number. @returns false when it has ended, or is none of this executor's. */
  abort?(call: number, reason?: unknown): boolean;
}

/** A call that a worker has been given, and that has not ended. */
export interface HeldCall {
  readonly id: number;
  readonly attempt: number;
  /** Epoch ms; `undefined` when it has not begun. */
  readonly startedAt: number | undefined;
}

/** How a worker is. */
export interface WorkerVitals {
  /** Bytes in use: of a thread, or the event loop, its heap with what belongs to it; of a process all its memory. `undefined` until it has
   *  answered once. */
  readonly memory: number | undefined;
  /** How long its event loop let the latest question wait, in ms, or has let it wait by now if that is longer. */
  readonly loopDelay: number | undefined;
}

/** The worker that a message is about: the same object in all its messages. Of copies see {@link WatchedExecutor}. */
export interface WatchedWorker {
  readonly executor: WatchedExecutor;
  /** Such as `"threads-1"`; unique in its executor. */
  readonly name: string;
  /** Thread or process id; 0 for the event loop, `undefined` for a process that could not be started. */
  readonly id: number | undefined;
  /** Calls that it runs at once at most. */
  readonly slots: number;
  /** Those of its calls that were told of, in the order in which it was given them; looked up as they are asked for. */
  held?(): Iterable<HeldCall>;
  /** Asks it how it is, unless it has still to answer the question before.
   *  @returns what is known by now: the first time nothing. */
  examine?(): WorkerVitals;
}

/** One attempt that has begun. */
export interface TaskRun {
  readonly worker: WatchedWorker;
  /** Told by the worker. */
  readonly startedAt: number;
  /** In ms. */
  readonly duration: number;
}

interface OfTask {
  /** Unique in this thread. */
  readonly id: number;
  /** The function's name, or `module#export`. */
  readonly task: string;
  readonly executor: WatchedExecutor;
  readonly submittedAt: number;
  /** When what is told happened. */
  readonly at: number;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
}

/** The call was submitted. It is told in the very line that submits it, in its asynchronous context. */
export interface TaskSubmitted extends OfTask {
  readonly type: "submitted";
  readonly args: number;
  /** Bytes of its strings (two for each unit) and binary arguments; what stands inside objects is not counted. */
  readonly argBytes: number;
  /** Its place in its map, from 0. */
  readonly item: number | undefined;
}

/** The call was given to a worker, where it may wait behind others. */
export interface TaskHanded extends OfTask {
  readonly type: "handed";
  readonly worker: WatchedWorker;
}

/** The call has come back from its worker without having run, and waits again. */
export interface TaskReturned extends OfTask {
  readonly type: "returned";
}

/** The call began to run, at `at`. Workers do not announce that: it is told when the attempt has ended. */
export interface TaskStarted extends OfTask {
  readonly type: "started";
  readonly worker: WatchedWorker;
}

/** The attempt has failed, and there will be another. */
export interface TaskRetrying extends OfTask {
  readonly type: "retrying";
  readonly error: unknown;
  /** ms until it waits for a worker again. */
  readonly delay: number;
  /** `undefined` when it never began. */
  readonly run: TaskRun | undefined;
}

/** The call is over. Told once for each that was submitted. */
export type TaskEnded = OfTask & {
  readonly type: "ended";
  /** The last attempt; `undefined` when it never began, or nobody knows. */
  readonly run: TaskRun | undefined;
} & (
    | {
        readonly outcome: "succeeded";
        /** Counted as those of arguments are. */
        readonly resultBytes: number;
      }
    | { readonly outcome: "failed" | "cancelled"; readonly error: unknown }
  );

/** A message of `manyhands:task`. */
export type TaskMessage = TaskSubmitted | TaskHanded | TaskReturned | TaskStarted | TaskRetrying | TaskEnded;

interface OfWorker {
  readonly worker: WatchedWorker;
  readonly at: number;
}

/** The worker is being started. */
export interface WorkerStarted extends OfWorker {
  readonly type: "started";
}

/** The worker takes calls: its initializer, if any, has run. */
export interface WorkerReady extends OfWorker {
  readonly type: "ready";
}

/** The worker is to give way to another: it is too old, has too much memory, or has used up its calls. */
export interface WorkerReplaced extends OfWorker {
  readonly type: "replaced";
  readonly why: "age" | "memory" | "calls";
}

/** The worker has ended as it was told to. */
export interface WorkerExited extends OfWorker {
  readonly type: "exited";
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** The worker has ended of itself, or was ended by others. */
export interface WorkerCrashed extends OfWorker {
  readonly type: "crashed";
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What ended it, where known. */
  readonly cause: unknown;
}

/** A message of `manyhands:worker`. Each worker starts once, and exits or crashes once. */
export type WorkerMessage = WorkerStarted | WorkerReady | WorkerReplaced | WorkerExited | WorkerCrashed;
