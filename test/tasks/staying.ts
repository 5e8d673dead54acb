/** Makes what belongs to the thread that makes it. */
import { ThreadPoolExecutor } from "manyhands";
import { Manager, Process, ThreadPool } from "manyhands/multiprocessing";
import { Thread } from "manyhands/threading";

const MAKERS = {
  executor: () => new ThreadPoolExecutor({ maxWorkers: 1 }),
  pool: () => new ThreadPool(1),
  thread: () => new Thread(nothing),
  process: () => new Process(nothing),
  manager: () => new Manager(),
} as const;

export function makeOwn(what: keyof typeof MAKERS): { made: object } {
  return { made: MAKERS[what]() };
}

export function nothing(): void {
  // What is made of it is never started.
}
