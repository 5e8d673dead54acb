/** `serve()`: the exported functions of modules over HTTP and WebSocket, on any executor.
 *
 *  Guarantees: it listens before `serve` resolves; {@link FunctionServer.drain} answers everything that was taken; the
 *  executor stays its owner's. */
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { type Executor, InvalidOptionError } from "manyhands";
import type { RootPlugin } from "./application.js";
import { makeApplication } from "./application.js";
import { Calls } from "./calls.js";
import { type Catalogue, catalogueOf, type LoadedModule } from "./catalogue.js";
import { Gatekeeper } from "./gatekeeper.js";
import { JobStore } from "./job-store.js";
import { type Limits, limitsOf } from "./limits.js";

/** Options of {@link serve}. */
export interface ServeOptions extends Partial<Limits> {
  /** Whose exported functions are served: URLs, or modules that are loaded already. */
  readonly modules: readonly (string | URL | LoadedModule)[];
  /** Where the functions run. It is not closed with the server. */
  readonly executor: Executor;
  /** The address to listen on. Others than loopback need a token. @default "127.0.0.1" */
  readonly host?: string;
  /** The port; 0: any that is free. @default 0 */
  readonly port?: number;
  /** What callers must send as `Authorization: Bearer TOKEN`; at least 8 characters. @default none is needed */
  readonly token?: string | undefined;
  /** Further names of this server in the Host header, without port. @default none */
  readonly allowedHosts?: readonly string[];
  /** Origins whose pages may call, beside the server's own: `https://example.org`. @default none */
  readonly allowedOrigins?: readonly string[];
  /** Who reads the answers; developers are shown stacks. @default "everybody" */
  readonly audience?: "everybody" | "developers";
  /** What stands at `/`, such as a dashboard. @default a list of links */
  readonly root?: RootPlugin;
}

/** How long {@link FunctionServer.drain} waits when nothing is said, in ms. */
const DRAIN_MS = 30_000;
/** How long clients may take to read their last answers, in ms. */
const LAST_ANSWERS_MS = 2000;

/** How a drain ended. */
export type Drained = "all-answered" | "stopped";

/** A server that listens. */
export class FunctionServer implements AsyncDisposable {
  readonly #app: FastifyInstance;
  readonly #calls: Calls;
  readonly #ends: AbortController;
  readonly #catalogue: Catalogue;
  #drained: Promise<Drained> | undefined;

  /** @internal Made by {@link serve}. */
  constructor(app: FastifyInstance, calls: Calls, catalogue: Catalogue, ends: AbortController) {
    this.#app = app;
    this.#calls = calls;
    this.#catalogue = catalogue;
    this.#ends = ends;
  }

  /** Where it is: `http://127.0.0.1:43121`. */
  get url(): string {
    const { address, port, family } = this.#app.server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  /** The names of the functions that are served. */
  get functions(): readonly string[] {
    return [...this.#catalogue.keys()];
  }

  /** Takes no more calls, waits for those under way, and closes.
   *
   *  While it waits, clients can read their jobs, and `/readyz` answers 503.
   *  @param options `timeout` in ms, after which what still runs is stopped. @default 30000. `signal` does the same.
   *  @returns whether all calls ended by themselves.
   *  @remarks Idempotent: a second call waits for the first. Cancellation: aborting `signal` stops the calls; the server
   *  closes all the same. */
  drain(options: { readonly timeout?: number; readonly signal?: AbortSignal } = {}): Promise<Drained> {
    this.#drained ??= this.#drain(options.timeout ?? DRAIN_MS, options.signal);
    return this.#drained;
  }

  /** Stops all calls, and closes. Idempotent. */
  async close(): Promise<void> {
    this.#calls.abortAll("the server was closed");
    await this.drain({ timeout: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(timeout: number, signal: AbortSignal | undefined): Promise<Drained> {
    const { admission } = this.#calls;
    admission.drain();
    let end: Drained = this.#calls.stopped.aborted ? "stopped" : "all-answered";
    const stop = (): void => {
      end = "stopped";
      this.#calls.abortAll("the server is ending");
    };
    const timer = setTimeout(stop, timeout);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted === true) stop();
    await admission.whenEmpty();
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    await this.#hangUp();
    return end;
  }

  /** Lets the last answers out, then ends what is left of connections. */
  async #hangUp(): Promise<void> {
    // Calls have settled just now; their answers are written in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    this.#ends.abort();
    for (const socket of this.#app.websocketServer.clients) socket.close(1001, "the server is ending");
    const timer = setTimeout(() => this.#app.server.closeAllConnections(), LAST_ANSWERS_MS);
    await this.#app.close();
    clearTimeout(timer);
  }
}

/** Serves the exported functions of modules.
 *
 *  @param options the modules, the executor, where to listen, and the limits.
 *  @returns the server, listening; dispose of it to close it.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for an option that makes no sense, such as a host that others can reach
 *  without a token.
 *  @throws FunctionRefError (`ERR_FUNCTION_REF`) for a module that cannot be served.
 *  @throws the system's error when it cannot listen there (`EADDRINUSE`).
 *  @example
 *  ```ts
 *  await using pool = new ThreadPoolExecutor();
 *  await using server = await serve({ modules: [new URL("./primes.js", import.meta.url)], executor: pool });
 *  await fetch(`${server.url}/functions/isPrime`, { method: "POST", headers: { "content-type": "application/json" }, body: "[7]" });
 *  ``` */
export async function serve(options: ServeOptions): Promise<FunctionServer> {
  const { modules, executor, host = "127.0.0.1", port = 0, token, audience = "everybody", root, ...others } = options;
  const { allowedHosts = [], allowedOrigins = [], ...given } = others;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidOptionError("port", `port must be a whole number from 0 to 65535, not ${port}`);
  }
  const limits = limitsOf(given);
  const gatekeeper = new Gatekeeper({ host, token, allowedHosts, allowedOrigins });
  const catalogue = await catalogueOf(modules);
  const calls = new Calls(executor, catalogue, limits);
  const jobs = new JobStore(limits, audience);
  const ends = new AbortController();
  const tokenNeed = token === undefined ? "none" : "needed";
  const parts = {
    calls,
    jobs,
    catalogue,
    limits,
    audience,
    ends: ends.signal,
    gatekeeper,
    token: tokenNeed,
    root,
  } as const;
  const app = await makeApplication(parts);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw error;
  }
  return new FunctionServer(app, calls, catalogue, ends);
}
