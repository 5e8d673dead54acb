/** A timeline of the recent past, in memory.
 *
 *  Guarantees: bounded by a number of events, whatever happens; what it gives is complete JSON, in which nothing ends that has
 *  not begun. */

import { checkCount, checkNames } from "../base/options.js";
import { RingQueue } from "../base/ring-queue.js";
import { subscribe } from "./subscribe.js";
import type { TraceEvent, TraceSink } from "./trace-file.js";
import { Tracer } from "./tracer.js";

export interface RecentTraceOptions {
  /** The most events that are kept; a call makes some seven. @default 50_000 */
  keep?: number;
}

/** A trace that is being kept. */
export interface RecentTrace extends Disposable {
  /** What is kept now, as `traceTo` would have written it. */
  json(): string;
}

/** Keeps a timeline as {@link traceTo} writes it, but only of the recent past, and in memory: to be asked for when something
 *  has happened.
 *
 *  @returns `json()` gives it at any time; disposing of it ends the keeping.
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) for wrong options.
 *  @example
 *  ```ts
 *  using trace = traceRecent();
 *  process.on("SIGUSR2", () => writeFileSync("recent.trace.json", trace.json()));
 *  ``` */
export function traceRecent(options: RecentTraceOptions = {}): RecentTrace {
  checkNames("traceRecent()", options, ["keep"]);
  checkCount("keep", options.keep, 1);
  const kept = new KeptEvents(options.keep ?? 50_000);
  const tracer = new Tracer(kept);
  const listening = subscribe({
    task: (message) => tracer.heardOfTask(message),
    worker: (message) => tracer.heardOfWorker(message),
  });
  return { json: () => kept.json(), [Symbol.dispose]: () => listening[Symbol.dispose]() };
}

/** Far more workers than are seen while the events last. */
const MOST_NAMES = 2000;

class KeptEvents implements TraceSink {
  readonly #most: number;
  /** Names of rows: what they name may still be kept. */
  readonly #names: TraceEvent[] = [];
  readonly #events = new RingQueue<TraceEvent>();

  constructor(most: number) {
    this.#most = most;
  }

  write(event: TraceEvent): void {
    if (event.ph === "M") {
      this.#names.push(event);
      if (this.#names.length > MOST_NAMES) this.#names.shift();
      return;
    }
    this.#events.push(event);
    if (this.#events.length > this.#most) this.#events.shift();
  }

  json(): string {
    const begun = new Set<string>();
    const lines = this.#names.map((event) => JSON.stringify(event));
    for (const event of this.#events) {
      const key = `${event.cat} ${event.id}`;
      if (event.ph === "b" || event.ph === "s") begun.add(`${event.ph} ${key}`);
      if (event.ph === "e" && !begun.has(`b ${key}`)) continue;
      if (event.ph === "f" && !begun.has(`s ${key}`)) continue;
      lines.push(JSON.stringify(event));
    }
    return `[\n${lines.join(",\n")}\n]\n`;
  }
}
