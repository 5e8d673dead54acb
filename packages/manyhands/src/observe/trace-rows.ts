/** The rows of a trace: one for each worker, or one for each call that a worker runs at once.
 *
 *  Guarantees: slices of one row do not overlap; each executor and row is named once, before it is used. */
import type { WatchedWorker } from "../pool/watch-messages.js";
import type { TraceSink } from "./trace-file.js";

export interface Row {
  readonly pid: number;
  readonly tid: number;
}

interface Lane {
  readonly row: Row;
  /** µs */
  end: number;
}

export class TraceRows {
  readonly #file: TraceSink;
  readonly #executors = new Set<number>();
  readonly #lanes = new WeakMap<WatchedWorker, Lane[]>();
  #made = 0;

  constructor(file: TraceSink) {
    this.#file = file;
  }

  /** The row of this worker for a slice from `start` to `end`, in µs. */
  of(worker: WatchedWorker, start: number, end: number): Row {
    const lanes = this.#lanesOf(worker);
    // Calls of a worker that runs one at a time follow one another; of others those that ended first are told first.
    const free = worker.slots === 1 ? lanes[0] : lanes.find((lane) => lane.end <= start);
    const lane = free ?? this.#add(worker, lanes);
    lane.end = Math.max(lane.end, end);
    return lane.row;
  }

  #lanesOf(worker: WatchedWorker): Lane[] {
    let lanes = this.#lanes.get(worker);
    if (lanes === undefined) {
      this.#name(worker);
      lanes = [];
      this.#lanes.set(worker, lanes);
    }
    return lanes;
  }

  #add({ executor, name }: WatchedWorker, lanes: Lane[]): Lane {
    this.#made += 1;
    const row = { pid: executor.id, tid: this.#made };
    const lane = { row, end: Number.NEGATIVE_INFINITY };
    lanes.push(lane);
    const label = lanes.length === 1 ? name : `${name} #${lanes.length}`;
    this.#file.write({ ph: "M", name: "thread_name", ...row, args: { name: label } });
    return lane;
  }

  #name({ executor: { id, kind, name } }: WatchedWorker): void {
    if (this.#executors.has(id)) return;
    this.#executors.add(id);
    this.#file.write({ ph: "M", name: "process_name", pid: id, tid: 0, args: { name: `${name} (${kind})` } });
  }
}
