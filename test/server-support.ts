/** Servers on loopback, and how tests ask them. */
import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import type { FunctionServer, Problem, ServeOptions } from "@manyhands/server";
import { serve } from "@manyhands/server";
import { type Executor, ThreadPoolExecutor } from "manyhands";
import { WebSocket } from "ws";
import { within } from "./conformance/support.js";
import { keep, later } from "./keeping.js";

/** The module whose functions the tests serve. */
export const SERVING: URL = new URL("./built/tasks/serving.js", import.meta.url);

export interface Started {
  readonly server: FunctionServer;
  readonly url: string;
  readonly executor: Executor;
}

/** A server of the test's own, on an executor of its own unless one is given. */
export async function started(options: Partial<ServeOptions> = {}): Promise<Started> {
  const executor = options.executor ?? keep(new ThreadPoolExecutor({ maxWorkers: 2 }));
  const server = await serve({ modules: [SERVING], ...options, executor });
  later(() => within(server.close(), "close()"));
  return { server, url: server.url, executor };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

const JSON_TYPE = { "content-type": "application/json" };

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** `POST /functions/NAME`. */
export async function call(url: string, name: string, args: unknown, init: RequestInit = {}): Promise<Answer> {
  const body = typeof args === "string" ? args : JSON.stringify(args);
  const headers = { ...JSON_TYPE, ...(init.headers as Record<string, string> | undefined) };
  return answerOf(await fetch(`${url}/functions/${name}`, { method: "POST", body, ...init, headers }));
}

export const get = async (url: string, init?: RequestInit): Promise<Answer> => answerOf(await fetch(url, init));

/** The problem in an answer, which must be one. */
export function problemIn(answer: Answer): Problem {
  if (!answer.headers.get("content-type")?.startsWith("application/problem+json")) {
    throw new Error(`not a problem: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body as Problem;
}

/** A request whose connection is the test's: Host and Origin can be anything, and it can be cut. */
export function rawRequest(url: string, path: string, options: RequestOptions = {}): ClientRequest {
  const { hostname, port } = new URL(url);
  const asked = httpRequest({ hostname, port, path, agent: false, ...options });
  // Cut by the test, or by the server.
  asked.on("error", () => undefined);
  return asked;
}

/** The answer to a request that has been ended. */
export async function responseOf(asked: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await within(once(asked, "response"), "an answer")) as [IncomingMessage];
  return response.setEncoding("utf8");
}

/** Lines as they come. */
export async function* linesIn(stream: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** A message of the server, as it comes. */
export interface Message {
  readonly type: string;
  readonly id: unknown;
  readonly value?: unknown;
  readonly error?: Problem;
}

/** A WebSocket of the test's own, whose messages are taken one by one. */
export class Client {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly #messages: Message[] = [];
  readonly #waiting: ((message: Message) => void)[] = [];

  constructor(
    url: string,
    protocols: string[] = [],
    options: { origin?: string; headers?: Record<string, string> } = {},
  ) {
    this.socket = new WebSocket(`${url.replace("http", "ws")}/ws`, protocols, options);
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => this.socket.once("close", resolve));
    this.socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as Message;
      const next = this.#waiting.shift();
      if (next === undefined) this.#messages.push(message);
      else next(message);
    });
    later(() => this.socket.terminate());
  }

  async opened(): Promise<this> {
    await within(once(this.socket, "open"), "the socket should open");
    return this;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  next(): Promise<Message> {
    const there = this.#messages.shift();
    if (there !== undefined) return Promise.resolve(there);
    return within(new Promise((resolve) => this.#waiting.push(resolve)), "a message");
  }
}

/** One server-sent event. */
export interface ServerSent {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** The events of a stream, as they come. */
export async function* eventsIn(response: Response): AsyncGenerator<ServerSent> {
  let current: Record<string, string> = {};
  for await (const line of linesIn(response.body!.pipeThrough(new TextDecoderStream()) as never)) {
    const [, field, value] = /^(\w+): (.*)$/.exec(line) ?? [];
    if (field !== undefined) current[field] = value ?? "";
    if (line !== "" || current["event"] === undefined) continue;
    yield { id: current["id"] ?? "", event: current["event"], data: JSON.parse(current["data"] ?? "null") };
    current = {};
  }
}
