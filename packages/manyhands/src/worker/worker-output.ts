/** What a worker thread prints is printed by the program, as with any `Worker`; but the thread is started first.
 *
 *  `new Worker` opens the program's stdout and stderr before it starts the thread, which takes 3 ms in a program that has
 *  printed nothing yet. A worker whose output is its maker's own business is started at once, and its streams are joined to
 *  the program's while it boots.
 *
 *  Guarantees: output that is joined here does not keep the program alive. Reading such a stream would, unless it is told
 *  not to by a property that Node sets for its own use: where that is missing nothing is joined, and the maker is told so. */
import type { Readable, Writable } from "node:stream";
import type { Worker } from "node:worker_threads";

const HOLDS = "kIncrementsPortRef";

/** Has the program print what a worker prints that was made with `stdout` and `stderr` for its maker to read. Before its
 *  maker's turn ends, or some of it may be missed.
 *  @returns "unknown" where Node does it in another way. */
export function joinOutput({ stdout, stderr }: Worker): "joined" | "unknown" {
  if (!letGo(stdout) || !letGo(stderr)) return "unknown";
  pipe(stdout, process.stdout);
  pipe(stderr, process.stderr);
  return "joined";
}

function letGo(stream: Readable): boolean {
  const key = Object.getOwnPropertySymbols(stream).find(({ description }) => description === HOLDS);
  return key !== undefined && Reflect.set(stream, key, false);
}

/** Many workers print to one stream, which takes their listeners for a leak. */
function pipe(from: Readable, to: Writable): void {
  const most = to.getMaxListeners();
  to.setMaxListeners(Number.POSITIVE_INFINITY);
  from.pipe(to);
  to.setMaxListeners(most);
}
