/** What an agent can be asked for, checked. */
import { availableParallelism } from "node:os";
import { InvalidOptionError, type PoolOptions, type ProcessPoolOptions } from "manyhands";
import { checkCount, checkNames, checkType } from "manyhands/engine";
import { checkMs, checkName, DEFAULT_NAME } from "./checks.js";
import { type ClusterConnection, checkConnection } from "./connections.js";
import { defaultAgentName } from "./heartbeat.js";

/** Options of {@link ClusterAgent}. */
export interface AgentOptions {
  /** Where Redis is. */
  connection: ClusterConnection;
  /** The queue whose calls it runs. @default "manyhands" */
  queue?: string;
  /** What all keys in Redis begin with. @default "manyhands" */
  prefix?: string;
  /** The modules whose exported functions it runs: paths, URLs or names of packages. @default none */
  modules?: readonly (string | URL)[];
  /** A folder; every module in it is served. @default none */
  root?: string;
  /** Run functions that travel as source. Whoever can write to Redis can then run any code here. @default false */
  acceptSource?: boolean;
  /** Where the functions run. @default "threads" */
  on?: "threads" | "processes";
  /** Calls at once. @default os.availableParallelism() */
  concurrency?: number;
  /** Further options of its pool. */
  pool?: PoolOptions | ProcessPoolOptions;
  /** Unique among the agents. @default host name and process id */
  name?: string;
  /** How long Redis believes that a job is being run without a sign of it, in ms. It must be longer than this process or its
   *  connection may stop for: a job whose lock has ended is given to another agent. @default 10_000 */
  lockDuration?: number;
  /** How often to look for jobs whose lock has ended, in ms. @default half of lockDuration */
  stalledInterval?: number;
  /** How often to say that it lives, in ms. @default a fifth of lockDuration */
  heartbeat?: number;
  /** Is told of trouble that passes, such as a lost connection. @default says nothing */
  onTrouble?: (error: unknown) => void;
}

export interface AgentPlan extends Required<Omit<AgentOptions, "root" | "acceptSource">> {
  readonly root: string | undefined;
  readonly sources: "refuse" | "run";
}

const AGENT_OPTIONS = [
  "connection",
  "queue",
  "prefix",
  "modules",
  "root",
  "acceptSource",
  "on",
  "concurrency",
  "pool",
  "name",
  "lockDuration",
  "stalledInterval",
  "heartbeat",
  "onTrouble",
] as const satisfies readonly (keyof AgentOptions)[];

/** In ms. */
const LOCK = 10_000;

/** @throws InvalidOptionError naming the option. */
export function planAgent(options: AgentOptions): AgentPlan {
  checkNames("An agent", options, AGENT_OPTIONS);
  checkConnection(options.connection);
  checkName("queue", options.queue);
  checkName("prefix", options.prefix);
  checkName("name", options.name);
  checkType("acceptSource", options.acceptSource, "boolean");
  checkCount("concurrency", options.concurrency, 1);
  for (const option of ["lockDuration", "stalledInterval", "heartbeat"] as const) checkMs(option, options[option]);
  const { on = "threads", modules = [] } = options;
  if (on !== "threads" && on !== "processes") throw new InvalidOptionError("on", "on must be threads or processes");
  if (!Array.isArray(modules)) throw new InvalidOptionError("modules", "modules must be an array");
  return {
    connection: options.connection,
    queue: options.queue ?? DEFAULT_NAME,
    prefix: options.prefix ?? DEFAULT_NAME,
    modules,
    root: options.root,
    sources: options.acceptSource === true ? "run" : "refuse",
    on,
    concurrency: options.concurrency ?? options.pool?.maxWorkers ?? availableParallelism(),
    pool: options.pool ?? {},
    name: options.name ?? defaultAgentName(),
    lockDuration: options.lockDuration ?? LOCK,
    stalledInterval: options.stalledInterval ?? Math.ceil((options.lockDuration ?? LOCK) / 2),
    heartbeat: options.heartbeat ?? Math.ceil((options.lockDuration ?? LOCK) / 5),
    onTrouble: options.onTrouble ?? (() => undefined),
  };
}
