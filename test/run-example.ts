/** Runs a program of examples/ the way its header says, and gives what it printed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface ProgramRun {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

export async function runExample(name: string, ...args: string[]): Promise<ProgramRun> {
  const script = fileURLToPath(new URL(`../examples/built/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, lines: stdout.split("\n").filter((line) => line !== ""), stderr };
}
