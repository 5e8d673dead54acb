/** The options that say what a function is called with; `map` and `compare` share them.
 *
 *  Guarantees: what contradicts itself is refused before anything is read. */
import type { Command } from "commander";
import { Option } from "commander";
import { UsageError } from "./exit-code.js";
import type { InputFormat } from "./input-format.js";
import { argumentValue, INPUT_FORMATS, inputFormatOf } from "./input-format.js";
import type { InputPlan } from "./input-plan.js";
import type { Source } from "./readers.js";

/** As commander gives them. */
export interface InputFlags {
  readonly input?: readonly string[];
  readonly inputFormat?: InputFormat;
  readonly raw?: true;
  readonly spread?: true;
  readonly matrix?: true;
  readonly key?: string;
}

/** Separates the axes of `--matrix` on the command line, as in GNU parallel. */
const AXIS = ":::";

export function addInputOptions(command: Command): Command {
  return command
    .option("--input <file>", "read inputs from FILE, - for standard input; may be given again", collect)
    .addOption(
      new Option("--input-format <format>", "format of the inputs (default: by extension, else lines)").choices(
        INPUT_FORMATS,
      ),
    )
    .option("--raw", "INPUT arguments are strings as they stand, also where they look like JSON")
    .option("--spread", "each input is an array (or a CSV row): its values are the arguments")
    .option("--matrix", "call with every combination of the --input files and of the argument groups a b ::: 1 2")
    .option("--key <field>", "the field of an input that names it in the log, in messages and in --out-dir");
}

export const INPUT_HELP = `
Input:
  INPUT arguments that are JSON are that value (7, true, null, '[1,2]', '{"a":1}'), anything else
  is a string; so is an integer beyond 2^53, and everything with --raw. Files are streamed:
    lines   each line is a string (the default)        nul     strings that end with NUL
    csv     each row is an object by the header, its cells strings (.csv)
    tsv     the same with tabs, without quoting (.tsv)
    jsonl   each line is a JSON value (.jsonl, .ndjson)
    json    one array of values, read whole (.json)
  Several sources follow one another, arguments first. With --matrix they are axes: the last one
  changes fastest, the first one is streamed, and every call gets one argument of each axis.`;

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** The plan that the flags and the arguments ask for. */
export function planInputs(inputs: readonly string[], flags: InputFlags): InputPlan {
  const groups = argumentGroups(inputs, flags);
  const files = (flags.input ?? []).map((path) => sourceOf(path, flags.inputFormat));
  const sources: Source[] = [...groups, ...files];
  if (sources.length === 0) {
    throw new UsageError("no input: give INPUT arguments, or --input FILE (- for standard input)");
  }
  return {
    sources,
    combine: flags.matrix === true ? "matrix" : "sequence",
    shape: flags.matrix === true || flags.spread === true ? "spread" : "one",
    keyField: flags.key,
  };
}

function argumentGroups(inputs: readonly string[], flags: InputFlags): Source[] {
  if (flags.matrix !== true && inputs.includes(AXIS)) throw new UsageError(`${AXIS} separates the axes of --matrix`);
  const groups: unknown[][] = [[]];
  for (const text of inputs) {
    if (flags.matrix === true && text === AXIS) groups.push([]);
    else groups.at(-1)?.push(flags.raw === true ? text : argumentValue(text));
  }
  return groups.filter((values) => values.length > 0).map((values) => ({ kind: "arguments", values }));
}

function sourceOf(path: string, asked: InputFormat | undefined): Source {
  if (path === "-") return { kind: "stdin", format: asked ?? "lines" };
  return { kind: "file", path, format: inputFormatOf(path, asked) };
}
