/** What the command needs of `@manyhands/cluster`. Not its own declarations: the library is built without it. */
import { Option } from "commander";
import type { Executor } from "../mod.js";
import { loadAddOn } from "./add-on.js";
import { UsageError } from "./exit-code.js";

const PACKAGE = "@manyhands/cluster";

/** Where a cluster is, as its options are called in the package too. */
export interface ClusterPlace {
  readonly connection: string;
  readonly queue?: string;
  readonly prefix?: string;
}

export interface RunningAgent {
  readonly name: string;
  start(): Promise<void>;
  shutdown(): Promise<void>;
  terminate(): Promise<void>;
}

interface ClusterPackage {
  readonly ClusterExecutor: new (options: ClusterPlace) => Executor;
  readonly ClusterAgent: new (options: ClusterPlace & Readonly<Record<string, unknown>>) => RunningAgent;
}

/** As commander gives them. */
export interface ClusterFlags {
  readonly redis?: string;
  readonly queue?: string;
  readonly prefix?: string;
}

/** `--redis`, `--queue` and `--prefix`. */
export function clusterOptions(): readonly Option[] {
  return [
    new Option("--redis <url>", "where Redis is: redis://[user:password@]host:port, rediss:// for TLS").env(
      "MANYHANDS_REDIS",
    ),
    new Option("--queue <name>", "the queue of the cluster (default: manyhands)"),
    new Option("--prefix <name>", "what keys in Redis begin with (default: manyhands)"),
  ];
}

/** @param needed what the options were given for. */
export function clusterPlaceOf({ redis, queue, prefix }: ClusterFlags, needed: string): ClusterPlace {
  if (redis === undefined) throw new UsageError(`${needed} needs --redis URL, or MANYHANDS_REDIS`);
  return {
    connection: redis,
    ...(queue === undefined ? {} : { queue }),
    ...(prefix === undefined ? {} : { prefix }),
  };
}

/** Makes an executor over a cluster. */
export async function openCluster(place: ClusterPlace): Promise<Executor> {
  const { ClusterExecutor } = await loadAddOn<ClusterPackage>(PACKAGE, "--on cluster", process.cwd());
  return refusedPlainly(() => new ClusterExecutor(place));
}

/** Makes an agent. */
export async function openAgent(options: ClusterPlace & Readonly<Record<string, unknown>>): Promise<RunningAgent> {
  const { ClusterAgent } = await loadAddOn<ClusterPackage>(PACKAGE, "manyhands worker", process.cwd());
  return refusedPlainly(() => new ClusterAgent(options));
}

/** What an option or a module is refused for is the user's to mend. */
function refusedPlainly<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof Error && "code" in error ? new UsageError(error.message, { cause: error }) : error;
  }
}
