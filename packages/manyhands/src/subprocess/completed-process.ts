/** What `run` gives: how a program ended and what it wrote. */
import type { Command } from "./command.js";
import { CalledProcessError, type Output, type ProcessEnd } from "./errors.js";

/** A program that has run to its end. Not to be made: `run` gives it.
 *
 *  @example
 *  ```ts
 *  const { returnCode, stdout } = await run(["echo", "a b"], { captureOutput: true, encoding: "utf8" });
 *  console.log(returnCode, stdout.trim()); // 0 a b
 *  ``` */
export class CompletedProcess<O extends Output | undefined = Output | undefined> implements ProcessEnd {
  /** The command, as it was given. */
  readonly args: Command;
  /** The exit code, or -N when signal N ended it. */
  readonly returnCode: number;
  /** What it wrote; `undefined` when that was not captured. */
  readonly stdout: O;
  /** What it wrote to its standard error output; `undefined` when that was not captured. */
  readonly stderr: O;

  /** @internal */
  constructor(args: Command, returnCode: number, stdout: O, stderr: O) {
    this.args = args;
    this.returnCode = returnCode;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** Throws unless the return code is 0.
   *  @throws CalledProcessError (`ERR_CALLED_PROCESS`) with the return code and what was captured
   *  @example
   *  ```ts
   *  const done = await run("exit 2", { shell: true });
   *  if (done.returnCode !== 2) done.checkReturnCode();
   *  console.log(done.returnCode); // 2
   *  ``` */
  checkReturnCode(): void {
    if (this.returnCode !== 0) throw new CalledProcessError(this);
  }
}
