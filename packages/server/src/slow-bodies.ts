/** Ends requests whose bodies do not arrive: each holds a connection and what has come of it.
 *
 *  Not Node's `requestTimeout`, which would also end maps, whose input may go on for as long as there are results. */
import type { FastifyInstance } from "fastify";
import { type Audience, RefusedError } from "./problem.js";
import { sendRequestProblem } from "./replies.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** `stream`: the body may take its time. */
    body?: "stream";
  }
}

/** @param within in ms, from the headers to the end of the body. */
export function refuseSlowBodies(app: FastifyInstance, within: number, audience: Audience): void {
  app.addHook("preParsing", (request, reply, payload, done) => {
    const { headers, routeOptions } = request;
    const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
    if (hasBody && routeOptions.config.body !== "stream") {
      const timer = setTimeout(() => {
        const refused = new RefusedError("ERR_BODY_TIMEOUT", `The body did not arrive within ${within} ms`);
        // What still comes belongs to nobody: the connection ends behind the answer.
        reply.raw.once("finish", () => request.raw.destroy());
        void sendRequestProblem(reply.header("connection", "close"), refused, audience);
      }, within);
      payload.once("end", () => clearTimeout(timer));
      payload.once("close", () => clearTimeout(timer));
    }
    done(null, payload);
  });
}
