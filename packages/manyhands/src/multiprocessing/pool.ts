/** `Pool`: Python's `multiprocessing.Pool`, a pool of processes. */
import { availableParallelism } from "node:os";
import { ProcessPoolExecutor } from "../mod.js";
import { planOf, WorkerPool, type WorkerPoolOptions } from "./worker-pool.js";

/** A pool of child processes.
 *
 *  @param options the number of processes, or all options. @default os.availableParallelism() processes
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option; InvalidStateError (`ERR_INVALID_STATE`) when it
 *  is made while a worker is loading its module.
 *  @example
 *  ```ts
 *  await using pool = new Pool(4);
 *  console.log(await pool.map(isPrime, [2, 3, 4]));
 *  ``` */
export class Pool extends WorkerPool {
  constructor(options: number | WorkerPoolOptions = {}) {
    const plan = planOf(options);
    super(new ProcessPoolExecutor({ ...plan, name: "pool" }), plan.maxWorkers ?? availableParallelism());
  }
}
