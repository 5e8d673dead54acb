/** The events of a job as server-sent events: `GET /jobs/:id/events`.
 *
 *  Each has its number as `id`, so that a browser that lost the connection asks, with Last-Event-ID, for those behind the
 *  last one it has seen. The kinds are those of {@link JobEvent}; the data is JSON.
 *
 *  Guarantees: a slow reader holds up nobody and fills no memory, for it pulls; a reader that has left, or a server that
 *  ends, ends the stream at once. */
import { Readable } from "node:stream";
import type { Alarm, Job, JobEvent } from "./job.js";
import { type Signal, signal } from "./signal.js";

/** Proxies close what is silent for a minute. */
const HEARTBEAT_MS = 15_000;

/** The stream of the events of `job` behind number `after`.
 *  @param ends aborts when the server ends. */
export function eventStream(job: Job, after: number, ends: AbortSignal): Readable {
  const heartbeat = new Heartbeat(ends);
  const stream = Readable.from(write(job, after, heartbeat), { objectMode: false, highWaterMark: 16_384 });
  // The generator may be waiting for the next event, where nobody can return from it: it is woken.
  stream.once("close", () => heartbeat[Symbol.dispose]());
  return stream;
}

async function* write(job: Job, after: number, heartbeat: Heartbeat): AsyncGenerator<string> {
  // Told at once: who sees it knows that it follows.
  yield "retry: 1000\n\n";
  for await (const event of job.follow(after, heartbeat)) yield event === "idle" ? ": still here\n\n" : text(event);
}

function text({ type, seq, ...data }: JobEvent): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The number in a Last-Event-ID header; from the beginning when there is none that makes sense. */
export function lastEventId(header: unknown): number {
  return typeof header === "string" && /^\d{1,15}$/.test(header) ? Number(header) : 0;
}

/** Rings every now and then, and for the last time when it is over. */
class Heartbeat implements Alarm, Disposable {
  #state: Alarm["state"] = "set";
  #next: Signal<"rang"> = signal();
  readonly #ends: AbortSignal;
  readonly #timer: NodeJS.Timeout = setInterval(() => this.#ring(), HEARTBEAT_MS).unref();
  readonly #stop = (): void => this[Symbol.dispose]();

  constructor(ends: AbortSignal) {
    this.#ends = ends;
    if (ends.aborted) this.#stop();
    else ends.addEventListener("abort", this.#stop, { once: true });
  }

  get state(): Alarm["state"] {
    return this.#state;
  }

  rings(): Promise<"rang"> {
    return this.#next.promise;
  }

  [Symbol.dispose](): void {
    this.#state = "over";
    clearInterval(this.#timer);
    this.#ends.removeEventListener("abort", this.#stop);
    this.#ring();
  }

  #ring(): void {
    this.#next.give("rang");
    this.#next = signal();
  }
}
