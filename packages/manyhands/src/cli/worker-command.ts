/** `manyhands worker`: its options and what they mean together. */
import type { Command } from "commander";
import { Option } from "commander";
import { type ClusterFlags, type ClusterPlace, clusterOptions, clusterPlaceOf } from "./cluster-package.js";
import { UsageError } from "./exit-code.js";
import { parseCount, parseDuration } from "./option-values.js";

const WORKER_PLACES = ["threads", "processes"] as const;

/** What is asked of an agent, as `ClusterAgent` takes it. Only what was given is set. */
export type WorkerRequest = ClusterPlace & Readonly<Record<string, unknown>>;

/** As commander gives them. */
interface WorkerFlags extends ClusterFlags {
  readonly on: (typeof WORKER_PLACES)[number];
  readonly concurrency?: number;
  readonly root?: string;
  readonly name?: string;
  readonly acceptSource?: true;
  readonly lock?: number;
}

/** Adds the options and the help of `worker`. */
export function describeWorker(command: Command): Command {
  command
    .description("Run functions of modules for the clients of a cluster")
    .argument("[module...]", "paths, file URLs or packages whose exported functions are run")
    .addOption(new Option("--on <place>", "where functions run").choices(WORKER_PLACES).default("threads"))
    .option("--concurrency <n>", "calls at once (default: the cores there are)", parseCount)
    .option("--root <folder>", "serve every module in this folder")
    .option("--name <name>", "the agent's name, unlike all others (default: host name and process id)")
    .option("--accept-source", "run functions that are not exported, too: any code that somebody puts into Redis")
    .option(
      "--lock <time>",
      "how long this agent may be silent before others take its calls (default: 10s)",
      parseDuration,
    );
  for (const option of clusterOptions()) command.addOption(option);
  return command.addHelpText("after", WORKER_HELP);
}

const WORKER_HELP = `

Functions of other modules are refused, and so are those of a module whose text differs from the client's:
deploy first, then start agents and clients anew. Only exported functions are run, unless --accept-source.

The agent's name is printed on standard output once it takes calls. It waits for Redis, and comes back to it.
SIGTERM or SIGINT takes no more calls, waits for those that run and ends; a second one ends them.

Exit codes: 0 all calls were finished; 1 calls were ended; 2 wrong usage or module.`;

/** What the flags ask for. */
export function workerRequestOf(modules: readonly string[], flags: WorkerFlags): WorkerRequest {
  const { on, concurrency, root, name, acceptSource, lock } = flags;
  if (modules.length === 0 && root === undefined) {
    throw new UsageError("name the modules whose functions this agent runs, or a folder of them: --root DIR");
  }
  return {
    ...clusterPlaceOf(flags, "manyhands worker"),
    modules,
    on,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(root === undefined ? {} : { root }),
    ...(name === undefined ? {} : { name }),
    ...(acceptSource === undefined ? {} : { acceptSource }),
    ...(lock === undefined ? {} : { lockDuration: lock }),
  };
}
