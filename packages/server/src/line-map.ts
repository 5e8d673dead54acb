/** `POST /functions/:name/map`: JSON lines in, JSON lines out, as fast as the slowest of client, network and workers.
 *
 *  A line is an argument, or with `?spread=true` the array of them. For each there is one line:
 *  `{ "index": 0, "value": … }` or `{ "index": 0, "error": { …problem… } }`, counted from 0 over the lines that are not blank.
 *  When the whole ends before its input does, the last line is an error without index.
 *
 *  Guarantees: the input is read only as results are taken; a line that cannot be read, or a call that fails, costs that
 *  line alone; when the client leaves, calls that run are stopped. */
import type { Writable } from "node:stream";
import type { MapOutcome } from "manyhands";
import type { Seat } from "./admission.js";
import type { Calls } from "./calls.js";
import { argsOf } from "./calls.js";
import { type ServedFunction, taskOf } from "./catalogue.js";
import { encode, JsonFormError, parseJson } from "./json-form.js";
import { LineOutput } from "./line-output.js";
import { type Audience, problemOfCall, RefusedError } from "./problem.js";

export interface LineMapOptions {
  readonly order: "ordered" | "as-they-come";
  /** What a line holds. */
  readonly lines: "arguments" | "argument";
  /** Aborts when nobody waits for the results any more. */
  readonly signal: AbortSignal;
  readonly audience: Audience;
}

export class LineMap {
  readonly #calls: Calls;
  readonly #served: ServedFunction;
  readonly #options: LineMapOptions;
  readonly #output: LineOutput;
  /** The line of each call, by the number of the call: lines that cannot be read are no calls. */
  readonly #lineOfCall = new Map<number, number>();
  #lines = 0;
  #made = 0;

  constructor(calls: Calls, served: ServedFunction, stream: Writable, options: LineMapOptions) {
    this.#calls = calls;
    this.#served = served;
    this.#options = options;
    this.#output = new LineOutput(stream, options.order);
  }

  /** Runs to the end of the input. Never rejects: what ends it early is its last line. */
  async run(lines: AsyncIterable<string>, seat: Seat): Promise<void> {
    using _seat = seat;
    const { order, signal } = this.#options;
    const results = this.#calls.limited.starmap(taskOf(this.#served, this.#calls.executor), this.#inputs(lines), {
      ordered: order === "ordered",
      signal,
    });
    seat.submitted();
    try {
      for await (const outcome of results.settled()) await this.#tell(outcome);
    } catch (error) {
      this.#calls.noteFailure(error);
      await this.#output.putLast(JSON.stringify({ error: problemOfCall(error, this.#options.audience) }));
    }
  }

  async *#inputs(lines: AsyncIterable<string>): AsyncGenerator<unknown[]> {
    for await (const line of lines) {
      const index = this.#lines;
      this.#lines += 1;
      try {
        const args = await this.#read(line);
        this.#lineOfCall.set(this.#made, index);
        this.#made += 1;
        yield args;
      } catch (error) {
        await this.#fail(index, error);
      }
    }
  }

  async #read(line: string): Promise<unknown[]> {
    const data = this.#parse(line);
    return argsOf(this.#served, this.#options.lines === "arguments" ? data : [data]);
  }

  #parse(line: string): unknown {
    try {
      return parseJson(line, "line");
    } catch (error) {
      throw error instanceof JsonFormError ? new RefusedError("ERR_BAD_REQUEST", error.message) : error;
    }
  }

  async #tell(outcome: MapOutcome<unknown>): Promise<void> {
    const index = this.#lineOfCall.get(outcome.index) ?? outcome.index;
    this.#lineOfCall.delete(outcome.index);
    if (outcome.status === "rejected") {
      this.#calls.noteFailure(outcome.reason);
      return this.#fail(index, outcome.reason);
    }
    let line: string;
    try {
      const value = outcome.value === undefined ? {} : { value: encode(outcome.value) };
      line = JSON.stringify({ index, ...value });
    } catch (error) {
      return this.#fail(index, error);
    }
    await this.#output.put(index, line);
  }

  #fail(index: number, error: unknown): Promise<void> {
    return this.#output.put(index, JSON.stringify({ index, error: problemOfCall(error, this.#options.audience) }));
  }
}
