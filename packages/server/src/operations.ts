/** What is asked by those who run the server: its document, its figures, whether it lives and is ready. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { METRICS_TYPE, metricsText } from "./metrics.js";
import { openApiOf } from "./open-api.js";
import type { Served } from "./routes.js";

/** Answers by route and status. */
export class ResponseCounts {
  readonly byRoute: Map<string, Map<number, number>> = new Map();

  add(request: FastifyRequest, status: number): void {
    // The route's pattern, not the URL: clients must not be able to make new rows.
    const route = request.routeOptions.url ?? "unknown";
    const byStatus = this.byRoute.get(route) ?? new Map<number, number>();
    this.byRoute.set(route, byStatus);
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }
}

/** `/openapi.json`, `/metrics`, `/healthz`, `/readyz`. The last two need no token: a probe has none, and they tell nothing. */
export function addOperationRoutes(app: FastifyInstance, served: Served, token: "needed" | "none"): void {
  const { calls, jobs, catalogue } = served;
  const document = openApiOf(catalogue, token);
  const responses = new ResponseCounts();
  app.addHook("onResponse", (request, reply, done) => {
    responses.add(request, reply.statusCode);
    done();
  });
  app.get("/openapi.json", () => document);
  app.get("/metrics", (_request, reply) => {
    const counts = {
      calls: calls.admission.taken,
      jobs: jobs.list().length,
      sockets: app.websocketServer.clients.size,
      responses: responses.byRoute,
    };
    return reply.type(METRICS_TYPE).send(metricsText(calls.executor.stats(), counts));
  });
  app.get("/healthz", { config: { access: "open" } }, () => ({ status: "ok" }));
  app.get("/readyz", { config: { access: "open" } }, (_request, reply) => {
    const { ready } = calls;
    return reply.code(ready === "yes" ? 200 : 503).send({ status: ready === "yes" ? "ok" : ready });
  });
}
