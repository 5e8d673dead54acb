/** `ThreadPoolExecutor`: functions on worker threads. */
import { startThread } from "../worker/mod.js";
import { EngineSeat, firstWorker, startAhead } from "./engine-seat.js";
import { LocalExecutor } from "./executor.js";
import { machinery } from "./machinery.js";
import { type PoolOptions, planCrew } from "./pool-options.js";

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
    const plan = planCrew(options, "threads");
    const { tasksPerWorker } = plan;
    const memory = plan.maxMemory === Number.POSITIVE_INFINITY ? "ignore" : "report";
    const settings = { tasksPerWorker, memory, resourceLimits: options.resourceLimits } as const;
    super(
      new EngineSeat("thread", plan.minWorkers, (need) => {
        const first = startAhead(need, () => startThread({ name: firstWorker(plan.name), ...settings }));
        return machinery().openThreads(plan, settings, first);
      }),
    );
  }
}
