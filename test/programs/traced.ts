/** `traced.js FILE exit|kill`: ends amid calls while a trace is written. */
import { ThreadPoolExecutor } from "manyhands";
import { traceTo } from "manyhands/observe";
import { square } from "#tasks/basic.js";

const [, , file = "", how] = process.argv;
traceTo(file);
const pool = new ThreadPoolExecutor({ maxWorkers: 2 });
await pool.map(
  square,
  Array.from({ length: 1000 }, (_, n) => n),
);
void pool.submit(square, 1).catch(() => undefined);
if (how === "exit") process.exit(0);
process.kill(process.pid, "SIGKILL");
