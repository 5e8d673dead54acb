/** How running a program fails: it cannot be started, ends badly, takes too long, or may not be signalled. */
import { constants } from "node:os";
import { ManyhandsError } from "../base/errors.js";
import { rememberOwn } from "../wire/error-classes.js";
import { type Command, shownCommand } from "./command.js";

/** What a child wrote: text when `encoding` was given, else bytes. */
export type Output = string | Uint8Array;

/** How a child ended, and what it wrote where that was captured. */
export interface ProcessEnd {
  /** The command, as it was given. */
  readonly args: Command;
  /** The exit code, or -N when signal N ended it. */
  readonly returnCode: number;
  /** What it wrote; `undefined` when that was not captured. */
  readonly stdout: Output | undefined;
  /** What it wrote to its standard error output; `undefined` when that was not captured. */
  readonly stderr: Output | undefined;
}

/** The program has ended with a return code other than 0, and `check` was asked for. What it wrote is here.
 *
 *  @example
 *  ```ts
 *  try {
 *    await run("echo no disk >&2; exit 3", { shell: true, captureOutput: true, encoding: "utf8", check: true });
 *  } catch (error) {
 *    if (error instanceof CalledProcessError) console.log(error.returnCode, error.message); // 3 "echo no disk >&2; exit 3" ended with exit code 3: no disk
 *  }
 *  ``` */
export class CalledProcessError extends ManyhandsError<"ERR_CALLED_PROCESS"> implements ProcessEnd {
  readonly args: Command;
  readonly returnCode: number;
  readonly stdout: Output | undefined;
  readonly stderr: Output | undefined;

  constructor(end: ProcessEnd, options?: ErrorOptions) {
    const { args, returnCode, stdout, stderr } = end;
    const how = returnCode < 0 ? `was ended by ${signalName(-returnCode)}` : `ended with exit code ${returnCode}`;
    const said = lastLine(stderr);
    super(
      "CalledProcessError",
      "ERR_CALLED_PROCESS",
      `${shownCommand(args)} ${how}${said === "" ? "" : `: ${said}`}`,
      options,
    );
    this.args = args;
    this.returnCode = returnCode;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** The same as `stdout`. */
  get output(): Output | undefined {
    return this.stdout;
  }
}

/** What a {@link TimeoutExpired} tells. */
export type ExpiredWait = Omit<ProcessEnd, "returnCode"> & {
  /** The time that was given, in ms. */
  readonly timeout: number;
};

/** The program has not ended in time. `run` has killed it; after `wait` and `communicate` it goes on, and nothing is lost:
 *  what it has written so far is here, and will be in the result of the next `communicate` too.
 *
 *  @example
 *  ```ts
 *  try {
 *    await run("sleep 1000", { shell: true, killTree: true, timeout: 10 });
 *  } catch (error) {
 *    if (error instanceof TimeoutExpired) console.log(error.message); // "sleep 1000" has not ended within 10 ms
 *  }
 *  ``` */
export class TimeoutExpired extends ManyhandsError<"ERR_TIMEOUT_EXPIRED"> implements ExpiredWait {
  readonly args: Command;
  readonly timeout: number;
  readonly stdout: Output | undefined;
  readonly stderr: Output | undefined;

  constructor(expired: ExpiredWait, options?: ErrorOptions) {
    const { args, timeout, stdout, stderr } = expired;
    super("TimeoutExpired", "ERR_TIMEOUT_EXPIRED", `${shownCommand(args)} has not ended within ${timeout} ms`, options);
    this.args = args;
    this.timeout = timeout;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** The same as `stdout`. */
  get output(): Output | undefined {
    return this.stdout;
  }
}

/** Why a program did not start, as {@link StartError} tells it. */
export type StartCode =
  | "ERR_PROGRAM_NOT_FOUND"
  /** The folder that it was to run in, `cwd`, is missing or no folder. */
  | "ERR_FOLDER_NOT_FOUND"
  | "ERR_NOT_EXECUTABLE"
  /** The program is there, and the system did not start it: no memory, too many processes or arguments, no interpreter. */
  | "ERR_START_REFUSED";

/** The program could not be started; `code` says why. Nothing runs.
 *
 *  @example
 *  ```ts
 *  try {
 *    await run(["no-such-converter", "a.png", "a.jpg"]);
 *  } catch (error) {
 *    if (error instanceof StartError) console.log(error.code, error.program); // ERR_PROGRAM_NOT_FOUND no-such-converter
 *  }
 *  ``` */
export class StartError extends ManyhandsError<StartCode> {
  /** The program that was to be started. */
  readonly program: string;

  constructor(code: StartCode, program: string, message: string, options?: ErrorOptions) {
    super("StartError", code, message, options);
    this.program = program;
  }
}

/** The system does not let this program signal that one, which belongs to another user; it goes on. The system's error is
 *  the cause. */
export class SignalRefusedError extends ManyhandsError<"ERR_SIGNAL_REFUSED"> {
  constructor(message: string, options?: ErrorOptions) {
    super("SignalRefusedError", "ERR_SIGNAL_REFUSED", message, options);
  }
}

function signalName(number: number): string {
  const name = Object.entries(constants.signals).find(([, each]) => each === number)?.[0];
  return name ?? `signal ${number}`;
}

/** The last thing it said usually tells why it failed. */
function lastLine(stderr: Output | undefined): string {
  const LONGEST = 200;
  if (stderr === undefined) return "";
  const text = typeof stderr === "string" ? stderr : Buffer.from(stderr).toString();
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

rememberOwn([CalledProcessError, TimeoutExpired, StartError, SignalRefusedError]);
