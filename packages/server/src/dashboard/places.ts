/** The rows of the task stream: a place for each worker, which the one that comes after it takes over.
 *
 *  Guarantees: a row's number is never given anew; bars in one lane of a row do not overlap, up to `MOST_LANES`; a place that has
 *  been empty for long is forgotten. */
import type { EndedRun, WatchedWorker, WorkerCrashed, WorkerMessage } from "manyhands/observe";
import type { Crash } from "./protocol.js";

/** Bars that overlap even further share the last lane. */
const MOST_LANES = 32;
/** Utilisation is of so many ticks. */
const TICKS = 10;

/** A worker's place. Times in epoch ms. */
export class Place {
  readonly row: number;
  readonly executor: number;
  worker: WatchedWorker;
  state: "booting" | "serving" | { readonly goneAt: number } = "serving";
  runs = 0;
  restarts = 0;
  lastCrash: Crash | null = null;
  /** Until when each lane is taken. */
  readonly #lanes: number[] = [0];
  /** How long it ran something, in ms, and until when that is known. */
  #busy = 0;
  #busyUntil = 0;
  readonly #marks: { readonly at: number; readonly busy: number }[] = [];

  constructor(row: number, worker: WatchedWorker) {
    this.row = row;
    this.executor = worker.executor.id;
    this.worker = worker;
  }

  get lanes(): number {
    return this.#lanes.length;
  }

  /** Whether its worker has gone. */
  get empty(): boolean {
    return typeof this.state === "object";
  }

  /** @returns the lane of the bar. */
  ran({ startedAt, duration }: EndedRun): number {
    this.runs += 1;
    const end = startedAt + duration;
    this.worked(startedAt, end);
    const free = this.#lanes.findIndex((until) => until <= startedAt);
    // Calls that follow one another do not overlap, though clocks of two processes may say so.
    const own = this.worker.slots === 1 ? 0 : free;
    const lane = own >= 0 ? own : Math.min(this.#lanes.length, MOST_LANES - 1);
    this.#lanes[lane] = Math.max(end, this.#lanes[lane] ?? 0);
    return lane;
  }

  /** It ran something at least from `start` to `end`. */
  worked(start: number, end: number): void {
    this.#busy += Math.max(0, end - Math.max(start, this.#busyUntil));
    this.#busyUntil = Math.max(this.#busyUntil, end);
  }

  /** The share of the latest ticks in which it ran something. Asked once a tick. */
  utilisation(at: number): number {
    const [first] = this.#marks;
    this.#marks.push({ at, busy: this.#busy });
    if (this.#marks.length > TICKS) this.#marks.shift();
    if (first === undefined || at <= first.at) return 0;
    // What ended in these ticks may have begun before them.
    return Math.min(1, (this.#busy - first.busy) / (at - first.at));
  }
}

export class Places {
  readonly #byRow = new Map<number, Place>();
  readonly #byWorker = new Map<WatchedWorker, Place>();
  readonly #origin: number;
  #made = 0;

  constructor(origin: number) {
    this.#origin = origin;
  }

  /** In order of executor and row. */
  list(): readonly Place[] {
    return [...this.#byRow.values()].sort((a, b) => a.executor - b.executor || a.row - b.row);
  }

  /** The place of this worker, which may have been there before anybody listened. */
  of(worker: WatchedWorker): Place {
    const known = this.#byWorker.get(worker);
    if (known !== undefined) return known;
    const place = this.#inherited(worker) ?? this.#add(worker);
    this.#byWorker.set(worker, place);
    return place;
  }

  heard(message: WorkerMessage): void {
    const { worker, type, at } = message;
    const place = this.of(worker);
    switch (type) {
      case "started":
        place.state = "booting";
        break;
      case "ready":
        place.state = "serving";
        break;
      case "exited":
        this.#leave(place, at);
        break;
      case "crashed":
        place.lastCrash = this.#crash(message);
        this.#leave(place, at);
        break;
      case "replaced":
        break;
    }
  }

  /** Forgets places whose workers went before `at`. */
  forget(at: number): void {
    for (const [row, { state }] of this.#byRow) {
      if (typeof state === "object" && state.goneAt < at) this.#byRow.delete(row);
    }
  }

  #leave(place: Place, at: number): void {
    this.#byWorker.delete(place.worker);
    place.state = { goneAt: at };
  }

  #inherited(worker: WatchedWorker): Place | undefined {
    for (const place of this.#byRow.values()) {
      if (!place.empty || place.executor !== worker.executor.id) continue;
      place.worker = worker;
      place.state = "serving";
      place.restarts += 1;
      return place;
    }
    return undefined;
  }

  #add(worker: WatchedWorker): Place {
    const place = new Place(this.#made, worker);
    this.#made += 1;
    this.#byRow.set(place.row, place);
    return place;
  }

  #crash({ worker, at, exitCode, signal, cause }: WorkerCrashed): Crash {
    return { at: sinceOrigin(at, this.#origin), worker: worker.name, exitCode, signal, cause: told(cause) };
  }
}

/** Times as pages get them: ms, with three decimals. */
export function sinceOrigin(epochMs: number, origin: number): number {
  return rounded(epochMs - origin);
}

export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

const LONGEST = 500;

function told(cause: unknown): string | null {
  if (cause === undefined || cause === null) return null;
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return text.slice(0, LONGEST);
}
