/** Runs the rounds of a measure: subjects interleaved (A B C A B C), so that a slow minute of the machine falls on all
 *  of them, and each round in a fresh process, so that none inherits another's compiled code and heap. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Figures, Measure } from "./measure.js";
import type { SubjectEntry } from "./subject.js";

const script = fileURLToPath(new URL("./round.js", import.meta.url));

/** A round that takes longer hangs, or is of no interest. */
const ROUND_TIMEOUT = 120_000;

async function runRound(measure: Measure, entry: SubjectEntry, scale: "full" | "quick"): Promise<Figures> {
  const child = spawn(process.execPath, [script, measure.name, entry.kind, entry.name, scale], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: ROUND_TIMEOUT,
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const [code, signal] = await once(child, "close");
  if (code === 0) return JSON.parse(output.stdout.trim().split("\n").at(-1) ?? "");
  const lines = output.stderr.split("\n");
  throw new Error(lines.find((line) => /^\w*Error\b/.test(line)) ?? `ended with ${signal ?? `exit code ${code}`}`);
}

/** What the rounds gave for one subject: its figures, or why there are none. */
export interface SubjectRounds {
  readonly entry: SubjectEntry;
  readonly figures: Figures[];
  failure?: string;
}

/** A subject that fails is left out of the rounds that follow; the others go on. */
export async function runRounds(
  measure: Measure,
  subjects: readonly SubjectEntry[],
  rounds: number,
  scale: "full" | "quick",
  tell: (text: string) => void,
): Promise<SubjectRounds[]> {
  const all = subjects.map((entry): SubjectRounds => ({ entry, figures: [] }));
  for (let round = 1; round <= rounds; round++) {
    for (const subject of all) {
      if (subject.failure !== undefined) continue;
      const { name, kind } = subject.entry;
      try {
        const figures = await runRound(measure, subject.entry, scale);
        subject.figures.push(figures);
        const rounded = Object.entries(figures).map(([figure, value]) => `${figure} ${Math.round(value)}`);
        tell(`${measure.name} ${round}/${rounds}  ${kind} ${name}: ${rounded.join(", ")} ${measure.unit}`);
      } catch (error) {
        subject.failure = error instanceof Error ? error.message : String(error);
        tell(`${measure.name} ${round}/${rounds}  ${kind} ${name}: left out: ${subject.failure}`);
      }
    }
  }
  return all;
}
