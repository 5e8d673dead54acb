/** What was asked for a call, checked once and not once for each call.
 *
 *  Guarantees: a wrong option is refused where it is given, before anything has happened. */
import { InvalidOptionError } from "../base/errors.js";
import { checkCount, checkDuration, checkNames, checkNumber, checkSignal, checkType } from "../base/options.js";
import type { CallOptions, MapOptions, RetryOptions, Transferable } from "../futures/mod.js";
import type { RetryPolicy } from "./retry.js";

export interface CallPlan {
  readonly signal: AbortSignal | undefined;
  readonly timeout: number | undefined;
  readonly queueTimeout: number | undefined;
  readonly grace: number;
  readonly priority: number;
  readonly retry: RetryPolicy | undefined;
  readonly onWorkerLoss: "fail" | "retry";
  readonly transfer: readonly Transferable[] | undefined;
  readonly key: string | undefined;
  /** How many calls to hand over together; 0: as measured. */
  readonly chunk: number;
  /** The number of its first attempt here: more than 1 when earlier ones were made elsewhere. */
  readonly attempt: number;
}

export interface MapPlan extends CallPlan {
  readonly order: "ordered" | "as-completed";
  readonly bufferSize: number | undefined;
}

const CALL_OPTIONS = [
  "signal",
  "timeout",
  "queueTimeout",
  "grace",
  "priority",
  "retries",
  "retryOnWorkerLoss",
  "transfer",
  "key",
] as const satisfies readonly (keyof CallOptions)[];
const MAP_OPTIONS = [
  ...CALL_OPTIONS,
  "ordered",
  "chunkSize",
  "bufferSize",
] as const satisfies readonly (keyof MapOptions)[];

export const DEFAULT_GRACE = 1000;

export const DEFAULT_PLAN: CallPlan = {
  signal: undefined,
  timeout: undefined,
  queueTimeout: undefined,
  grace: DEFAULT_GRACE,
  priority: 0,
  retry: undefined,
  onWorkerLoss: "fail",
  transfer: undefined,
  key: undefined,
  chunk: 0,
  attempt: 1,
};

/** `base` with what `options` says.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option. */
export function planCall(base: CallPlan, options: CallOptions): CallPlan {
  checkNames("A call", options, CALL_OPTIONS);
  return merge(base, options);
}

function merge(base: CallPlan, options: CallOptions): CallPlan {
  checkSignal("signal", options.signal);
  checkDuration("timeout", options.timeout);
  checkDuration("queueTimeout", options.queueTimeout);
  checkDuration("grace", options.grace);
  checkNumber("priority", options.priority);
  checkType("key", options.key, "string");
  checkType("retryOnWorkerLoss", options.retryOnWorkerLoss, "boolean");
  if (options.transfer !== undefined && !Array.isArray(options.transfer)) {
    throw new InvalidOptionError("transfer", "transfer must be an array of transferable objects");
  }
  const { retryOnWorkerLoss } = options;
  const loss = retryOnWorkerLoss === true ? "retry" : "fail";
  return {
    signal: options.signal ?? base.signal,
    timeout: options.timeout ?? base.timeout,
    queueTimeout: options.queueTimeout ?? base.queueTimeout,
    grace: options.grace ?? base.grace,
    priority: options.priority ?? base.priority,
    retry: options.retries === undefined ? base.retry : planRetry(options.retries),
    onWorkerLoss: retryOnWorkerLoss === undefined ? base.onWorkerLoss : loss,
    transfer: options.transfer ?? base.transfer,
    key: options.key ?? base.key,
    chunk: base.chunk,
    attempt: base.attempt,
  };
}

export function planMap(base: CallPlan, options: MapOptions): MapPlan {
  checkNames("A map", options, MAP_OPTIONS);
  checkType("ordered", options.ordered, "boolean");
  checkCount("bufferSize", options.bufferSize, 1);
  if (options.chunkSize !== "auto") checkCount("chunkSize", options.chunkSize, 1);
  return {
    ...merge(base, options),
    chunk: typeof options.chunkSize === "number" ? options.chunkSize : 0,
    order: options.ordered === false ? "as-completed" : "ordered",
    bufferSize: options.bufferSize,
  };
}

function planRetry(retries: number | RetryOptions): RetryPolicy | undefined {
  const options = typeof retries === "number" ? { limit: retries } : retries;
  checkCount("retries", options.limit, 0);
  if (options.limit === undefined) throw new InvalidOptionError("retries", "retries needs a limit");
  checkDuration("retries.delay", options.delay);
  checkNumber("retries.factor", options.factor);
  checkType("retries.jitter", options.jitter, "boolean");
  checkType("retries.when", options.when, "function");
  return {
    limit: options.limit,
    delay: options.delay ?? 0,
    factor: options.factor ?? 2,
    spread: options.jitter === true ? "jitter" : "none",
    when: options.when ?? (() => true),
  };
}
