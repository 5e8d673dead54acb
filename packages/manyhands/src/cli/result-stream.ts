/** Standard output belongs to the results: what functions and their modules print goes to standard error.
 *
 *  Why a new property and not a patched `write`: threads copy their output to whatever `process.stdout` is here, and the
 *  console takes its stream from there on first use, so this one place serves both. */
import type { FunctionRef } from "../mod.js";

/** Takes standard output for the results; everybody else gets standard error from now on. */
export function reserveStdout(): NodeJS.WriteStream {
  const results = process.stdout;
  printToStderr();
  return results;
}

/** The same in a child process, which inherits our standard output. Runs there, as an initializer. */
export function printToStderr(): void {
  Object.defineProperty(process, "stdout", { configurable: true, get: () => process.stderr });
}

/** {@link printToStderr}, as what a pool of processes starts its workers with. */
export const PRINT_TO_STDERR: FunctionRef<unknown[], void> = { url: import.meta.url, name: "printToStderr" };
