/** Which executor a command asks for.
 *
 *  Guarantees: an executor is made only here, so that the commands know the contract and nothing else. */
import type { Executor } from "../mod.js";
import { EventLoopExecutor, ProcessPoolExecutor, ThreadPoolExecutor } from "../mod.js";
import { type ClusterPlace, openCluster } from "./cluster-package.js";
import { WARM_UP } from "./compare-warm.js";
import { UsageError } from "./exit-code.js";
import { PRINT_TO_STDERR } from "./result-stream.js";

export const PLACES = ["event-loop", "threads", "processes"] as const;

/** Where calls run. */
export type Place = (typeof PLACES)[number];

/** Where those of a map may run, too. */
export const MAP_PLACES = ["event-loop", "threads", "processes", "cluster"] as const;
export type MapPlace = (typeof MAP_PLACES)[number];

/** What a map runs on. */
export type MapExecution = ExecutorRequest | { readonly on: "cluster"; readonly place: ClusterPlace };

export interface ExecutorRequest {
  readonly on: Place;
  readonly workers?: number | undefined;
  /** Calls at once in one worker. */
  readonly concurrency?: number | undefined;
  /** Bytes at which a worker is replaced. */
  readonly maxMemory?: number | undefined;
  /** Whether `event-loop` means the command's own. @default apart */
  readonly loop?: "own" | "apart";
  /** The module that every worker loads before its first call; then all workers start at once. */
  readonly warm?: string | undefined;
}

/** Calls at once on the event loop, when nothing is said. */
const EVENT_LOOP_CONCURRENCY = 16;

/** Refuses what cannot be had, before anything is started. */
export function checkRequest(request: ExecutorRequest): void {
  if (request.on !== "event-loop") return;
  if (request.workers !== undefined && request.workers > 1) {
    throw new UsageError("the event loop is a single worker: use --concurrency, or --on threads or processes");
  }
  if (request.maxMemory !== undefined) {
    throw new UsageError("--max-memory needs workers that can be replaced: --on threads or processes");
  }
}

/** The executor of a map. */
export async function openExecutor(request: MapExecution): Promise<Executor> {
  return request.on === "cluster" ? openCluster(request.place) : makeExecutor(request);
}

export function makeExecutor(request: ExecutorRequest): Executor {
  const { on, workers, concurrency, maxMemory, warm } = request;
  if (on === "event-loop") {
    const limit = concurrency ?? EVENT_LOOP_CONCURRENCY;
    // One event loop, but not the command's own: a function that never gives the loop back would leave nobody to hear
    // Ctrl-C, or to see that its time is over. To be measured it must be the real thing, without a crossing.
    return request.loop === "own"
      ? new EventLoopExecutor({ maxConcurrency: limit })
      : new ThreadPoolExecutor({ name: on, maxWorkers: 1, tasksPerWorker: limit });
  }
  const options = {
    name: on,
    ...(workers === undefined ? {} : { maxWorkers: workers }),
    ...(concurrency === undefined ? {} : { tasksPerWorker: concurrency }),
    ...(maxMemory === undefined ? {} : { maxMemory }),
    ...(warm === undefined ? {} : { initializer: WARM_UP, initargs: [warm] }),
    ...(warm === undefined || workers === undefined ? {} : { minWorkers: workers }),
  };
  if (on === "threads") return new ThreadPoolExecutor(options);
  return new ProcessPoolExecutor(warm === undefined ? { ...options, initializer: PRINT_TO_STDERR } : options);
}
