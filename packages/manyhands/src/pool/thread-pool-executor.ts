/** `ThreadPoolExecutor`: functions on worker threads. */
import { ThreadPort } from "../worker/mod.js";
import { Engine, LocalExecutor } from "./executor.js";
import { type PoolOptions, planCrew } from "./pool-options.js";
import { Scheduler } from "./scheduler.js";

/** Runs functions on worker threads: CPU work in parallel, shared memory shared, start in some 35 ms.
 *
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option; InvalidStateError (`ERR_INVALID_STATE`) when it
 *  is made while a worker is loading its module.
 *  @remarks Native code that runs long (`pbkdf2Sync`, a large sort, `JSON.parse` of much) cannot be interrupted in a
 *  thread, not even by `terminate`; where that matters use `ProcessPoolExecutor`.
 *  @example
 *  ```ts
 *  await using pool = new ThreadPoolExecutor({ maxWorkers: 4 });
 *  console.log(await pool.submit(isPrime, 112272535095293));
 *  ``` */
export class ThreadPoolExecutor extends LocalExecutor {
  constructor(options: PoolOptions = {}) {
    const settings = planCrew(options, "threads");
    const memory = settings.maxMemory === Number.POSITIVE_INFINITY ? "ignore" : "report";
    const { tasksPerWorker } = settings;
    const scheduler = new Scheduler({
      ...settings,
      kind: "thread",
      gate: undefined,
      spawn: (name, events) =>
        new ThreadPort({ name, tasksPerWorker, memory, resourceLimits: options.resourceLimits }, events),
    });
    super(new Engine("thread", settings.name, settings.maxWorkers, scheduler));
  }
}
