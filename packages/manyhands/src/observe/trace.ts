/** A timeline of everything that the executors of this thread do. */
import { subscribe } from "./subscribe.js";
import { TraceFile } from "./trace-file.js";
import { Tracer } from "./tracer.js";

/** A trace that is being written. */
export interface Trace extends AsyncDisposable {
  /** Completes the file. Idempotent. Rejects with the system's error when the file could not be written. */
  end(): Promise<void>;
}

/** Writes a timeline of all calls of this thread's executors that are submitted from now on, for https://ui.perfetto.dev or
 *  chrome://tracing: a process for each executor, a row for each worker with a slice for each run, waits above them, arrows
 *  from the submit to the run, and counters of the calls that wait and the workers that are busy.
 *
 *  @param file is written over.
 *  @returns completes the file when disposed of. If the program exits before, the file is complete as well; if it is killed,
 *  viewers still read it.
 *  @throws the system's error (`ENOENT`, `EACCES`) when the file cannot be opened.
 *  @remarks Memory is bounded by the calls that have not ended. The program writes some 600 bytes for each call, in pieces
 *  of 64 KB and at once. Cancellation: there is none.
 *  @example
 *  ```ts
 *  await using trace = traceTo("run.trace.json");
 *  await pool.map(render, pages);
 *  ``` */
export function traceTo(file: string | URL): Trace {
  const target = new TraceFile(file);
  const writer = new Tracer(target);
  const listening = subscribe({
    task: (message) => writer.heardOfTask(message),
    worker: (message) => writer.heardOfWorker(message),
  });
  const end = async (): Promise<void> => {
    listening[Symbol.dispose]();
    writer.end();
    target.close();
  };
  return { end, [Symbol.asyncDispose]: end };
}
