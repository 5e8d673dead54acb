/** The engine of `manyhands map`: input → executor → log and output.
 *
 *  Guarantees: every call that ended is logged before the run ends, however it ends; a result is in the log (or in its
 *  file) before it counts; calls that were cancelled by a stop are neither logged nor counted, so a resumed run makes
 *  them; nothing is drawn out by a call that does not end once the run is stopping. */
import type { Executor, FunctionRef, MapOptions } from "../mod.js";
import { BrokenExecutorError, ShutdownError } from "../mod.js";
import type { ConsoleVoice } from "./console-voice.js";
import type { Emitter } from "./emitter.js";
import type { FilePerResult } from "./file-per-result.js";
import type { HaltPolicy } from "./halt.js";
import { decideHalt } from "./halt.js";
import type { FedInput, InputFeed } from "./input-feed.js";
import type { CallShape } from "./input-plan.js";
import type { CallOutcome, JobLog } from "./job-log.js";
import { errorForm, toJson } from "./json-form.js";
import type { ProgressView } from "./progress-line.js";
import { shownKey } from "./record-key.js";
import type { Stop } from "./stop.js";

export interface MapParts {
  readonly executor: Executor;
  readonly ref: FunctionRef;
  readonly shape: CallShape;
  readonly options: MapOptions;
  readonly feed: InputFeed;
  readonly output: Emitter;
  readonly files: FilePerResult | undefined;
  readonly log: JobLog | undefined;
  readonly halt: HaltPolicy;
  readonly stop: Stop;
  readonly voice: ConsoleVoice;
  /** Estimate of the number of inputs, when there is one. */
  total(): number | undefined;
}

/** What a call's entry says, of those a map settles. */
interface Ended {
  readonly index: number;
  readonly start: number;
  readonly duration: number;
  readonly attempt: number;
  readonly worker: string;
}
type Entry = Ended &
  (
    | { readonly status: "fulfilled"; readonly value: unknown }
    | { readonly status: "rejected"; readonly reason: unknown }
  );

export class MapRun {
  readonly #parts: MapParts;
  readonly #begin: number = performance.now();
  #ended = 0;
  #failed = 0;
  #standing = 0;
  #stoodFailed = 0;

  constructor(parts: MapParts) {
    this.#parts = parts;
    parts.stop.onChange((state) => {
      parts.feed.stop();
      if (state.kind === "draining") this.#inBackground(parts.executor.shutdown({ cancelPending: true }));
      if (state.kind === "stopping") this.#inBackground(parts.executor.terminate());
    });
  }

  /** Calls that ended, failed, or ended in an earlier run. */
  get view(): ProgressView {
    const done = this.#ended + this.#standing;
    const elapsed = performance.now() - this.#begin;
    return { done, failed: this.#failed, total: this.#parts.total(), ownDone: this.#ended, elapsed };
  }

  /** An input whose call ended in an earlier run, with that outcome. */
  countStanding(outcome: "ok" | "failed"): void {
    this.#standing += 1;
    if (outcome === "ok") return;
    this.#failed += 1;
    this.#stoodFailed += 1;
  }

  /** Runs until the input has ended or the run was stopped. */
  async run(): Promise<void> {
    const { executor, ref, shape, options, feed, stop } = this.#parts;
    const results =
      shape === "spread"
        ? executor.starmap(ref, feed as AsyncIterable<unknown[]>, options)
        : executor.map(ref, feed, options);
    try {
      for await (const entry of results.settled()) {
        this.#settle(entry);
        if (stop.state.kind === "stopping") break;
      }
    } catch (error) {
      // An input that was on its way to the executor when it was shut down is refused, behind all that it had accepted.
      if (!(error instanceof ShutdownError && stop.state.kind !== "running")) throw error;
    }
  }

  #settle(entry: Entry): void {
    const { feed, stop, halt, output } = this.#parts;
    const input = feed.take(entry.index);
    if (this.#wasCutOff(entry)) return;
    const outcome = this.#record(input, entry, outcomeOf(entry));
    this.#ended += 1;
    if (outcome.status === "failed") this.#fail(input, outcome);
    output.push(input.seq, outcome);
    // Failures of an earlier run do not count: a halted run could never be resumed.
    const decision = decideHalt(halt, this.#ended, this.#failed - this.#stoodFailed);
    if (decision === "drain") stop.request("draining", { kind: "halt" });
    if (decision === "stop") stop.request("stopping", { kind: "halt" });
  }

  /** Whether the call did not end by itself: it was cancelled by a stop, or the pool broke under it. */
  #wasCutOff(entry: Entry): boolean {
    const { stop } = this.#parts;
    if (entry.status === "rejected" && entry.reason instanceof BrokenExecutorError) {
      stop.request("stopping", { kind: "broken", error: entry.reason });
      return true;
    }
    if (stop.state.kind === "running" || entry.status === "fulfilled") return false;
    return stop.state.kind === "stopping" || entry.start === 0;
  }

  /** File first, then log: a line in the log says that the result is safe. */
  #record(input: FedInput, entry: Entry, computed: CallOutcome): CallOutcome {
    const { files, log } = this.#parts;
    const outcome = files === undefined ? computed : files.save(input.key, input.seq, computed);
    const { start, duration, attempt, worker } = entry;
    const { seq, fingerprint } = input;
    log?.append({ seq, key: shownKey(input.key), start, duration, attempt, worker, fingerprint }, outcome);
    return outcome;
  }

  #fail(input: FedInput, { error }: Extract<CallOutcome, { status: "failed" }>): void {
    this.#failed += 1;
    const text = `${error.name}: ${error.message}`.replace(/\s*\n\s*/g, " ");
    this.#parts.voice.failure(input.seq, shownKey(input.key), text);
  }

  /** A stop goes on while the loop above takes the last results; its failure would be a defect, so it is told. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => this.#parts.voice.say(`stopping failed: ${String(error)}`));
  }
}

function outcomeOf(entry: Entry): CallOutcome {
  if (entry.status === "rejected") return { status: "failed", error: errorForm(entry.reason) };
  try {
    return { status: "ok", text: toJson(entry.value) };
  } catch (error) {
    return { status: "failed", error: errorForm(error) };
  }
}
