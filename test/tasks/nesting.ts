/** A task that has workers of its own. */
import { ThreadPoolExecutor } from "manyhands";
import { square } from "./basic.js";

export async function sumOfSquares(numbers: readonly number[]): Promise<number> {
  const pool = new ThreadPoolExecutor({ maxWorkers: 1 });
  try {
    return (await pool.map(square, numbers)).reduce((sum, n) => sum + n, 0);
  } finally {
    await pool.shutdown();
  }
}
