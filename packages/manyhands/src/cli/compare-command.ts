/** `manyhands compare`: its options and what they mean together. */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { Option } from "commander";
import type { InputFlags } from "./input-options.js";
import { addInputOptions, INPUT_HELP, planInputs } from "./input-options.js";
import type { InputPlan } from "./input-plan.js";
import { parseChunk, parseCount } from "./option-values.js";

/** A comparison that makes sense, as its options asked for it. */
export interface CompareRequest {
  readonly target: string;
  readonly plan: InputPlan;
  readonly rounds: number;
  readonly workers: number;
  readonly concurrency: number | undefined;
  readonly chunk: number | "auto";
  readonly report: "table" | "json";
  readonly progress: "shown" | "silent";
}

interface CompareFlags extends InputFlags {
  readonly rounds: number;
  readonly workers?: number;
  readonly concurrency?: number;
  readonly chunk: number | "auto";
  readonly json?: true;
  readonly progress: boolean;
}

const DEFAULT_ROUNDS = 3;

/** Adds the options and the help of `compare`. */
export function describeCompare(command: Command): Command {
  command
    .description("Run the inputs one after another, on the event loop, on threads and on processes, side by side")
    .argument("<module#export>", "a path, file URL or package; without #export its default export")
    .argument("[input...]", "inputs, one call each");
  addInputOptions(command);
  return command
    .option("--rounds <n>", "how often each row is measured; the median counts", parseCount, DEFAULT_ROUNDS)
    .option("--workers <n>", "threads and processes (default: the cores there are)", parseCount)
    .option(
      "--concurrency <n>",
      "calls at once on the event loop (default: 16) and in a worker (default: 1)",
      parseCount,
    )
    .addOption(new Option("--chunk <n>", "inputs that travel together, or auto").argParser(parseChunk).default("auto"))
    .option("--json", "print the figures as JSON, in ms")
    .option("--no-progress", "no progress on standard error")
    .addHelpText("after", INPUT_HELP + COMPARE_HELP);
}

const COMPARE_HELP = `

The rows are measured in turn, --rounds times. "start-up" is the time until every worker is ready and
has loaded the module; it is not part of "total". "speed-up" is against one after another, "efficiency"
is the speed-up over the cores there are. All inputs and results are held in memory. The results of all
rows have to agree (as the JSON that map would write), failures included.

Exit codes: 0 all agree; 1 results disagree, or calls failed; 2 wrong usage, module or input.`;

/** What the flags ask for. */
export function compareRequestOf(target: string, inputs: readonly string[], flags: CompareFlags): CompareRequest {
  return {
    target,
    plan: planInputs(inputs, flags),
    rounds: flags.rounds,
    workers: flags.workers ?? availableParallelism(),
    concurrency: flags.concurrency,
    chunk: flags.chunk,
    report: flags.json === true ? "json" : "table",
    progress: flags.progress ? "shown" : "silent",
  };
}
