/** `pool-endings.js CLASS HOW`: a program that makes a pool, uses it, and ends by itself. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AsyncResult, Pool, ThreadPool } from "manyhands/multiprocessing";
import { square } from "#tasks/basic.js";
import { throwRich } from "#tasks/failing.js";
import { waitForEver } from "#tasks/stopping.js";

const [, , name, how] = process.argv;
const pool = name === "Pool" ? new Pool(2) : new ThreadPool(2);
switch (how) {
  case "leave": {
    let callback = false;
    const { result } = await leave(() => {
      callback = true;
    });
    console.log(await result.get({ timeout: 0 }), callback);
    break;
  }
  case "terminate":
    // Nobody looks at any of these.
    pool.applyAsync(waitForEver, [join(tmpdir(), `manyhands-${process.pid}`)], {
      callback: () => console.log("never"),
    });
    pool.mapAsync(square, [1, 2, 3]);
    pool.imap(square, [1, 2, 3]);
    await pool.terminate();
    break;
  case "fail":
    pool.applyAsync(throwRich, [], { errorCallback: () => undefined });
    pool.applyAsync(throwRich, [], { callback: () => undefined });
    break;
  default:
    throw new Error(`there is no way ${how}`);
}

/** Boxed, for whoever awaits a result awaits its job. */
async function leave(callback: () => void): Promise<{ readonly result: AsyncResult<number> }> {
  await using own = pool;
  return { result: own.applyAsync(square, [5], { callback }) };
}
