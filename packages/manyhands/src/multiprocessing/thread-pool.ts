/** `ThreadPool`: Python's `multiprocessing.pool.ThreadPool`, a pool of threads. */
import { availableParallelism } from "node:os";
import { ThreadPoolExecutor } from "../mod.js";
import { planOf, WorkerPool, type WorkerPoolOptions } from "./worker-pool.js";

/** A pool of worker threads, with everything that {@link Pool} has. Unlike Python's, its threads compute in parallel, and
 *  what runs can be stopped.
 *
 *  @param options the number of threads, or all options. @default os.availableParallelism() threads
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option; InvalidStateError (`ERR_INVALID_STATE`) when it
 *  is made while a worker is loading its module.
 *  @example
 *  ```ts
 *  await using pool = new ThreadPool(5);
 *  for await (const page of pool.imap(fetchPage, urls)) console.log(page.title);
 *  ``` */
export class ThreadPool extends WorkerPool {
  constructor(options: number | WorkerPoolOptions = {}) {
    const plan = planOf(options);
    super(new ThreadPoolExecutor({ ...plan, name: "thread-pool" }), plan.maxWorkers ?? availableParallelism());
  }
}
