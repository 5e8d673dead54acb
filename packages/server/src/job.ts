/** A call whose caller does not wait: it has an id, a state, and events that are numbered and can be read again.
 *
 *  Guarantees: events of a job are numbered from 1 without gaps; the last one tells the outcome, and is kept as long as the
 *  job; of the progress before it the latest are kept. Who follows goes at its own pace, and keeps nobody up: what it was
 *  too slow for is told as `missed`. */
import { randomUUID } from "node:crypto";
import type { FutureState } from "manyhands";
import type { Call } from "./calls.js";
import { encode } from "./json-form.js";
import type { Audience, Problem } from "./problem.js";
import { problemOfCall } from "./problem.js";
import type { Signal } from "./signal.js";
import { signal } from "./signal.js";

export type JobEvent =
  | { readonly type: "progress"; readonly seq: number; readonly value: unknown }
  | { readonly type: "result"; readonly seq: number; readonly value?: unknown }
  | { readonly type: "error"; readonly seq: number; readonly error: Problem }
  /** Progress up to `seq` is not kept any more. */
  | { readonly type: "missed"; readonly seq: number };

/** What `GET /jobs/:id` tells. */
export interface JobView {
  readonly id: string;
  readonly function: string;
  readonly state: FutureState;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly endedAt?: string;
  /** The latest report; absent before the first. */
  readonly progress?: unknown;
  /** In JSON form; absent when the function gave nothing. */
  readonly result?: unknown;
  readonly error?: Problem;
}

/** What wakes somebody who waits for events. */
export interface Alarm {
  readonly state: "set" | "over";
  rings(): Promise<"rang">;
}

export interface JobOptions {
  readonly maxEvents: number;
  readonly audience: Audience;
}

export class Job {
  readonly id: string = randomUUID();
  readonly #call: Call;
  readonly #options: JobOptions;
  readonly #createdAt: Date = new Date();
  /** The latest events; the last one's number is `#seq`. */
  readonly #events: JobEvent[] = [];
  readonly #ended: Promise<void>;
  #seq = 0;
  #endedAt: Date | undefined;
  /** Settles with the next event. */
  #next: Signal<"event"> = signal();

  constructor(call: Call, options: JobOptions) {
    this.#call = call;
    this.#options = options;
    call.future.onProgress((value) => this.#append({ type: "progress", seq: this.#seq + 1, value: shown(value) }));
    const fail = (error: unknown): void =>
      this.#end({ type: "error", seq: this.#seq + 1, error: this.#problem(error) });
    const succeed = (value: unknown): void => {
      const result = value === undefined ? {} : { value: encode(value) };
      this.#end({ type: "result", seq: this.#seq + 1, ...result });
    };
    // A result that has no JSON form makes `succeed` throw: that, too, is an outcome.
    this.#ended = call.future.then(succeed).catch(fail);
  }

  /** When it ended, in ms since the Unix epoch. */
  get endedAt(): number | undefined {
    return this.#endedAt?.getTime();
  }

  view(): JobView {
    const last = this.#events.at(-1);
    const progress = this.#events.findLast((event) => event.type === "progress");
    return {
      id: this.id,
      function: this.#call.served.name,
      state: this.#call.future.state,
      createdAt: this.#createdAt.toISOString(),
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt.toISOString() }),
      ...(progress === undefined ? {} : { progress: progress.value }),
      ...(last?.type === "result" && "value" in last ? { result: last.value } : {}),
      ...(last?.type === "error" ? { error: last.error } : {}),
    };
  }

  /** Stops it, pending or running. Settles when the work has ended; an outcome that there is already stays. */
  async cancel(): Promise<void> {
    this.#call.future.abort("the job was cancelled");
    await this.#ended;
  }

  /** The events behind number `after`, as they come, up to the outcome; `idle` each time that `alarm` rings meanwhile.
   *  @param alarm ends the following when it is over, with what is there. */
  async *follow(after: number, alarm: Alarm): AsyncGenerator<JobEvent | "idle"> {
    for (let next = after + 1; ; ) {
      const event = this.#eventFrom(next);
      if (event !== undefined) {
        yield event;
        if (event.type === "result" || event.type === "error") return;
        next = event.seq + 1;
        continue;
      }
      if (this.#endedAt !== undefined || alarm.state === "over") return;
      const heard = await Promise.race([this.#next.promise, alarm.rings()]);
      if (heard === "rang") yield "idle";
    }
  }

  #eventFrom(seq: number): JobEvent | undefined {
    const first = this.#seq - this.#events.length + 1;
    if (seq < first) return { type: "missed", seq: first - 1 };
    return this.#events[seq - first];
  }

  #end(event: JobEvent): void {
    this.#endedAt = new Date();
    this.#append(event);
  }

  #append(event: JobEvent): void {
    this.#seq = event.seq;
    this.#events.push(event);
    if (this.#events.length > this.#options.maxEvents) this.#events.shift();
    this.#next.give("event");
    this.#next = signal();
  }

  #problem(error: unknown): Problem {
    return problemOfCall(error, this.#options.audience);
  }
}

/** A report that has no JSON form is no reason to fail a job. */
export function shown(value: unknown): unknown {
  try {
    return encode(value, "progress");
  } catch (error) {
    return { $error: { name: "SerializationError", message: error instanceof Error ? error.message : String(error) } };
  }
}
