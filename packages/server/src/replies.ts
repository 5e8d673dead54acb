/** Problems as answers. */
import type { FastifyReply } from "fastify";
import type { Audience, Problem } from "./problem.js";
import { problemOfCall, problemOfRequest, retryAfterOf } from "./problem.js";

/** Answers why a call was not made or gave no result. */
export function sendCallProblem(reply: FastifyReply, error: unknown, audience: Audience): FastifyReply {
  return send(reply, problemOfCall(error, audience), retryAfterOf(error));
}

/** Answers what went wrong with a request. */
export function sendRequestProblem(reply: FastifyReply, error: unknown, audience: Audience): FastifyReply {
  return send(reply, problemOfRequest(error, audience), retryAfterOf(error));
}

function send(reply: FastifyReply, problem: Problem, retryAfter: number | undefined): FastifyReply {
  if (retryAfter !== undefined) reply.header("retry-after", String(retryAfter));
  if (problem.status === 401) reply.header("www-authenticate", "Bearer");
  // One that is not going to be served again is told to go elsewhere.
  if (problem.code === "ERR_DRAINING") reply.header("connection", "close");
  return reply.code(problem.status).type("application/problem+json; charset=utf-8").send(JSON.stringify(problem));
}
