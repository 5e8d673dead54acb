/** The table of the threads of this program, in which threads find each other; those of executors are not in it. */
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { ThreadTable } from "../memory/thread-table.js";

/** Threads get it from the thread that starts them. */
const TABLE_KEY = "manyhands.threads";

let table: ThreadTable | undefined;

/** The table of the threads of this program. A thread that was started before there was one makes one for itself and its
 *  own threads. */
export function threadTable(): ThreadTable {
  if (table === undefined) {
    const buffer = getEnvironmentData(TABLE_KEY) as SharedArrayBuffer | undefined;
    table = new ThreadTable(buffer);
    if (buffer === undefined) setEnvironmentData(TABLE_KEY, table.buffer as never);
  }
  return table;
}
