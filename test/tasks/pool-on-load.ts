/** A program without a guard: loaded in a worker, it would make a pool there, whose workers would make pools. */
import { ThreadPoolExecutor } from "manyhands";

export const pool: ThreadPoolExecutor = new ThreadPoolExecutor({ maxWorkers: 1 });

export function task(): number {
  return 1;
}
