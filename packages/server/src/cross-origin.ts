/** What browsers ask before a page of another origin may call (CORS), for the origins that were allowed.
 *
 *  Guarantees: an origin that was not allowed is refused before, by the gatekeeper; credentials of the browser's own are never
 *  asked for: the token is what counts, and pages send it themselves. */
import type { FastifyReply, FastifyRequest } from "fastify";

/** How long a browser may remember the answer, in seconds. */
const MAX_AGE = "600";

/** Lets the page read the answer. */
export function allowReading(request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  reply.headers({
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "location, retry-after",
    "cross-origin-resource-policy": "cross-origin",
    vary: "origin",
  });
}

/** Whether the browser only asks whether it may. Such a request has no token, and does nothing. */
export function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && "access-control-request-method" in headers;
}

export function answerPreflight(reply: FastifyReply): void {
  void reply
    .code(204)
    .headers({
      "access-control-allow-methods": "GET, POST, DELETE",
      "access-control-allow-headers": "authorization, content-type, last-event-id",
      "access-control-max-age": MAX_AGE,
    })
    .send();
}
