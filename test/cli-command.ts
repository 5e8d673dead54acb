/** Runs the built command as its users do: another process, real files, real signals. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** The built command. */
export const COMMAND: string = fileURLToPath(new URL("../packages/manyhands/dist/cli/main.js", import.meta.url));

/** The module of `tasks/cli-functions.ts`, as an argument. */
export const FUNCTIONS: string = fileURLToPath(new URL("./built/tasks/cli-functions.js", import.meta.url));

export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of standard output. */
  readonly lines: readonly string[];
}

export interface CommandOptions {
  readonly cwd: string;
  /** Standard input; empty when not given. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface StartedCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly end: Promise<CommandEnd>;
  /** Until standard error has said `text`. */
  said(text: string): Promise<void>;
}

/** A directory for one test, gone when it ends. */
export function testDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "manyhands-cli-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function startCommand(args: readonly string[], { cwd, input, env }: CommandOptions): StartedCommand {
  const { NO_COLOR: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd, env: { ...inherited, ...env } });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  // The command may end before it has read everything.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const end = once(child, "close").then(([code]) => ({
    ...{ code: code as number | null, stdout, stderr },
    lines: stdout.split("\n").slice(0, -1),
  }));
  const said = async (text: string): Promise<void> => {
    while (!stderr.includes(text)) {
      const gone = end.then(() => {
        if (!stderr.includes(text)) throw new Error(`ended without saying "${text}": ${stderr}`);
      });
      await Promise.race([once(child.stderr, "data"), gone]);
    }
  };
  return { child, end, said };
}

export function manyhands(args: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  return startCommand(args, options).end;
}

/** The numbers from 1 to `count`, one a line. */
export function numberLines(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index + 1}\n`).join("");
}
