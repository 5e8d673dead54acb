/** `dashboard()`: a page that shows what the executors of this thread do, as they do it. For the `root` of `serve()`.
 *
 *  Guarantees: the page's files and the hello are open, since they tell nothing; all else wants the token where there is one;
 *  whatever users wrote is sent as JSON, or escaped. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RootPlugin, RootSeam } from "../application.js";
import { RefusedError } from "../problem.js";
import { actionIn, perform } from "./actions.js";
import type { HubOptions, Place } from "./hub.js";
import { HubSeat } from "./hub-seat.js";
import { type PageFile, PageFiles } from "./page-files.js";
import type { Hello, Progress } from "./protocol.js";
import { reportOf } from "./report.js";

export interface DashboardOptions {
  /** What stands in the page's head. @default "serve" */
  readonly title?: string;
  /** Of a map that is watched, instead of a server: what it maps, and how far it is. @default none */
  readonly map?: { readonly target: string; progress(): Progress | null };
}

/** Scripts and styles of its own only, nothing inline; uPlot sets styles by the object model, which this allows. */
const PAGE_POLICY =
  "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';" +
  "base-uri 'none';form-action 'none';frame-ancestors 'none'";

/** Makes the dashboard.
 *
 *  @param options what is shown beside what is watched.
 *  @returns a plug-in for the `root` of `serve()`. It watches while a page is open and for a minute after, so that it costs nothing
 *  when nobody looks; a map from its start to its end.
 *  @throws RefusedError (`ERR_INTERNAL`) from `serve()` when the page has not been built, in a checkout.
 *  @example
 *  ```ts
 *  await using server = await serve({ modules, executor, root: dashboard() });
 *  console.log(`see ${server.url}/`);
 *  ``` */
export function dashboard(options: DashboardOptions = {}): RootPlugin {
  return (app, seam) => {
    const files = new PageFiles();
    const { title = "serve", map } = options;
    const functions = [...seam.catalogue.keys()];
    const hubOptions: HubOptions = {
      subject: map === undefined ? { kind: "server", title, functions } : { kind: "map", title, target: map.target },
      executor: seam.calls.executor,
      progress: () => map?.progress() ?? null,
    };
    // Of a map, what happened before somebody looked belongs to it.
    const hub = new HubSeat(hubOptions, map === undefined ? "when-looked-at" : "always");
    // A map comes to its end; a server may be started again.
    const why = map === undefined ? "server-ending" : "run-ended";
    seam.ends.addEventListener("abort", () => hub.leave(why), { once: true });
    app.addHook("onClose", (_app, done) => {
      hub[Symbol.dispose]();
      done();
    });
    addPage(app, files);
    addStream(app, hub, seam);
    app.post("/dashboard/actions", (request) => perform(actionIn(request.body), hub.wake().watcher));
    addExports(app, hub);
  };
}

function addPage(app: FastifyInstance, files: PageFiles): void {
  const open = { config: { access: "open" } } as const;
  app.get("/", open, (_request, reply) => {
    return sendFile(reply.header("content-security-policy", PAGE_POLICY), files.index);
  });
  app.get<{ Params: { readonly name: string } }>("/assets/:name", open, (request, reply) => {
    const file = files.asset(request.params.name);
    if (file === undefined) throw new RefusedError("ERR_NOT_FOUND", "The page has no such file");
    return sendFile(reply, file);
  });
}

function sendFile(reply: FastifyReply, { type, body }: PageFile): FastifyReply {
  return reply.type(type).send(body);
}

function addStream(app: FastifyInstance, hub: HubSeat, { token }: RootSeam): void {
  const hello: Hello = { product: "manyhands", version: VERSION, token };
  app.get("/dashboard/hello", { config: { access: "open" } }, () => hello);
  app.route({
    method: "GET",
    url: "/dashboard/stream",
    // Also how a page learns that its token is right: a browser hides why a WebSocket was refused.
    handler: () => {
      throw new RefusedError("ERR_UPGRADE", "Open a WebSocket here");
    },
    wsHandler: (socket, request) => hub.join(socket, placeIn(request)),
  });
}

/** The protocol's, which page and server were built with. */
const VERSION = "1";

function placeIn({ query }: FastifyRequest): Place | undefined {
  const { hub, after } = query as Readonly<Record<string, unknown>>;
  if (typeof hub !== "string" || typeof after !== "string" || !/^\d{1,15}$/.test(after)) return undefined;
  return { hub, after: Number(after) };
}

function addExports(app: FastifyInstance, hub: HubSeat): void {
  const attached = (reply: FastifyReply, type: string, name: string): FastifyReply =>
    reply.type(type).header("content-disposition", `attachment; filename="manyhands-${name}"`);
  app.get("/dashboard/export/trace.json", (_request, reply) => {
    return attached(reply, "application/json; charset=utf-8", "trace.json").send(hub.wake().trace());
  });
  app.get("/dashboard/export/report.html", (_request, reply) => {
    return attached(reply, "text/html; charset=utf-8", "report.html").send(reportOf(hub.wake().picture));
  });
}
