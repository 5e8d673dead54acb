/** CPython's pools as participants: each measure has a small program in peers/python, run through `python3`. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figures, Participant, Scale } from "./measure.js";
import { WORKERS } from "./participants.js";

// Python runs from the sources: the compiler copies TypeScript only.
const folder = new URL("../peers/python/", import.meta.url);

const POOLS = [
  { name: "CPython ThreadPoolExecutor", kind: "threads" },
  { name: "CPython Pool", kind: "processes" },
  { name: "CPython ProcessPoolExecutor", kind: "processes" },
] as const;

/** The version of `python3`, or undefined where there is none. */
export function pythonVersion(): string | undefined {
  const { status, stdout } = spawnSync("python3", ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim().replace(/^Python /, "") : undefined;
}

/** The pools of CPython, each running `program` with what `order` gives for the scale. */
export function pythonParticipants(
  program: string,
  order: (scale: Scale) => Readonly<Record<string, unknown>>,
  except: readonly string[] = [],
): Participant[] {
  return POOLS.filter(({ name }) => !except.includes(name)).map(({ name, kind }) => ({
    name,
    kind,
    needs: "python3",
    run: (scale) => pythonProgram(program, { name, workers: WORKERS, ...order(scale) }),
  }));
}

/** Runs a program of peers/python, which answers with its figures. */
export async function pythonProgram(program: string, order: Readonly<Record<string, unknown>>): Promise<Figures> {
  const args = [fileURLToPath(new URL(program, folder)), JSON.stringify(order)];
  const { stdout } = await promisify(execFile)("python3", args);
  return JSON.parse(stdout);
}
