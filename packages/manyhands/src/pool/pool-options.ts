/** What a pool of workers can be asked for, checked. */
import { availableParallelism } from "node:os";
import type { ResourceLimits } from "node:worker_threads";
import { InvalidOptionError } from "../base/errors.js";
import { checkAmount, checkCount, checkDuration, checkNames, checkType } from "../base/options.js";
import type { Task } from "../futures/mod.js";
import { type AnyTask, type Route, refuseWhileImporting } from "../wire/mod.js";
import type { CrewPlan } from "./engines.js";
import { machinery } from "./machinery.js";

/** Options of `ThreadPoolExecutor` and `ProcessPoolExecutor`. */
export interface PoolOptions {
  /** The most workers; they are started as calls need them. @default os.availableParallelism() */
  maxWorkers?: number;
  /** Workers that are started at once and kept. @default 0 */
  minWorkers?: number;
  /** How long a worker beyond `minWorkers` may be idle before it ends, in ms. @default Infinity */
  idleTimeout?: number;
  /** Calls that one worker runs at the same time; more than 1 is for tasks that await. @default 1 */
  tasksPerWorker?: number;
  /** Runs in each worker before its first call. When it fails, the executor is broken. */
  initializer?: Task<never[], void>;
  /** The arguments of `initializer`. */
  initargs?: readonly unknown[];
  /** Calls after which a worker is replaced. @default Infinity */
  maxTasksPerWorker?: number;
  /** Age at which a worker is replaced, in ms. @default Infinity */
  maxAge?: number;
  /** Memory in use at which a worker is replaced, in bytes: heap and external memory of a thread, resident set of a
   *  process. Looked at after calls. @default Infinity */
  maxMemory?: number;
  /** V8's limits for each worker; a call that exceeds the heap loses its worker, and nothing else is harmed. */
  resourceLimits?: ResourceLimits;
  /** The prefix of the workers' names. @default "threads" or "processes" */
  name?: string;
  /** Whether calls keep the program alive. An idle executor never does. @default true */
  ref?: boolean;
}

const POOL_OPTIONS = [
  "maxWorkers",
  "minWorkers",
  "idleTimeout",
  "tasksPerWorker",
  "initializer",
  "initargs",
  "maxTasksPerWorker",
  "maxAge",
  "maxMemory",
  "resourceLimits",
  "name",
  "ref",
] as const satisfies readonly (keyof PoolOptions)[];

/** The part of a crew's settings that options decide.
 *  @throws InvalidOptionError naming the option. */
export function planCrew(
  options: PoolOptions,
  name: "threads" | "processes",
  further: readonly string[] = [],
): CrewPlan {
  checkNames("A pool", options, [...POOL_OPTIONS, ...further]);
  checkCount("maxWorkers", options.maxWorkers, 1);
  checkCount("minWorkers", options.minWorkers, 0);
  checkDuration("idleTimeout", options.idleTimeout);
  checkLimit("tasksPerWorker", options.tasksPerWorker);
  checkType("name", options.name, "string");
  checkType("ref", options.ref, "boolean");
  checkLimit("maxTasksPerWorker", options.maxTasksPerWorker);
  checkDuration("maxAge", options.maxAge);
  checkAmount("maxMemory", options.maxMemory, "bytes");
  const maxWorkers = options.maxWorkers ?? availableParallelism();
  const minWorkers = options.minWorkers ?? 0;
  if (minWorkers > maxWorkers) {
    throw new InvalidOptionError("minWorkers", `minWorkers (${minWorkers}) is more than maxWorkers (${maxWorkers})`);
  }
  refuseWhileImporting("A pool was made");
  return {
    name: options.name ?? name,
    maxWorkers,
    minWorkers,
    tasksPerWorker: options.tasksPerWorker ?? 1,
    idleTimeout: options.idleTimeout ?? Number.POSITIVE_INFINITY,
    maxTasksPerWorker: options.maxTasksPerWorker ?? Number.POSITIVE_INFINITY,
    maxAge: options.maxAge ?? Number.POSITIVE_INFINITY,
    maxMemory: options.maxMemory ?? Number.POSITIVE_INFINITY,
    ref: options.ref === false ? "unref" : "ref",
    initializer: planInitializer(options, name === "processes" ? "process" : "thread"),
  };
}

/** A whole number of at least 1, or no limit. */
export function checkLimit(option: string, value: number | undefined): void {
  if (value !== Number.POSITIVE_INFINITY) checkCount(option, value, 1);
}

function planInitializer({ initializer, initargs = [] }: PoolOptions, route: Route): CrewPlan["initializer"] {
  if (initializer === undefined) return undefined;
  if (!Array.isArray(initargs)) throw new InvalidOptionError("initargs", "initargs must be an array");
  return machinery().planInitializer(initializer as AnyTask, initargs, route);
}
