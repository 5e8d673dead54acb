/** `manyhands map`: its options and what they mean together. */
import type { Command } from "commander";
import { Option } from "commander";
import { type ClusterFlags, clusterOptions, clusterPlaceOf } from "./cluster-package.js";
import { addDashboardOptions, type DashboardFlags, dashboardOf } from "./dashboard-request.js";
import type { MapExecution, MapPlace } from "./executors.js";
import { checkRequest, MAP_PLACES } from "./executors.js";
import { UsageError } from "./exit-code.js";
import { parseTemplate } from "./file-template.js";
import type { HaltPolicy } from "./halt.js";
import { parseHalt } from "./halt.js";
import type { InputFlags } from "./input-options.js";
import { addInputOptions, INPUT_HELP, planInputs } from "./input-options.js";
import type { MapRequest } from "./map-request.js";
import {
  parseChunk,
  parseCount,
  parseDuration,
  parseRate,
  parseRetries,
  parseSize,
  parseTimeout,
} from "./option-values.js";
import type { OutputFormat } from "./output-format.js";
import { OUTPUT_FORMATS, outputFormatOf } from "./output-format.js";

/** As commander gives them. */
interface MapFlags extends InputFlags, ClusterFlags, DashboardFlags {
  readonly on: MapPlace;
  readonly workers?: number;
  readonly concurrency?: number;
  readonly chunk: number | "auto";
  readonly unordered?: true;
  readonly retries: number;
  readonly backoff?: number;
  readonly timeout?: number;
  readonly rate?: number;
  readonly maxMemory?: number;
  readonly output?: string;
  readonly outputFormat?: OutputFormat;
  readonly outDir?: string;
  readonly skipFailed?: true;
  readonly joblog?: string;
  readonly trace?: string;
  readonly resume?: true;
  readonly resumeFailed?: true;
  readonly halt: HaltPolicy;
  readonly dryRun?: true;
  readonly progress: boolean;
}

/** Adds the options and the help of `map`. */
export function describeMap(command: Command): Command {
  command
    .description("Run a function of a module for every input, in parallel")
    .argument("<module#export>", "a path, file URL or package; without #export its default export")
    .argument("[input...]", "inputs, one call each");
  addInputOptions(command);
  addRunOptions(command);
  addClusterOptions(command);
  addOutputOptions(command);
  return command.addHelpText("after", INPUT_HELP + OUTPUT_HELP);
}

function addRunOptions(command: Command): void {
  command
    .addOption(new Option("--on <place>", "where calls run").choices(MAP_PLACES).default("threads"))
    .option("--workers <n>", "threads or processes (default: the cores there are)", parseCount)
    .option("--concurrency <n>", "calls at once in one worker (default: 1; on the event loop 16)", parseCount)
    .option("--chunk <n>", "inputs that travel together, or auto", parseChunk, "auto")
    .option("--unordered", "write results as they come, not in input order")
    .option("--retries <n>", "run a failed call again up to N times, also when its worker died", parseRetries, 0)
    .option("--backoff <time>", "pause before the first retry; doubles with each (default: 0)", parseDuration)
    .option("--timeout <time>", "longest running time of a call: 500, 500ms, 10s, 2m", parseTimeout)
    .option("--rate <n/time>", "start at most so many calls: 10/s, 600/m", parseRate)
    .option("--max-memory <size>", "replace a worker that grows beyond this: 512MB, 2GiB", parseSize)
    .addOption(
      new Option("--halt <policy>", "end the run on failures: never, soon,fail=N, now,fail=N, or N%")
        .argParser(parseHalt)
        .default({ when: "never" }, "never"),
    );
}

function addClusterOptions(command: Command): void {
  for (const option of clusterOptions()) command.addOption(option);
}

function addOutputOptions(command: Command): void {
  addDashboardOptions(command)
    .option("--output <file>", "write results to FILE, which appears when it is complete")
    .addOption(
      new Option("--output-format <format>", "jsonl, csv, text (default: by extension, else jsonl)").choices(
        OUTPUT_FORMATS,
      ),
    )
    .option("--out-dir <template>", "one file for each result: DIR/{key}.json, DIR/part-{seq}.txt")
    .option("--skip-failed", "leave failed inputs out of the output")
    .option("--joblog <file>", "log every call to FILE, as JSON lines")
    .option("--resume", "go on where --joblog FILE ends; a first run is fine")
    .option("--resume-failed", "the same, and run failed inputs again")
    .option("--trace <file>", "write a timeline of all calls to FILE, for https://ui.perfetto.dev")
    .option("--dry-run", "print the calls, make none")
    .option("--no-progress", "no progress on standard error");
}

const OUTPUT_HELP = `

Output:
  Results go to standard output, one line for each input, in input order (also after --resume);
  everything else goes to standard error.
    jsonl   the bare result as JSON: undefined is null; a BigInt its digits, as a string; NaN and
            Infinity strings; a Map an object (or pairs), a Set an array; a Date ISO 8601; bytes
            base64. A failed input is the line {"error":{"name","message","code"}}.
    csv     objects by the columns of the first one, anything else in the column "value";
            a failed input is a row of empty cells.
    text    strings as they are, the rest as JSON; a failed input is an empty line.
  --halt counts failures of this run, not of one that it resumes; N% is of the calls that have
  ended, once three have. "soon" lets running calls end, "now" ends them.

Job log and resuming:
  The first line of the log names the function, the hash of its module, and the input; each further
  line is a call: seq, key, start (ms since 1970), duration (ms), attempt, worker, status ("ok" or
  "failed"), error, result. --resume is refused when the function or the input has changed. It reads
  finished results from the log and writes the whole output again; calls that were under way when
  the earlier run died are made again. Without --resume the log is started afresh.
  An incomplete --output is dropped when there is a log, else kept as FILE.partial.

Signals: SIGINT (Ctrl-C) lets running calls end, a second one ends them; SIGTERM ends them at once.
Exit codes:
  0    every call succeeded, or the reader of the output left (| head)
  1    some calls failed, or --halt ended the run
  2    wrong usage, module, input or output
  130  interrupted (SIGINT)      143  terminated (SIGTERM)      70  a defect in manyhands`;

/** What the flags ask for. Throws a UsageError when they contradict one another. */
export function mapRequestOf(target: string, inputs: readonly string[], flags: MapFlags): MapRequest {
  checkTogether(flags);
  const { retries, backoff, timeout, rate } = flags;
  return {
    target,
    plan: planInputs(inputs, flags),
    execution: executionOf(flags),
    calls: {
      ordered: false,
      // A chunk would be held back until it is full, and then start all at once.
      chunkSize: rate === undefined ? flags.chunk : 1,
      retries: { limit: retries, delay: backoff ?? 0, jitter: backoff !== undefined },
      retryOnWorkerLoss: retries > 0,
      ...(timeout === undefined ? {} : { timeout }),
    },
    interval: rate,
    output: outputOf(flags),
    order: flags.unordered === true ? "completion" : "input",
    failed: flags.skipFailed === true ? "skipped" : "kept",
    joblog: flags.joblog,
    trace: flags.trace,
    dashboard: dashboardOf(flags),
    resumption: flags.resumeFailed === true ? "resume-failed" : flags.resume === true ? "resume" : undefined,
    halt: flags.halt,
    progress: flags.progress ? "shown" : "silent",
    run: flags.dryRun === true ? "dry" : "real",
  };
}

function executionOf(flags: MapFlags): MapExecution {
  const { on, workers, concurrency, maxMemory } = flags;
  if (on !== "cluster") {
    const execution = { on, workers, concurrency, maxMemory };
    checkRequest(execution);
    return execution;
  }
  if (workers !== undefined || concurrency !== undefined || maxMemory !== undefined) {
    throw new UsageError(
      "--workers, --concurrency and --max-memory are the agents' own: give them to manyhands worker",
    );
  }
  return { on, place: clusterPlaceOf(flags, "--on cluster") };
}

function checkTogether(flags: MapFlags): void {
  const resumes = flags.resume === true || flags.resumeFailed === true;
  if (resumes && flags.joblog === undefined) throw new UsageError("--resume needs --joblog FILE");
  if (flags.output !== undefined && flags.outDir !== undefined) {
    throw new UsageError("--output and --out-dir exclude each other");
  }
  if (flags.output !== undefined && flags.output === flags.joblog) {
    throw new UsageError("--output and --joblog cannot be the same file");
  }
  if (flags.backoff !== undefined && flags.retries === 0) throw new UsageError("--backoff needs --retries N");
  if (flags.outDir !== undefined && flags.outputFormat === "csv") {
    throw new UsageError("--out-dir writes json or text files, not csv");
  }
}

function outputOf(flags: MapFlags): MapRequest["output"] {
  if (flags.outDir !== undefined) {
    const template = parseTemplate(flags.outDir);
    const text = outputFormatOf(template.name, flags.outputFormat) === "text";
    return { kind: "files", template, format: text ? "text" : "json" };
  }
  const format = outputFormatOf(flags.output, flags.outputFormat);
  return flags.output === undefined ? { kind: "stdout", format } : { kind: "file", path: flags.output, format };
}
