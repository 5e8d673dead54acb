/** Serves a planned web on this machine: many hosts behind one port, told apart by the Host header. It counts what arrives. */
import { once, setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Plan, type PlanOptions, pageOf, planWeb, type Route } from "./crawl-plan.js";

/** What a host has seen. */
export interface HostRecord {
  inFlight: number;
  maxInFlight: number;
  /** Addresses in the order of their requests. */
  readonly asked: string[];
  readonly agents: Set<string>;
}

export interface Web extends AsyncDisposable {
  readonly plan: Plan;
  readonly port: number;
  readonly hosts: Map<string, HostRecord>;
  /** How often each address was asked for, by host and path. */
  readonly asked: Map<string, number>;
  /** Called with each request; the answer waits for what it returns. */
  onRequest: (host: string, path: string) => Promise<void> | undefined;
}

class PlannedWeb implements Web {
  plan!: Plan;
  readonly hosts = new Map<string, HostRecord>();
  readonly asked = new Map<string, number>();
  onRequest: Web["onRequest"] = () => undefined;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async listen(options: PlanOptions): Promise<this> {
    setMaxListeners(0, this.#server);
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.plan = planWeb(this.port, options);
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = (request.headers.host ?? "").split(":")[0]!;
    const path = request.url ?? "/";
    const record = this.#recordOf(host);
    record.inFlight += 1;
    record.maxInFlight = Math.max(record.maxInFlight, record.inFlight);
    record.asked.push(path);
    record.agents.add(request.headers["user-agent"] ?? "");
    const times = (this.asked.get(host + path) ?? 0) + 1;
    this.asked.set(host + path, times);
    await this.onRequest(host, path);
    // Before the answer goes out: the next request may be here before this one is known to be over.
    record.inFlight -= 1;
    answer(this.plan.routes.get(host + path), request, response, times);
  }

  #recordOf(host: string): HostRecord {
    const known = this.hosts.get(host);
    if (known !== undefined) return known;
    const record = { inFlight: 0, maxInFlight: 0, asked: [], agents: new Set<string>() };
    this.hosts.set(host, record);
    return record;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

function answer(route: Route | undefined, request: IncomingMessage, response: ServerResponse, times: number): void {
  if (route === undefined) {
    response.writeHead(404, { "content-type": "text/html" }).end("<title>Not found</title>");
    return;
  }
  switch (route.kind) {
    case "answer":
      response.writeHead(route.status, { "content-type": route.type, ...route.headers }).end(route.body);
      return;
    case "flaky":
      if (times > route.failures) return answer(route.finally, request, response, times);
      response.writeHead(route.status, route.headers).end();
      return;
    case "slow":
      void slowly(route, response);
      return;
    case "cut":
      response.writeHead(200, { "content-type": "text/html", "content-length": "1000" });
      response.write("<title>Cut", () => response.destroy());
      return;
    case "cookie":
      if (request.headers.cookie === "seen=1") return answer(route.finally, request, response, times);
      response.writeHead(302, { location: request.url ?? "/", "set-cookie": "seen=1; Path=/" }).end();
      return;
  }
}

async function slowly(
  { ms, pieces, title }: Extract<Route, { kind: "slow" }>,
  response: ServerResponse,
): Promise<void> {
  const body = Buffer.from(pageOf(title, []));
  const size = Math.ceil(body.length / pieces);
  for (let piece = 0; piece < pieces; piece++) {
    await sleep(ms);
    if (piece === 0) response.writeHead(200, { "content-type": "text/html" });
    response.write(body.subarray(piece * size, (piece + 1) * size));
  }
  response.end();
}

/** Starts a web on a free port of this machine. */
export async function startWeb(options: PlanOptions = {}): Promise<Web> {
  return await new PlannedWeb().listen(options);
}
