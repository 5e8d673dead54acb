/** One `manyhands map` from start to end: checks, opens, runs, closes, tells.
 *
 *  Guarantees: nothing is written before the target, the options and the first inputs have been found good; whatever
 *  happens then, the log is flushed and no temporary file is left. */
import type { WriteStream } from "node:tty";
import type { Executor } from "../mod.js";
import type { ConsoleVoice } from "./console-voice.js";
import { EarlierRun } from "./earlier-run.js";
import { Emitter } from "./emitter.js";
import { openExecutor } from "./executors.js";
import type { ExitCode } from "./exit-code.js";
import { FilePerResult } from "./file-per-result.js";
import { InputFeed } from "./input-feed.js";
import { checkSources, estimateTotal, identify, inputsOf, isStreamed } from "./input-plan.js";
import type { LogHeader } from "./job-log.js";
import { JobLog } from "./job-log.js";
import { lockJobLog } from "./job-log-lock.js";
import type { LineSink } from "./line-sink.js";
import { FileSink, NoSink, StreamSink } from "./line-sink.js";
import { printCalls } from "./map-dry-run.js";
import { tellEnd } from "./map-end.js";
import type { MapRequest } from "./map-request.js";
import { MapRun } from "./map-run.js";
import { openTrace } from "./map-trace.js";
import { rendererOf } from "./output-format.js";
import { Pace } from "./pace.js";
import { openDashboard } from "./run-dashboard.js";
import { Stop, stopOnSignals } from "./stop.js";
import type { Target } from "./target.js";
import { loadTarget } from "./target.js";

/** Runs a map; resolves to the exit code. Throws a UsageError for what the user has to mend. */
export async function runMap(request: MapRequest, voice: ConsoleVoice, stdout: WriteStream): Promise<ExitCode> {
  await checkSources(request.plan);
  const target = await loadTarget(request.target, process.cwd());
  using _lock = request.joblog === undefined || request.run === "dry" ? undefined : await lockJobLog(request.joblog);
  const header = await headerOf(request, target);
  const earlier = openEarlier(request, header);
  const batches = await primed(inputsOf(request.plan));
  if (request.run === "dry") return printCalls(request, target, { batches, earlier, stdout });
  await using _trace = await openTrace(request.trace);
  const executor = await openExecutor(request.execution);
  const sink = openSink(request, voice, stdout);
  try {
    const log = openLog(request, header, earlier);
    return await new MapSession({
      request,
      voice,
      target,
      executor,
      earlier,
      batches,
      sink,
      log,
      header,
      stdout,
    }).run();
  } finally {
    await sink.abandon("discard");
    earlier?.close();
  }
}

interface Opened {
  readonly request: MapRequest;
  readonly voice: ConsoleVoice;
  readonly target: Target;
  readonly executor: Executor;
  readonly header: LogHeader | undefined;
  readonly earlier: EarlierRun | undefined;
  readonly batches: AsyncIterable<readonly unknown[]>;
  readonly sink: LineSink;
  readonly log: JobLog | undefined;
  readonly stdout: WriteStream;
}

class MapSession {
  readonly #opened: Opened;
  readonly #stop = new Stop();
  #total: number | undefined;

  constructor(opened: Opened) {
    this.#opened = opened;
  }

  async run(): Promise<ExitCode> {
    const { request, voice, sink, log, executor } = this.#opened;
    using _signals = stopOnSignals(this.#stop);
    this.#watch();
    const output = new Emitter(
      sink,
      rendererOf(formatOf(request), request.failed),
      request.order,
      this.#opened.earlier,
    );
    const { run, feed } = this.#connect(output);
    if (request.progress === "shown") voice.startProgress(() => run.view);
    if (request.progress === "shown" || request.dashboard.kind === "shown") this.#estimate();
    try {
      await using _dashboard = await openDashboard(request.dashboard, {
        command: "map",
        target: request.target,
        executor,
        view: () => run.view,
        say: (text) => voice.say(text),
      });
      await run.run();
    } finally {
      await executor.terminate();
      log?.close();
    }
    await output.finish();
    voice[Symbol.dispose]();
    const end = { state: this.#stop.state, view: run.view, read: feed.read, failure: feed.failure };
    return tellEnd(end, request, sink, voice);
  }

  #connect(output: Emitter): { run: MapRun; feed: InputFeed } {
    const { request, target, executor, header, earlier, batches, log, voice } = this.#opened;
    const files =
      request.output.kind === "files" ? new FilePerResult(request.output.template, request.output.format) : undefined;
    const feed = new InputFeed({
      batches,
      keyField: request.plan.keyField,
      marking: header !== undefined && isStreamed(header.input) ? "fingerprints" : "none",
      earlier,
      pace: request.interval === undefined ? undefined : new Pace(request.interval),
      output,
      onStanding: (key, seq) => {
        const status = earlier?.stateOf(seq) === "failed" ? "failed" : "ok";
        run.countStanding(status);
        if (status === "ok") files?.claim(key, seq);
      },
    });
    const { plan, calls, halt } = request;
    const stop = this.#stop;
    const parts = {
      executor,
      ref: target.ref,
      shape: plan.shape,
      options: calls,
      feed,
      output,
      files,
      log,
      halt,
      stop,
      voice,
    };
    const run = new MapRun({ ...parts, total: () => this.#total });
    return { run, feed };
  }

  /** Makes a closed output, a full disk and a first Ctrl-C known. */
  #watch(): void {
    const { voice, log, stdout } = this.#opened;
    const stop = this.#stop;
    stdout.once("error", (error: NodeJS.ErrnoException) => {
      const closed = error.code === "EPIPE";
      stop.request("stopping", closed ? { kind: "output-closed" } : { kind: "broken", error });
    });
    log?.onFailure((error) => stop.request("stopping", { kind: "broken", error }));
    stop.onChange((state) => {
      if (state.kind === "draining" && state.cause.kind === "signal") {
        // Said when it is so: whoever reads it may let the running calls go on, and none must start behind them.
        queueMicrotask(() =>
          voice.say("interrupted: waiting for running calls to end; interrupt again to end them now"),
        );
      }
    });
  }

  /** How many calls there will be. */
  #estimate(): void {
    estimateTotal(this.#opened.request.plan).then(
      (total) => {
        this.#total = total;
      },
      // The reader of the input meets the same failure, and tells it where it counts.
      () => {
        this.#total = undefined;
      },
    );
  }
}

const formatOf = ({ output }: MapRequest): "jsonl" | "csv" | "text" =>
  output.kind === "files" ? "jsonl" : output.format;

async function headerOf({ joblog, plan, output }: MapRequest, target: Target): Promise<LogHeader | undefined> {
  if (joblog === undefined) return undefined;
  const { module, ref, hash } = target;
  const results = output.kind === "files" ? `${output.template.directory}/${output.template.name}` : "log";
  const input = await identify(plan);
  return { manyhands: "joblog", version: 1, function: { module, export: ref.name, hash }, input, results };
}

function openEarlier({ joblog, resumption }: MapRequest, header: LogHeader | undefined): EarlierRun | undefined {
  if (joblog === undefined || header === undefined || resumption === undefined) return undefined;
  return EarlierRun.open(joblog, header, resumption);
}

function openLog(
  { joblog }: MapRequest,
  header: LogHeader | undefined,
  earlier: EarlierRun | undefined,
): JobLog | undefined {
  if (joblog === undefined || header === undefined) return undefined;
  return earlier === undefined ? JobLog.create(joblog, header) : JobLog.continue(joblog, header);
}

function openSink({ output }: MapRequest, voice: ConsoleVoice, stdout: WriteStream): LineSink {
  if (output.kind === "files") return new NoSink();
  if (output.kind === "file") return FileSink.open(output.path);
  // A bar is in the way only where results are written over it.
  return new StreamSink(stdout, stdout.isTTY ? () => voice.clear() : () => undefined);
}

/** Reads the first batch now, so that malformed input is found before anything is opened for writing. */
async function primed(batches: AsyncGenerator<readonly unknown[]>): Promise<AsyncIterable<readonly unknown[]>> {
  const first = await batches.next();
  return (async function* () {
    if (first.done !== true) yield first.value;
    yield* batches;
  })();
}
