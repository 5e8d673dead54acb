/** The routes: HTTP in, calls and jobs within, HTTP out.
 *
 *  Guarantees: whatever goes wrong is answered as a problem; a client that disconnects before its answer stops its call. */
import { PassThrough, type Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { CallSocket } from "./call-socket.js";
import type { Call, Calls } from "./calls.js";
import type { Catalogue } from "./catalogue.js";
import { eventStream, lastEventId } from "./job-events.js";
import type { JobStore } from "./job-store.js";
import { toJson } from "./json-form.js";
import type { Limits } from "./limits.js";
import { LineMap } from "./line-map.js";
import { linesOf } from "./lines.js";
import type { Audience } from "./problem.js";
import { RefusedError } from "./problem.js";
import { sendCallProblem, sendRequestProblem } from "./replies.js";

/** What the routes stand on. */
export interface Served {
  readonly calls: Calls;
  readonly jobs: JobStore;
  readonly catalogue: Catalogue;
  readonly limits: Limits;
  readonly audience: Audience;
  /** Aborts when streams are to end. */
  readonly ends: AbortSignal;
  /** Throws RefusedError (`ERR_RATE`) when the client calls too often. */
  takeTurn(request: FastifyRequest): Promise<void>;
}

interface Named {
  Params: { readonly name: string };
  Querystring: Readonly<Record<string, unknown>>;
}

interface Identified {
  Params: { readonly id: string };
}

export const LINES_TYPES: readonly string[] = ["application/x-ndjson", "application/jsonl", "application/jsonlines"];

const JSON_TYPE = "application/json; charset=utf-8";

/** `POST /functions/:name`, and the list of functions. */
export function addFunctionRoutes(app: FastifyInstance, served: Served): void {
  const { calls, jobs, catalogue, audience, takeTurn } = served;
  app.get("/functions", () => ({
    functions: [...catalogue.values()].map(({ name, parameters }) => ({ name, parameters })),
  }));
  app.post<Named>("/functions/:name", async (request, reply) => {
    try {
      const mode = choice(request.query, "mode", ["sync", "async"]);
      await takeTurn(request);
      const data = argsIn(request.body);
      if (mode === "async") {
        const job = jobs.add(await calls.begin(request.params.name, data, request.ip));
        return reply.code(202).header("location", `/jobs/${job.id}`).send(job.view());
      }
      const call = await calls.begin(request.params.name, data, request.ip);
      stopWhenLeft(reply, call);
      return sendResult(reply, await call.future);
    } catch (error) {
      return sendCallProblem(reply, error, audience);
    }
  });
}

/** The arguments in a body: the array itself, or what stands under `args`. */
function argsIn(body: unknown): unknown {
  if (body === undefined || body === null) return [];
  return typeof body === "object" && !Array.isArray(body) ? Reflect.get(body, "args") : body;
}

/** Stops the call when the connection closes before its answer is out. */
function stopWhenLeft({ raw }: FastifyReply, { future }: Call): void {
  const stop = (): void => {
    if (!raw.writableFinished) future.abort("the client has left");
  };
  // It may have closed while the arguments were checked.
  if (raw.destroyed) stop();
  else raw.once("close", stop);
}

function sendResult(reply: FastifyReply, value: unknown): FastifyReply {
  if (value === undefined) return reply.code(204).send();
  return reply.type(JSON_TYPE).send(toJson(value));
}

/** Aborts when the connection closes before the answer is out. */
function leftSignal({ raw }: FastifyReply): AbortSignal {
  const left = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) left.abort("the client has left");
  });
  return left.signal;
}

/** The value of a query parameter, the first when it is not given. @throws RefusedError (`ERR_BAD_REQUEST`). */
function choice<C extends string>(
  query: Readonly<Record<string, unknown>>,
  name: string,
  choices: readonly [C, ...C[]],
): C {
  const given = query[name];
  if (given === undefined) return choices[0];
  const chosen = choices.find((each) => each === given);
  if (chosen === undefined) throw new RefusedError("ERR_BAD_REQUEST", `${name} must be ${choices.join(" or ")}`);
  return chosen;
}

/** `POST /functions/:name/map`. In a context of its own, whose only bodies are lines: they are not collected. */
export function addMapRoute(app: FastifyInstance, served: Served): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([...LINES_TYPES], (_request, body, done) => done(null, body));
  app.post<Named>("/functions/:name/map", { config: { body: "stream" } }, async (request, reply) => {
    const { calls, limits, audience, takeTurn } = served;
    const left = leftSignal(reply);
    try {
      const order = choice(request.query, "ordered", ["true", "false"]) === "true" ? "ordered" : "as-they-come";
      const lines = choice(request.query, "spread", ["false", "true"]) === "true" ? "arguments" : "argument";
      const found = calls.find(request.params.name);
      if (request.body === undefined) throw new RefusedError("ERR_MEDIA_TYPE", `Send lines as ${LINES_TYPES[0]}`);
      await takeTurn(request);
      const seat = calls.admission.enter(request.ip);
      const output = new PassThrough();
      const signal = AbortSignal.any([left, calls.stopped]);
      const map = new LineMap(calls, found, output, { order, lines, signal, audience });
      map.run(linesOf(request.body as Readable, limits.maxBody), seat).then(
        () => output.end(),
        (error: unknown) => output.destroy(error instanceof Error ? error : new Error(String(error))),
      );
      return reply.type(LINES_TYPES[0] ?? "").send(output);
    } catch (error) {
      return sendCallProblem(reply, error, audience);
    }
  });
}

/** `/jobs/:id` and its events. */
export function addJobRoutes(app: FastifyInstance, { jobs, ends }: Served): void {
  app.get<Identified>("/jobs/:id", (request) => jobs.find(request.params.id).view());
  app.delete<Identified>("/jobs/:id", async (request) => {
    const job = jobs.find(request.params.id);
    await job.cancel();
    return job.view();
  });
  app.get<Identified>("/jobs/:id/events", (request, reply) => {
    const job = jobs.find(request.params.id);
    const after = lastEventId(request.headers["last-event-id"]);
    return reply.type("text/event-stream").send(eventStream(job, after, ends));
  });
}

/** `/ws`. */
export function addSocketRoute(app: FastifyInstance, { calls, audience, takeTurn }: Served): void {
  app.route({
    method: "GET",
    url: "/ws",
    handler: (_request, reply) => {
      const refused = new RefusedError("ERR_UPGRADE", "Open a WebSocket here");
      return sendRequestProblem(reply.header("upgrade", "websocket"), refused, audience);
    },
    wsHandler: (socket, request) => {
      const options = { calls, client: request.ip, audience, takeTurn: () => takeTurn(request) };
      // It lives as long as the socket, which holds it by its listeners.
      new CallSocket(socket, options);
    },
  });
}
