/** What can go wrong between machines: a class apart from a task's own errors.
 *
 *  Guarantees: each extends `ManyhandsError` with a literal `code`, and arrives at the client as what it is. */
import { ManyhandsError } from "manyhands";
import { rememberOwn } from "manyhands/engine";

/** Redis could not be reached for so long that the call was given up. It may still be run, if it had got there unnoticed. */
export class ClusterUnavailableError extends ManyhandsError<"ERR_CLUSTER_UNAVAILABLE"> {
  constructor(message: string, options?: ErrorOptions) {
    super("ClusterUnavailableError", "ERR_CLUSTER_UNAVAILABLE", message, options);
  }
}

/** The agent that ran the call is gone, or was for longer than its lock lasted. The call is not run again unless
 *  `retryOnWorkerLoss` asks for it; how far it got nobody knows. */
export class WorkerLostError extends ManyhandsError<"ERR_WORKER_LOST"> {
  /** The agent, if it is known. */
  readonly agent: string | undefined;
  readonly task: string;

  constructor(agent: string | undefined, task: string, options?: ErrorOptions) {
    const who = agent === undefined ? "The agent" : `Agent ${agent}`;
    const message = `${who} was lost while it ran ${task}; it is not run again unless retryOnWorkerLoss is set`;
    super("WorkerLostError", "ERR_WORKER_LOST", message, options);
    this.agent = agent;
    this.task = task;
  }
}

/** Redis does not have the call any more, nor its outcome: it was evicted, deleted, or lost with what Redis had not yet
 *  written to disk. Whether it ran nobody knows. */
export class TaskLostError extends ManyhandsError<"ERR_TASK_LOST"> {
  /** Id of the job in the queue. */
  readonly job: string;
  readonly task: string;

  constructor(job: string, task: string, options?: ErrorOptions) {
    const message = `Redis lost ${task} (job ${job}): check that AOF is on and maxmemory-policy is noeviction`;
    super("TaskLostError", "ERR_TASK_LOST", message, options);
    this.job = job;
    this.task = task;
  }
}

/** The agent has another version of the module than the client. */
export class VersionMismatchError extends ManyhandsError<"ERR_VERSION_MISMATCH"> {
  readonly module: string;
  /** Hashes of the module's text. */
  readonly expected: string;
  readonly found: string;

  constructor(agent: string, module: string, expected: string, found: string, options?: ErrorOptions) {
    const message =
      `Agent ${agent} has another version of ${module} (${found} instead of ${expected}): ` +
      "deploy the same files to agents and clients, and start the agents anew";
    super("VersionMismatchError", "ERR_VERSION_MISMATCH", message, options);
    this.module = module;
    this.expected = expected;
    this.found = found;
  }
}

/** The agent does not serve this function. */
export class NotServedError extends ManyhandsError<"ERR_NOT_SERVED"> {
  constructor(message: string, options?: ErrorOptions) {
    super("NotServedError", "ERR_NOT_SERVED", message, options);
  }
}

/** Arguments or a result are larger than may travel through Redis. */
export class PayloadTooLargeError extends ManyhandsError<"ERR_PAYLOAD_TOO_LARGE"> {
  /** In bytes, as they would have travelled. */
  readonly size: number;
  readonly limit: number;

  constructor(what: string, size: number, limit: number, options?: ErrorOptions) {
    const message =
      `${what} take ${size} bytes and the limit is ${limit}: pass a reference instead (a path, a URL, a key), ` +
      "or raise maxPayload";
    super("PayloadTooLargeError", "ERR_PAYLOAD_TOO_LARGE", message, options);
    this.size = size;
    this.limit = limit;
  }
}

/** Makes these classes known to whoever decodes errors here. */
export function rememberClusterErrors(): void {
  rememberOwn([
    ClusterUnavailableError,
    WorkerLostError,
    TaskLostError,
    VersionMismatchError,
    NotServedError,
    PayloadTooLargeError,
  ]);
}
