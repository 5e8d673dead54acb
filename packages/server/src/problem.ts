/** What is answered instead of a result: `application/problem+json` (RFC 9457).
 *
 *  Guarantees: every status this server answers with stands in one of the two tables here; no stack leaves the server
 *  unless it was started for development; `code` never changes between releases. */
import { ManyhandsError } from "manyhands";
import type { ErrorForm } from "./json-form.js";
import { errorForm } from "./json-form.js";

/** Why this server refuses a request. */
export type RefusalCode =
  | "ERR_BAD_REQUEST"
  | "ERR_INVALID_ARGUMENTS"
  | "ERR_UNAUTHORIZED"
  | "ERR_HOST_REFUSED"
  | "ERR_ORIGIN_REFUSED"
  | "ERR_NO_FUNCTION"
  | "ERR_NO_JOB"
  | "ERR_NO_CALL"
  | "ERR_NO_EXECUTOR"
  | "ERR_NOT_NOW"
  | "ERR_NOT_FOUND"
  | "ERR_METHOD"
  | "ERR_BODY_TIMEOUT"
  | "ERR_BODY_TOO_LARGE"
  | "ERR_MEDIA_TYPE"
  | "ERR_UPGRADE"
  | "ERR_TOO_MANY_CALLS"
  | "ERR_RATE"
  | "ERR_INTERNAL"
  | "ERR_QUEUE_FULL"
  | "ERR_DRAINING";

/** A status, and what it means here. */
type Meaning = readonly [status: number, title: string];

/** What each refusal is answered with. */
export const REFUSALS: Readonly<Record<RefusalCode, Meaning>> = {
  ERR_BAD_REQUEST: [400, "The request cannot be read"],
  ERR_INVALID_ARGUMENTS: [400, "The arguments are not what the function takes"],
  ERR_UNAUTHORIZED: [401, "The token is missing or wrong"],
  ERR_HOST_REFUSED: [403, "The Host header does not name this server"],
  ERR_ORIGIN_REFUSED: [403, "Pages of other origins may not call this server"],
  ERR_NO_FUNCTION: [404, "There is no such function"],
  ERR_NO_JOB: [404, "There is no such job"],
  ERR_NO_CALL: [404, "There is no such call"],
  ERR_NO_EXECUTOR: [404, "There is no such executor"],
  ERR_NOT_NOW: [409, "That cannot be done now"],
  ERR_NOT_FOUND: [404, "There is nothing here"],
  ERR_METHOD: [405, "This path is not asked that way"],
  ERR_BODY_TIMEOUT: [408, "The body did not arrive in time"],
  ERR_BODY_TOO_LARGE: [413, "The body is too large"],
  ERR_MEDIA_TYPE: [415, "The body is not of a type that is read here"],
  ERR_UPGRADE: [426, "This path is for WebSockets"],
  ERR_TOO_MANY_CALLS: [429, "This client has too many calls at once"],
  ERR_RATE: [429, "This client calls too often"],
  ERR_INTERNAL: [500, "The server failed"],
  ERR_QUEUE_FULL: [503, "There is too much to do"],
  ERR_DRAINING: [503, "The server is ending"],
};

/** Why a call gave no result: codes of the library's errors, and one for all that the function itself throws. */
export type FailureCode =
  | "ERR_TIMEOUT"
  | "ERR_QUEUE_TIMEOUT"
  | "ERR_CANCELLED"
  | "ERR_SHUTDOWN"
  | "ERR_BROKEN_EXECUTOR"
  | "ERR_WORKER_EXITED"
  | "ERR_SERIALIZATION"
  | "ERR_FUNCTION_REF"
  | "ERR_TASK_FAILED";

/** What each failure is answered with. */
export const FAILURES: Readonly<Record<FailureCode, Meaning>> = {
  ERR_TIMEOUT: [504, "The call took too long, and was stopped"],
  ERR_QUEUE_TIMEOUT: [503, "The call waited too long for a worker"],
  ERR_CANCELLED: [503, "The call was cancelled"],
  ERR_SHUTDOWN: [503, "The executor takes no more calls"],
  ERR_BROKEN_EXECUTOR: [503, "The executor is broken"],
  ERR_WORKER_EXITED: [503, "The worker ended while the call was on it"],
  ERR_SERIALIZATION: [500, "The result cannot be sent"],
  ERR_FUNCTION_REF: [500, "The function cannot be loaded in a worker"],
  ERR_TASK_FAILED: [500, "The function failed"],
};

/** One thing that is wrong with the arguments. */
export interface Issue {
  /** Where: `args[0].name`. */
  readonly path: string;
  readonly message: string;
}

/** The body of every answer that is no result. */
export interface Problem {
  /** `urn:manyhands:` and the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** This occurrence, for people. */
  readonly detail: string;
  readonly code: string;
  /** What is wrong with the arguments. */
  readonly errors?: readonly Issue[];
  /** What the function threw. */
  readonly error?: ErrorForm;
  /** In development only. */
  readonly stack?: string;
}

/** Whether stacks may be seen. */
export type Audience = "developers" | "everybody";

/** A request that this server refuses; thrown inside, answered as a {@link Problem}. */
export class RefusedError extends ManyhandsError<RefusalCode> {
  readonly issues: readonly Issue[] | undefined;
  /** Seconds after which another attempt makes sense. */
  readonly retryAfter: number | undefined;

  constructor(code: RefusalCode, detail: string, more: { issues?: readonly Issue[]; retryAfter?: number } = {}) {
    super("RefusedError", code, detail);
    this.issues = more.issues;
    this.retryAfter = more.retryAfter;
  }
}

/** Seconds that a client is told to wait where nothing better is known. */
const SOON = 1;

/** When another attempt makes sense, in seconds; `undefined` when it does not, or when nobody can tell. */
export function retryAfterOf(error: unknown): number | undefined {
  if (error instanceof RefusedError) return error.retryAfter;
  return codeOf(error) === "ERR_QUEUE_TIMEOUT" ? SOON : undefined;
}

/** What is answered when a call was not made, or gave no result. */
export function problemOfCall(error: unknown, audience: Audience): Problem {
  if (error instanceof RefusedError) return problemOfRefusal(error, audience);
  const code = codeOf(error);
  // By code, not by class: the executor may come from another copy of the library.
  if (typeof code === "string" && Object.hasOwn(FAILURES, code)) {
    const [status, title] = FAILURES[code as FailureCode];
    return { ...head(code, status, title, errorForm(error).message), ...stackOf(error, audience) };
  }
  const form = errorForm(error);
  const [status, title] = FAILURES.ERR_TASK_FAILED;
  const detail = `${form.name}: ${form.message}`;
  return { ...head("ERR_TASK_FAILED", status, title, detail), error: form, ...stackOf(error, audience) };
}

/** What is answered when something else went wrong with a request. */
export function problemOfRequest(error: unknown, audience: Audience): Problem {
  const refused = error instanceof RefusedError ? error : refusalOfFastify(error);
  if (refused !== undefined) return problemOfRefusal(refused, audience);
  // A defect: its message may tell what nobody outside should know.
  const detail = audience === "developers" ? errorForm(error).message : "See the server's own messages";
  const [status, title] = REFUSALS.ERR_INTERNAL;
  return { ...head("ERR_INTERNAL", status, title, detail), ...stackOf(error, audience) };
}

function problemOfRefusal(error: RefusedError, audience: Audience): Problem {
  const [status, title] = REFUSALS[error.code];
  const issues = error.issues === undefined ? {} : { errors: error.issues };
  return { ...head(error.code, status, title, error.message), ...issues, ...stackOf(error, audience) };
}

function refusalOfFastify(error: unknown): RefusedError | undefined {
  const code = codeOf(error);
  if (typeof code !== "string" || !code.startsWith("FST_")) return undefined;
  const { message } = errorForm(error);
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new RefusedError("ERR_BODY_TOO_LARGE", message);
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return new RefusedError("ERR_MEDIA_TYPE", message);
  const status: unknown = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  if (typeof status !== "number" || status >= 500) return undefined;
  return new RefusedError(status === 404 ? "ERR_NOT_FOUND" : "ERR_BAD_REQUEST", message);
}

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);

const head = (code: string, status: number, title: string, detail: string): Problem => ({
  type: `urn:manyhands:${code}`,
  title,
  status,
  detail,
  code,
});

function stackOf(error: unknown, audience: Audience): { stack?: string } {
  return audience === "developers" && error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
}
