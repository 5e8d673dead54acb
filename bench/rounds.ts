/** Runs the rounds of a measure: subjects interleaved (A B C A B C), so that a slow minute of the machine falls on all
 *  of them, and each round in a fresh process, so that none inherits another's compiled code and heap. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Figures, Measure, Outcome, Participant, Scale } from "./measure.js";
import { shown } from "./rows.js";

const script = fileURLToPath(new URL("./round.js", import.meta.url));

/** A round that takes longer hangs, or is of no interest. */
const ROUND_TIMEOUT = 150_000;

/** Without what changes Node behind our back. Every process reads NODE_EXTRA_CA_CERTS when it starts, which can double its
 *  start, and some peers start theirs without an environment. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name !== "NODE_EXTRA_CA_CERTS" && name !== "NODE_OPTIONS"),
);

async function runRound(measure: Measure, participant: Participant, scale: Scale, round: number): Promise<Figures> {
  const { kind, name } = participant;
  const child = spawn(
    process.execPath,
    [...(measure.nodeOptions ?? []), script, measure.name, kind, name, scale, String(round)],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: ENVIRONMENT,
      timeout: ROUND_TIMEOUT,
      killSignal: "SIGKILL",
    },
  );
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

const describe = (measure: Measure, figures: Figures): string =>
  measure.figures
    .filter(({ name }) => figures[name] !== undefined)
    .map(({ name, unit }) => `${name} ${shown(figures[name] ?? 0)} ${unit}`.trim())
    .join(", ");

/** Who fails is left out of the rounds that follow; the others go on. */
export async function runRounds(
  measure: Measure,
  participants: readonly Participant[],
  rounds: number,
  scale: Scale,
  tell: (text: string) => void,
): Promise<Outcome[]> {
  const all = participants.map((participant) => ({ participant, outcome: { participant, figures: [] } as Outcome }));
  for (let round = 1; round <= rounds; round++) {
    for (const { participant, outcome } of all) {
      if (outcome.failure !== undefined) continue;
      const who = `${measure.name} ${round}/${rounds}  ${participant.kind} ${participant.name}`;
      try {
        const figures = await runRound(measure, participant, scale, round);
        outcome.figures.push(figures);
        tell(`${who}: ${describe(measure, figures)}`);
      } catch (error) {
        outcome.failure = error instanceof Error ? error.message : String(error);
        tell(`${who}: left out: ${outcome.failure}`);
      }
    }
  }
  return all.map(({ outcome }) => outcome);
}
