/** The Fastify application: plug-ins, hooks and routes, in the order in which they guard each other.
 *
 *  Guarantees: the gatekeeper is asked before a body is read; a path that exists is answered 405 for other methods. */
import rateLimit from "@fastify/rate-limit";
import websocket from "@fastify/websocket";
import Fastify, { type FastifyInstance, type FastifyRequest, type HTTPMethods } from "fastify";
import { allowReading, answerPreflight, isPreflight } from "./cross-origin.js";
import type { Gatekeeper } from "./gatekeeper.js";
import { JsonFormError, parseJson } from "./json-form.js";
import type { Limits } from "./limits.js";
import { addOperationRoutes } from "./operations.js";
import { RefusedError } from "./problem.js";
import { sendRequestProblem } from "./replies.js";
import { addFunctionRoutes, addJobRoutes, addMapRoute, addSocketRoute, type Served } from "./routes.js";
import { refuseSlowBodies } from "./slow-bodies.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** `open`: answered without the token. For files of a page that then asks for it. */
    access?: "open";
  }
}

/** What a page that stands at `/` is given. */
export interface RootSeam {
  readonly calls: Served["calls"];
  readonly jobs: Served["jobs"];
  readonly catalogue: Served["catalogue"];
  /** Aborts when the server ends, before sockets are closed. */
  readonly ends: AbortSignal;
  /** Whether callers need one. */
  readonly token: "needed" | "none";
}

/** A Fastify plug-in for what stands at `/`, such as a dashboard. */
export type RootPlugin = (app: FastifyInstance, seam: RootSeam) => void | Promise<void>;

/** Nothing here is a page, and no other page may use it as a part. A plug-in that serves one sets a policy of its own with its
 *  answers. Constants, and not @fastify/helmet, which works them out anew for each request: a fifth of what a call costs.
 *  No Strict-Transport-Security: it speaks plain HTTP, and who puts TLS before it decides there. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none';frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // Results are somebody's data: no cache between may keep them.
  "cache-control": "no-store",
};

export interface ApplicationParts extends Omit<Served, "takeTurn"> {
  readonly gatekeeper: Gatekeeper;
  readonly token: "needed" | "none";
  readonly root: RootPlugin | undefined;
}

/** Makes the application; it does not listen yet. */
export async function makeApplication(parts: ApplicationParts): Promise<FastifyInstance> {
  const { limits, audience, gatekeeper, token, root } = parts;
  const app = Fastify({
    bodyLimit: limits.maxBody,
    exposeHeadRoutes: false,
    forceCloseConnections: "idle",
    // A path that cannot be read reaches no route.
    frameworkErrors: (error, _request, reply) => void sendRequestProblem(reply, error, audience),
  });
  app.setErrorHandler((error, _request, reply) => sendRequestProblem(reply, error, audience));
  app.setNotFoundHandler((_request, reply) => {
    return sendRequestProblem(
      reply,
      new RefusedError("ERR_NOT_FOUND", "There is nothing here; /openapi.json says what is"),
      audience,
    );
  });
  await addPlugins(app, limits);
  // Behind the plug-ins, whose own hooks have to have run: the socket of a refused upgrade is closed by the plug-in only if
  // that has seen the request.
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    gatekeeper.checkSender(request.headers);
    allowReading(request, reply);
    if (isPreflight(request)) return answerPreflight(reply);
    if (request.routeOptions.config.access !== "open") gatekeeper.checkToken(request.headers);
    done();
  });
  readJson(app);
  refuseSlowBodies(app, limits.timeout, audience);
  const patterns = collectPatterns(app);
  const served: Served = { ...parts, takeTurn: turnTaker(app, limits) };
  addOperationRoutes(app, served, token);
  addFunctionRoutes(app, served);
  addJobRoutes(app, served);
  addSocketRoute(app, served);
  await app.register((inner, _options, done) => {
    addMapRoute(inner, served);
    done();
  });
  if (root === undefined) app.get("/", () => ({ document: "/openapi.json", functions: "/functions" }));
  else await app.register((inner, _options, done) => void settle(root, inner, parts).then(() => done(), done));
  refuseOtherMethods(app, patterns, audience);
  await app.ready();
  return app;
}

async function settle(root: RootPlugin, app: FastifyInstance, seam: RootSeam): Promise<void> {
  const { calls, jobs, catalogue, ends, token } = seam;
  await root(app, { calls, jobs, catalogue, ends, token });
}

async function addPlugins(app: FastifyInstance, limits: Limits): Promise<void> {
  await app.register(rateLimit, { global: false, max: limits.rate?.limit ?? 1, timeWindow: limits.rate?.per ?? 1000 });
  await app.register(websocket, {
    options: {
      maxPayload: limits.maxBody,
      handleProtocols: (offered: Set<string>) => (offered.has("manyhands") ? "manyhands" : false),
    },
  });
}

/** The only bodies are JSON, and read as everywhere else here. */
function readJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, parseJson(String(body), "body"));
    } catch (error) {
      done(error instanceof JsonFormError ? new RefusedError("ERR_BAD_REQUEST", error.message) : (error as Error));
    }
  });
}

/** Counts the calls of each client, over HTTP and WebSocket together. */
function turnTaker(app: FastifyInstance, { rate }: Limits): Served["takeTurn"] {
  if (rate === undefined) return () => Promise.resolve();
  const check = app.createRateLimit({ max: rate.limit, timeWindow: rate.per });
  return async (request: FastifyRequest) => {
    const turn = await check(request);
    if (turn.isAllowed || !turn.isExceeded) return;
    const detail = `This client began ${rate.limit} calls in ${rate.per} ms`;
    throw new RefusedError("ERR_RATE", detail, { retryAfter: Math.max(turn.ttlInSeconds, 1) });
  };
}

type Patterns = Map<string, Set<string>>;

function collectPatterns(app: FastifyInstance): Patterns {
  const patterns: Patterns = new Map();
  app.addHook("onRoute", ({ url, method }) => {
    const methods = patterns.get(url) ?? new Set();
    patterns.set(url, methods);
    for (const each of [method].flat()) methods.add(each);
  });
  return patterns;
}

const METHODS: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function refuseOtherMethods(app: FastifyInstance, patterns: Patterns, audience: Served["audience"]): void {
  for (const [url, known] of [...patterns]) {
    const method = METHODS.filter((each) => !known.has(each));
    const allow = [...known].join(", ");
    if (method.length === 0 || url.includes("*")) continue;
    app.route({
      method,
      url,
      handler: (_request, reply) =>
        sendRequestProblem(
          reply.header("allow", allow),
          new RefusedError("ERR_METHOD", `Ask it by ${allow}`),
          audience,
        ),
    });
  }
}
