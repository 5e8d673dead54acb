/** `manyhands serve`: its options and what they mean together. */
import type { Command } from "commander";
import { Option } from "commander";
import type { ExecutorRequest, Place } from "./executors.js";
import { checkRequest, PLACES } from "./executors.js";
import type { Rate } from "./option-values.js";
import { parseCount, parseDuration, parsePort, parseSize, parseTimeout, parseWindow } from "./option-values.js";

/** What is asked of a server, as its options asked for it. Only what was given is set: the defaults are the server's own. */
export interface ServeRequest {
  readonly modules: readonly string[];
  readonly execution: ExecutorRequest;
  /** As `serve()` of @manyhands/server takes them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** How long calls under way may take after the first signal, in ms. */
  readonly drain: number;
}

/** As commander gives them. */
interface ServeFlags {
  readonly on: Place;
  readonly workers?: number;
  readonly concurrency?: number;
  readonly maxMemory?: number;
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly allowHost: readonly string[];
  readonly allowOrigin: readonly string[];
  readonly timeout?: number;
  readonly maxBody?: number;
  readonly maxQueue?: number;
  readonly maxPerClient?: number;
  readonly rate?: Rate;
  readonly drain: number;
  readonly dev?: true;
}

const DEFAULT_DRAIN_MS = 30_000;

/** Adds the options and the help of `serve`. */
export function describeServe(command: Command): Command {
  command
    .description("Serve the exported functions of modules over HTTP and WebSocket")
    .argument("<module...>", "paths, file URLs or packages whose exported functions are served");
  addPlaceOptions(command);
  addAccessOptions(command);
  addLimitOptions(command);
  return command.addHelpText("after", SERVE_HELP);
}

function addPlaceOptions(command: Command): void {
  command
    .addOption(new Option("--on <place>", "where calls run").choices(PLACES).default("threads"))
    .option("--workers <n>", "threads or processes (default: the cores there are)", parseCount)
    .option("--concurrency <n>", "calls at once in one worker (default: 1; on the event loop 16)", parseCount)
    .option("--max-memory <size>", "replace a worker that grows beyond this: 512MB, 2GiB", parseSize);
}

function addAccessOptions(command: Command): void {
  const collect = (value: string, earlier: readonly string[]): string[] => [...earlier, value];
  command
    .option("--port <n>", "port to listen on; 0: any that is free", parsePort, 0)
    .option("--host <address>", "address to listen on; others than loopback need a token", "127.0.0.1")
    .addOption(new Option("--token <token>", "what callers must send as Authorization: Bearer").env("MANYHANDS_TOKEN"))
    .option("--allow-host <name>", "a further name of this server in the Host header (repeatable)", collect, [])
    .option("--allow-origin <origin>", "an origin whose pages may call (repeatable)", collect, [])
    .option("--dev", "show stacks in answers");
}

function addLimitOptions(command: Command): void {
  command
    .option("--timeout <time>", "longest waiting and running time of a call (default: 30s)", parseTimeout)
    .option("--max-body <size>", "largest body, line or message (default: 1MiB)", parseSize)
    .option("--max-queue <n>", "calls that may wait for a worker (default: 1000)", parseCount)
    .option("--max-per-client <n>", "calls of one client at once (default: 100)", parseCount)
    .option("--rate <n/time>", "calls that one client may begin: 10/s, 600/m (default: any number)", parseWindow)
    .option("--drain <time>", "how long calls may go on after SIGTERM (default: 30s)", parseDuration, DEFAULT_DRAIN_MS);
}

const SERVE_HELP = `

  POST /functions/NAME            {"args": [...]} or [...]; answers with the result
                                  ?mode=async answers with a job
  POST /functions/NAME/map        a JSON line for each call; ?ordered=false, ?spread=true
  GET, DELETE /jobs/ID            how it stands; stop it
  GET /jobs/ID/events             progress and outcome, as server-sent events
  GET /ws                         WebSocket: {"type":"call","id":1,"function":"NAME","args":[...]}
  GET /                           the dashboard: what happens, as it happens; cancel, pause, resize
  GET /openapi.json /metrics /healthz /readyz

The address is printed on standard output once the server listens. SIGTERM or SIGINT takes no more calls,
waits for those under way and ends; a second one stops them.

Exit codes: 0 all calls were answered; 1 calls were stopped; 2 wrong usage or module.`;

/** What the flags ask for. */
export function serveRequestOf(modules: readonly string[], flags: ServeFlags): ServeRequest {
  const { on, workers, concurrency, maxMemory, drain, dev, allowHost, allowOrigin, ...others } = flags;
  const execution = { on, workers, concurrency, maxMemory };
  checkRequest(execution);
  const options = {
    ...others,
    allowedHosts: allowHost,
    allowedOrigins: allowOrigin,
    audience: dev === true ? "developers" : "everybody",
  };
  return { modules, execution, options, drain };
}
