/** Runs a program to its end: `run`, and its short forms.
 *
 *  Guarantees: when the promise settles the program has ended, also after a time-out or an abort, which kill it; with
 *  `killTree` so has all that it has started. Input and output move at the same time, whatever their size. */
import { InvalidOptionError } from "../base/errors.js";
import { checkNames, checkType } from "../base/options.js";
import { checkLimits, refuseAborted, type WaitOptions } from "../base/wait-options.js";
import { POPEN_OPTIONS, type PopenOptions } from "./child-plan.js";
import type { Command } from "./command.js";
import { CompletedProcess } from "./completed-process.js";
import type { Output } from "./errors.js";
import type { Input } from "./input-pipe.js";
import { interrupts } from "./interrupts.js";
import { Popen } from "./popen.js";
import { PIPE, STDOUT } from "./redirection.js";

/** How {@link run} runs a program. `timeout` (ms) and `signal` kill it, and wait until it has ended. */
export interface RunOptions<E extends BufferEncoding | undefined = BufferEncoding | undefined>
  extends PopenOptions<E>,
    WaitOptions {
  /** What the program reads, to the end. @default nothing; it reads where this program reads */
  input?: Input;
  /** Whether the result holds what it writes, to both outputs. @default no */
  captureOutput?: boolean;
  /** Whether a return code other than 0 is an error. @default no */
  check?: boolean;
}

/** Options of {@link call}, {@link checkCall} and {@link checkOutput}. */
export type CallOptions<E extends BufferEncoding | undefined = BufferEncoding | undefined> = Omit<
  RunOptions<E>,
  "captureOutput" | "check"
>;

/** Options of {@link getOutput} and {@link getStatusOutput}. */
export type LineOptions = Pick<RunOptions, "cwd" | "env" | "encoding" | "killTree" | "timeout" | "signal">;

type Text = { encoding: BufferEncoding };
type Bytes = { encoding?: undefined };
type Captured = { captureOutput: true };

/** Runs a program, and waits for its end.
 *
 *  @param args the program and its arguments; with `shell` a line for the shell
 *  @param options how to run it; what it reads; whether its output is captured and its return code checked; `timeout` in ms
 *    and `signal` for all of it
 *  @returns how it ended, and what was captured
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming what is wrong; nothing has been started
 *  @throws StartError when it cannot be started, saying why
 *  @throws CalledProcessError (`ERR_CALLED_PROCESS`) with `check`, when the return code is not 0
 *  @throws TimeoutExpired (`ERR_TIMEOUT_EXPIRED`) with the output so far
 *  @throws CancelledError (`ERR_CANCELLED`) when `signal` aborts; its reason is the cause
 *  @throws SignalRefusedError (`ERR_SIGNAL_REFUSED`) when it should be killed, and the system forbids that
 *  @remarks Cancellation: the program has been killed, and has ended. What it had started itself goes on, unless `killTree`.
 *    So it is when this program is interrupted by Ctrl-C (after 250 ms at most) or exits.
 *  @example
 *  ```ts
 *  const sorted = await run(["sort"], { input: "b\na\n", captureOutput: true, encoding: "utf8", check: true });
 *  console.log(JSON.stringify(sorted.stdout)); // "a\nb\n"
 *  await run("sleep 0 | cat", { shell: true, killTree: true, timeout: 60_000 });
 *  ``` */
export function run(args: Command, options: RunOptions & Captured & Text): Promise<CompletedProcess<string>>;
export function run(args: Command, options: RunOptions & Captured & Bytes): Promise<CompletedProcess<Buffer>>;
export function run(args: Command, options: RunOptions & Text): Promise<CompletedProcess<string | undefined>>;
export function run(args: Command, options?: RunOptions & Bytes): Promise<CompletedProcess<Buffer | undefined>>;
export function run(args: Command, options?: RunOptions): Promise<CompletedProcess>;
export async function run(args: Command, options: RunOptions = {}): Promise<CompletedProcess> {
  return await runAs("run", args, options);
}

/** Runs a program whose output is not looked at. As {@link run} in all else.
 *
 *  @param args the program and its arguments; with `shell` a line for the shell
 *  @param options how to run it
 *  @returns its exit code, or -N when signal N ended it
 *  @throws InvalidOptionError | StartError | TimeoutExpired | CancelledError | SignalRefusedError as `run` does
 *  @remarks Cancellation: the program has been killed, and has ended.
 *  @example
 *  ```ts
 *  if ((await call(["test", "-d", "/no/such/folder"])) !== 0) console.log("not there"); // not there
 *  ``` */
export async function call(args: Command, options: CallOptions = {}): Promise<number> {
  checkCallOptions("call", options);
  const { returnCode } = await runAs("call", args, options);
  return returnCode;
}

/** Runs a program that must succeed, and whose output is not looked at. As {@link run} in all else.
 *
 *  @param args the program and its arguments; with `shell` a line for the shell
 *  @param options how to run it
 *  @throws CalledProcessError (`ERR_CALLED_PROCESS`) when the return code is not 0
 *  @throws InvalidOptionError | StartError | TimeoutExpired | CancelledError | SignalRefusedError as `run` does
 *  @remarks Cancellation: the program has been killed, and has ended.
 *  @example
 *  ```ts
 *  await checkCall(["test", "-d", "."], { cwd: "/" });
 *  console.log("done"); // done
 *  ``` */
export async function checkCall(args: Command, options: CallOptions = {}): Promise<void> {
  checkCallOptions("checkCall", options);
  await runAs("checkCall", args, { ...options, check: true });
}

/** Runs a program that must succeed, and gives what it writes. As {@link run} in all else.
 *
 *  @param args the program and its arguments; with `shell` a line for the shell
 *  @param options how to run it; `stderr: STDOUT` adds its error output
 *  @returns what it wrote to its standard output
 *  @throws CalledProcessError (`ERR_CALLED_PROCESS`) when the return code is not 0, with what it wrote
 *  @throws InvalidOptionError | StartError | TimeoutExpired | CancelledError | SignalRefusedError as `run` does
 *  @remarks Cancellation: the program has been killed, and has ended.
 *  @example
 *  ```ts
 *  const text = await checkOutput(["echo", "a b"], { encoding: "utf8" });
 *  console.log(text.trim()); // a b
 *  ``` */
export function checkOutput(args: Command, options: Omit<CallOptions, "stdout"> & Text): Promise<string>;
export function checkOutput(args: Command, options?: Omit<CallOptions, "stdout"> & Bytes): Promise<Buffer>;
export function checkOutput(args: Command, options?: Omit<CallOptions, "stdout">): Promise<Output>;
export async function checkOutput(args: Command, options: Omit<CallOptions, "stdout"> = {}): Promise<Output> {
  checkCallOptions("checkOutput", options, "stdout");
  const { stdout } = await runAs("checkOutput", args, { ...options, stdout: PIPE, check: true });
  return stdout ?? "";
}

/** Runs a line in a shell, and gives all that it writes, as text without the last end of a line.
 *
 *  @param line what the shell is to run
 *  @param options how to run it
 *  @returns what was written to both outputs, in the order of writing, whatever the return code
 *  @throws InvalidOptionError | StartError | TimeoutExpired | CancelledError | SignalRefusedError as `run` does
 *  @remarks Cancellation: the shell has been killed, and has ended.
 *  @example
 *  ```ts
 *  console.log(await getOutput("seq 5 | wc -l")); // 5
 *  ``` */
export async function getOutput(line: string, options: LineOptions = {}): Promise<string> {
  const [, output] = await getStatusOutput(line, options);
  return output;
}

/** As {@link getOutput}, with the return code before the text.
 *
 *  @param line what the shell is to run
 *  @param options how to run it
 *  @returns the exit code, or -N when signal N ended the shell; and what was written
 *  @throws InvalidOptionError | StartError | TimeoutExpired | CancelledError | SignalRefusedError as `run` does
 *  @remarks Cancellation: the shell has been killed, and has ended.
 *  @example
 *  ```ts
 *  console.log(await getStatusOutput("echo a; exit 3")); // [ 3, 'a' ]
 *  ``` */
export async function getStatusOutput(line: string, options: LineOptions = {}): Promise<[number, string]> {
  checkNames("getStatusOutput", options, ["cwd", "env", "encoding", "killTree", "timeout", "signal"]);
  const { encoding = "utf8", ...rest } = options;
  const joined = { ...rest, encoding, shell: true, stdout: PIPE, stderr: STDOUT } as const;
  const { returnCode, stdout } = await run(line, joined);
  return [returnCode, (stdout ?? "").replace(/\r?\n$/, "")];
}

const RUN_OPTIONS: readonly string[] = [...POPEN_OPTIONS, "input", "captureOutput", "check", "timeout", "signal"];

/** What the short forms decide themselves cannot be asked of them. */
function checkCallOptions(what: string, options: object, ...decided: readonly string[]): void {
  const taken = RUN_OPTIONS.filter((name) => !["captureOutput", "check", ...decided].includes(name));
  checkNames(what, options, taken);
}

async function runAs(what: string, args: Command, options: RunOptions): Promise<CompletedProcess> {
  const { input, captureOutput, check, timeout, signal, ...rest } = checkRunOptions(what, options);
  const limits = { ...(timeout !== undefined && { timeout }), ...(signal !== undefined && { signal }) };
  refuseAborted(limits);
  using _ = interrupts.listen();
  const child = new Popen(args, {
    ...rest,
    ...(input !== undefined && { stdin: PIPE }),
    ...(captureOutput === true && { stdout: PIPE, stderr: PIPE }),
  });
  const sent = input === undefined ? limits : { ...limits, input };
  const { stdout, stderr } = await child.communicateOrKill(sent);
  const completed = new CompletedProcess<Output | undefined>(args, child.returnCode ?? 0, stdout, stderr);
  if (check === true) completed.checkReturnCode();
  return completed;
}

function checkRunOptions(what: string, options: RunOptions): RunOptions {
  checkNames(what, options, RUN_OPTIONS);
  const { input, captureOutput, check, timeout, signal, stdin, stdout, stderr } = options;
  checkType("captureOutput", captureOutput, "boolean");
  checkType("check", check, "boolean");
  checkLimits({ ...(timeout !== undefined && { timeout }), ...(signal !== undefined && { signal }) });
  if (input !== undefined && stdin !== undefined) {
    throw new InvalidOptionError("input", "input and stdin exclude each other: input is what stdin reads");
  }
  if (input !== undefined && typeof input !== "string" && !((input as unknown) instanceof Uint8Array)) {
    throw new InvalidOptionError("input", "input must be a string or a Uint8Array");
  }
  if (captureOutput === true && (stdout !== undefined || stderr !== undefined)) {
    const both = "captureOutput excludes stdout and stderr: it is stdout: PIPE and stderr: PIPE";
    throw new InvalidOptionError("captureOutput", both);
  }
  return options;
}
