/** Every error this library throws: one class per situation, each with a literal `code`.
 *
 *  Guarantees: all but {@link InvalidOptionError} extend {@link ManyhandsError}; `code` never changes between releases; the message says what
 *  happened, where, and what to do; the underlying error, where there is one, is the `cause`. */

/** The root of all errors of this library. Catch it to tell our failures from a task's own.
 *
 *  @example
 *  ```ts
 *  try { await future; } catch (error) { if (error instanceof ManyhandsError) console.error(error.code); }
 *  ``` */
export abstract class ManyhandsError<Code extends string = string> extends Error {
  /** A stable identifier of the situation, such as `"ERR_TIMEOUT"`. */
  readonly code: Code;

  constructor(name: string, code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    // Not this.constructor.name: minifiers rename classes, and the name is what people search for.
    Object.defineProperty(this, "name", { value: name, configurable: true, writable: true });
  }
}

/** The call was cancelled before it gave a result; `cause` is the reason given to `cancel`, `abort` or the signal. */
export class CancelledError extends ManyhandsError<"ERR_CANCELLED"> {
  constructor(message = "The call was cancelled", options?: ErrorOptions) {
    super("CancelledError", "ERR_CANCELLED", message, options);
  }
}

/** Running time, or the time of a wait, ran out. */
export class TimeoutError extends ManyhandsError<"ERR_TIMEOUT"> {
  constructor(message: string, options?: ErrorOptions) {
    super("TimeoutError", "ERR_TIMEOUT", message, options);
  }
}

/** The call waited longer than its `queueTimeout` for a worker, and never started. */
export class QueueTimeoutError extends ManyhandsError<"ERR_QUEUE_TIMEOUT"> {
  constructor(message: string, options?: ErrorOptions) {
    super("QueueTimeoutError", "ERR_QUEUE_TIMEOUT", message, options);
  }
}

/** The executor cannot run anything any more: its initializer failed, or its workers die as soon as they start. */
export class BrokenExecutorError extends ManyhandsError<"ERR_BROKEN_EXECUTOR"> {
  constructor(message: string, options?: ErrorOptions) {
    super("BrokenExecutorError", "ERR_BROKEN_EXECUTOR", message, options);
  }
}

/** How a worker ended, as {@link WorkerExitedError} reports it. */
export interface WorkerExit {
  /** The worker's name, such as `"pool-2"`. */
  readonly worker: string;
  /** Thread id or process id; `undefined` when it never started. */
  readonly id: number | undefined;
  /** The exit code; `null` when a signal ended it. */
  readonly exitCode: number | null;
  /** The signal that ended it, such as `"SIGKILL"`; `null` for an ordinary exit. */
  readonly signal: string | null;
  /** The task that was on it; `undefined` when there was none. */
  readonly task: string | undefined;
}

/** The worker ended while the call was on it. The call is not run again unless `retryOnWorkerLoss` asks for it. */
export class WorkerExitedError extends ManyhandsError<"ERR_WORKER_EXITED"> implements WorkerExit {
  readonly worker: string;
  readonly id: number | undefined;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly task: string | undefined;

  constructor(exit: WorkerExit, options?: ErrorOptions) {
    const how = exit.signal === null ? `exit code ${exit.exitCode}` : `signal ${exit.signal}`;
    const why = options?.cause instanceof Error ? `: ${options.cause.message}` : "";
    const what = exit.task === undefined ? "" : ` while it ran ${exit.task}`;
    super(
      "WorkerExitedError",
      "ERR_WORKER_EXITED",
      `Worker ${exit.worker} (id ${exit.id ?? "none"}) ended with ${how}${what}${why}`,
      options,
    );
    this.worker = exit.worker;
    this.id = exit.id;
    this.exitCode = exit.exitCode;
    this.signal = exit.signal;
    this.task = exit.task;
  }
}

/** The executor was shut down or terminated, and takes no more work. */
export class ShutdownError extends ManyhandsError<"ERR_SHUTDOWN"> {
  constructor(message = "Cannot submit: the executor was shut down", options?: ErrorOptions) {
    super("ShutdownError", "ERR_SHUTDOWN", message, options);
  }
}

/** The object is in a state that does not allow the operation, such as a future settled twice. */
export class InvalidStateError extends ManyhandsError<"ERR_INVALID_STATE"> {
  constructor(message: string, options?: ErrorOptions) {
    super("InvalidStateError", "ERR_INVALID_STATE", message, options);
  }
}

/** What does not fit the life cycle of a thread or process, as {@link LifeCycleError} tells it. */
export type LifeCycleCode =
  | "ERR_ALREADY_STARTED"
  | "ERR_NOT_STARTED"
  /** A thread or process was asked to wait for itself. */
  | "ERR_JOINS_ITSELF"
  /** Only the thread that started a thread can wait for it. */
  | "ERR_NOT_THE_STARTER"
  | "ERR_STILL_ALIVE"
  | "ERR_CLOSED";

/** A thread or process is not in the state that the operation needs; `code` says which. */
export class LifeCycleError extends ManyhandsError<LifeCycleCode> {
  constructor(code: LifeCycleCode, message: string, options?: ErrorOptions) {
    super("LifeCycleError", code, message, options);
  }
}

/** What may be given as the status of an exit: a whole number, a text that is told on the standard error output, or
 *  whether it went wrong. */
export type ExitStatus = number | string | boolean | null | undefined;

/** Thrown to end a thread or process from any depth, in good order: `finally` blocks run, the target has ended with it.
 *
 *  A process ends with the number as its exit code; 0 for `false`, `null`, `undefined` and nothing at all; 1 for `true` and
 *  for a text, which is written to its standard error output. A thread just ends, and nothing is reported.
 *  @example
 *  ```ts
 *  if (!existsSync(file)) throw new SystemExit(`${file} is missing`);
 *  ``` */
export class SystemExit extends ManyhandsError<"ERR_SYSTEM_EXIT"> {
  readonly status: ExitStatus;

  constructor(status?: ExitStatus, options?: ErrorOptions) {
    super("SystemExit", "ERR_SYSTEM_EXIT", `Exit with status ${status ?? 0}`, options);
    this.status = status;
  }
}

/** An option or argument is outside what it may be. The one error that is not a {@link ManyhandsError}: a wrong
 *  argument is a `RangeError` everywhere else in the language, and a caller who checks for that must find it. */
export class InvalidOptionError extends RangeError {
  readonly code = "ERR_INVALID_OPTION";
  /** The option's name, such as `"maxWorkers"`. */
  readonly option: string;

  constructor(option: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "InvalidOptionError";
    this.option = option;
  }
}

/** The function uses a variable of its surroundings, which does not exist in a worker. */
export class ClosureError extends ManyhandsError<"ERR_CLOSURE"> {
  /** The captured variables, in order of first use. */
  readonly variables: readonly string[];
  constructor(message: string, variables: readonly string[], options?: ErrorOptions) {
    super("ClosureError", "ERR_CLOSURE", message, options);
    this.variables = variables;
  }
}

/** The function cannot be referred to or found: its module or export is missing, throws, or is no function. */
export class FunctionRefError extends ManyhandsError<"ERR_FUNCTION_REF"> {
  constructor(message: string, options?: ErrorOptions) {
    super("FunctionRefError", "ERR_FUNCTION_REF", message, options);
  }
}

/** A value cannot travel to or from a worker; `path` names the culprit, such as `args[0].onClick`. */
export class SerializationError extends ManyhandsError<"ERR_SERIALIZATION"> {
  readonly path: string;
  constructor(path: string, message: string, options?: ErrorOptions) {
    super("SerializationError", "ERR_SERIALIZATION", message, options);
    this.path = path;
  }
}

/** A task failed with something that could not be rebuilt on this side; the message is its text. */
export class RemoteError extends ManyhandsError<"ERR_REMOTE"> {
  constructor(message: string, options?: ErrorOptions) {
    super("RemoteError", "ERR_REMOTE", message, options);
  }
}

/** Whoever held the object died without releasing it. The caller does not hold it; it is free again, and what it protects may
 *  be half changed. */
export class AbandonedError extends ManyhandsError<"ERR_ABANDONED"> {
  constructor(message: string, options?: ErrorOptions) {
    super("AbandonedError", "ERR_ABANDONED", message, options);
  }
}

/** Only the owner may do this, and the caller is not the owner. */
export class NotOwnerError extends ManyhandsError<"ERR_NOT_OWNER"> {
  constructor(message: string, options?: ErrorOptions) {
    super("NotOwnerError", "ERR_NOT_OWNER", message, options);
  }
}

/** Nobody holds the lock that was to be released. */
export class NotLockedError extends ManyhandsError<"ERR_NOT_LOCKED"> {
  constructor(message: string, options?: ErrorOptions) {
    super("NotLockedError", "ERR_NOT_LOCKED", message, options);
  }
}

/** More was released than may be held at once. */
export class OverReleaseError extends ManyhandsError<"ERR_OVER_RELEASE"> {
  constructor(message: string, options?: ErrorOptions) {
    super("OverReleaseError", "ERR_OVER_RELEASE", message, options);
  }
}

/** Not all parties of the barrier can come any more: one gave up or died, or it was aborted or reset. */
export class BrokenBarrierError extends ManyhandsError<"ERR_BROKEN_BARRIER"> {
  constructor(message: string, options?: ErrorOptions) {
    super("BrokenBarrierError", "ERR_BROKEN_BARRIER", message, options);
  }
}

/** The process or thread that owns a shared object has ended, or has let go of the object; nothing that is asked of it will be
 *  answered. Whether an operation that was under way has been performed is unknown. */
export class OwnerGoneError extends ManyhandsError<"ERR_OWNER_GONE"> {
  constructor(message: string, options?: ErrorOptions) {
    super("OwnerGoneError", "ERR_OWNER_GONE", message, options);
  }
}

/** Nobody can receive what was sent: the other end is gone. */
export class BrokenPipeError extends ManyhandsError<"ERR_BROKEN_PIPE"> {
  constructor(message = "Cannot send: the other end of the connection is closed", options?: ErrorOptions) {
    super("BrokenPipeError", "ERR_BROKEN_PIPE", message, options);
  }
}

/** An invariant of this library does not hold: a defect here, never in the caller's code. Please report it. */
export class InvariantError extends ManyhandsError<"ERR_INVARIANT"> {
  constructor(message: string, options?: ErrorOptions) {
    super("InvariantError", "ERR_INVARIANT", message, options);
  }
}
