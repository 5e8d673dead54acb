/** `Popen`: a program of the system that runs beside this one, with Python's life cycle.
 *
 *  Guarantees: it runs when the constructor returns, or the error says why not; a wait that ends early leaves the child and all
 *  that it has written as they are; a signal never reaches a process that is not the child or of its tree. */
import type { Readable } from "node:stream";
import { InvalidOptionError, InvalidStateError } from "../base/errors.js";
import { checkNames } from "../base/options.js";
import { refuseCopies, STAYS } from "../base/shareable.js";
import { checkLimits, refuseAborted, type WaitOptions } from "../base/wait-options.js";
import { newBacklog, type Piece } from "./backlog.js";
import { ChildLife } from "./child-life.js";
import { type PopenOptions, planChild } from "./child-plan.js";
import type { Command } from "./command.js";
import { TimeoutExpired } from "./errors.js";
import { type Communicated, Exchange } from "./exchange.js";
import { type Input, InputPipe } from "./input-pipe.js";
import { interrupts } from "./interrupts.js";
import { OutputPipe } from "./output-pipe.js";
import { checkSignalName } from "./reach.js";

/** What output arrives as: text when there is an encoding, else bytes. */
export type Decoded<E extends BufferEncoding | undefined> = E extends BufferEncoding ? string : Buffer;

/** Limits of {@link Popen.communicate}, and what to send. */
export interface CommunicateOptions extends WaitOptions {
  /** What the child reads, to the end. Only for the first call; needs `stdin: PIPE`. @default nothing */
  input?: Input;
}

/** A program that runs beside this one.
 *
 *  Times are milliseconds. Only what is awaited keeps this program alive: a child that nobody waits for goes on by itself when
 *  this program ends. Leaving the scope of an `await using` closes the pipes and waits for the child, as Python's `with` does;
 *  `close()` kills it instead. It belongs to the thread that started it.
 *  @example
 *  ```ts
 *  await using child = new Popen(["cat"], { stdin: PIPE, stdout: PIPE, encoding: "utf8" });
 *  for (const word of ["one", "two"]) {
 *    await child.stdin.write(`${word}\n`);
 *    console.log(await child.stdout.readLine({ timeout: 1000 })); // one two
 *  }
 *  ``` */
export class Popen<E extends BufferEncoding | undefined = undefined> implements AsyncDisposable {
  /** The command, as it was given. */
  readonly args: Command;
  readonly #life: ChildLife;
  readonly #stdin: InputPipe | undefined;
  readonly #stdout: OutputPipe<Decoded<E>> | undefined;
  readonly #stderr: OutputPipe<Decoded<E>> | undefined;
  #exchange: Exchange<Decoded<E>> | undefined;

  /** Starts a program.
   *  @param args the program and its arguments; with `shell` a line for the shell
   *  @param options how to start it
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming what is wrong; nothing has been started
   *  @throws StartError saying why it could not be started: `ERR_PROGRAM_NOT_FOUND`, `ERR_FOLDER_NOT_FOUND` (of `cwd`),
   *    `ERR_NOT_EXECUTABLE`, `ERR_START_REFUSED` */
  constructor(args: Command, options: PopenOptions<E> = {}) {
    const plan = planChild("Popen", args, options as PopenOptions);
    this.args = args;
    this.#life = new ChildLife(plan);
    const { stdin, stdout, stderr } = this.#life.streams;
    // Text exactly when there is an encoding, which is what the type says.
    const output = (name: string, stream: Readable | null): OutputPipe<Decoded<E>> | undefined =>
      stream === null
        ? undefined
        : (new OutputPipe<Piece>(name, stream, newBacklog(plan.encoding), this.#life) as OutputPipe<Decoded<E>>);
    this.#stdin = stdin === null ? undefined : new InputPipe(stdin, plan.encoding, this.#life);
    this.#stdout = output("stdout", stdout);
    this.#stderr = output("stderr", stderr);
    refuseCopies(this);
  }

  /** Its process id. Another process may have it once the child has ended: signal it by `sendSignal`. */
  get pid(): number {
    return this.#life.pid;
  }

  /** Its exit code, or -N when signal N ended it; `undefined` while it runs, as far as this program has heard. (Of a
   *  signal without a name, one of real time, Node says 0.) */
  get returnCode(): number | undefined {
    return this.#life.returnCode;
  }

  /** What it reads. @throws InvalidStateError (`ERR_INVALID_STATE`) unless it was started with `stdin: PIPE` */
  get stdin(): InputPipe {
    return this.#stdin ?? notPiped("stdin");
  }

  /** What it writes. @throws InvalidStateError (`ERR_INVALID_STATE`) unless it was started with `stdout: PIPE` */
  get stdout(): OutputPipe<Decoded<E>> {
    return this.#stdout ?? notPiped("stdout");
  }

  /** What it writes to its standard error output. @throws InvalidStateError (`ERR_INVALID_STATE`) unless it was started with
   *  `stderr: PIPE` */
  get stderr(): OutputPipe<Decoded<E>> {
    return this.#stderr ?? notPiped("stderr");
  }

  /** The same as `returnCode`: a look that never waits. Nothing is heard of a child's end before the event loop turns. */
  poll(): number | undefined {
    return this.returnCode;
  }

  /** Waits until it has ended. It does not read what the child writes: one that fills a pipe which nobody reads never ends, so
   *  take `communicate` for that.
   *
   *  Leaving the wait early leaves the child alive.
   *  @param options the longest wait in ms, and a signal that ends it
   *  @returns its exit code, or -N when signal N ended it
   *  @throws TimeoutExpired (`ERR_TIMEOUT_EXPIRED`), CancelledError (`ERR_CANCELLED`)
   *  @example
   *  ```ts
   *  const child = new Popen("exit 3", { shell: true });
   *  console.log(await child.wait({ timeout: 5000 })); // 3
   *  ``` */
  async wait(options: WaitOptions = {}): Promise<number> {
    checkLimits(options);
    refuseAborted(options);
    await this.#life.until((ready) => this.#life.whenEnded(ready), options);
    return this.#life.returnCode ?? this.#expired(options.timeout);
  }

  /** Sends input and takes all output until the child has ended, both at once, so that neither waits for the other. Also when
   *  the child does not read all its input, which is no error.
   *
   *  Leaving the wait early leaves the child alive, and loses nothing: call it again, without input, for all of the output.
   *  After the end it gives the same again.
   *  @param options what to send; the longest wait in ms, and a signal that ends it
   *  @returns what it wrote, but for what readers of `stdout` and `stderr` have taken before
   *  @throws TimeoutExpired (`ERR_TIMEOUT_EXPIRED`) with what has come so far, CancelledError (`ERR_CANCELLED`)
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when there is input without `stdin: PIPE`
   *  @throws InvalidStateError (`ERR_INVALID_STATE`) when there is input and it is not the first call, or `stdin` was closed
   *  @example
   *  ```ts
   *  const child = new Popen(["sort"], { stdin: PIPE, stdout: PIPE, encoding: "utf8" });
   *  const { stdout } = await child.communicate({ input: "b\na\n" });
   *  console.log(JSON.stringify(stdout)); // "a\nb\n"
   *  ``` */
  async communicate(options: CommunicateOptions = {}): Promise<Communicated<Decoded<E>>> {
    checkNames("communicate", options, ["input", "timeout", "signal"]);
    const { input, ...limits } = options;
    checkLimits(limits);
    refuseAborted(limits);
    const exchange = this.#begun(input);
    if ((await exchange.finished(limits)) === "timed-out") this.#expired(limits.timeout);
    return exchange.collected;
  }

  /** Sends a signal: to the child, or with `killTree` to all of its tree. Silently nothing when nobody is left.
   *  @param signal its name or number
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when there is no such signal
   *  @throws SignalRefusedError (`ERR_SIGNAL_REFUSED`) when the system forbids it
   *  @example
   *  ```ts
   *  const child = new Popen(["sleep", "1000"]);
   *  child.sendSignal("SIGHUP");
   *  console.log(await child.wait()); // -1
   *  ``` */
  sendSignal(signal: NodeJS.Signals | number): void {
    checkSignalName(signal);
    this.#life.signal(signal);
  }

  /** Sends SIGTERM, which asks it to end. As `sendSignal` in all else.
   *  @throws SignalRefusedError
   *  @example
   *  ```ts
   *  const child = new Popen(["sleep", "1000"]);
   *  child.terminate();
   *  console.log(await child.wait({ timeout: 5000 })); // -15
   *  ``` */
  terminate(): void {
    this.#life.signal("SIGTERM");
  }

  /** Sends SIGKILL, which ends it. As `sendSignal` in all else.
   *  @throws SignalRefusedError
   *  @example
   *  ```ts
   *  const child = new Popen(["sleep", "1000"]);
   *  child.kill();
   *  console.log(await child.wait()); // -9
   *  ``` */
  kill(): void {
    this.#life.signal("SIGKILL");
  }

  /** Gives the child up: kills it if it runs, with `killTree` also what is left of its tree, closes the pipes, and waits until it
   *  has ended. A child that has ended keeps its return code. May be called again.
   *  @throws SignalRefusedError (`ERR_SIGNAL_REFUSED`) when the system forbids the signal; the child goes on
   *  @remarks Cancellation: it cannot be cancelled; the wait is that for a process that is being killed.
   *  @example
   *  ```ts
   *  const child = new Popen(["sleep", "1000"]);
   *  await child.close();
   *  console.log(child.returnCode); // -9
   *  ``` */
  async close(): Promise<void> {
    // First: closed pipes might end it by themselves, in a way of its own.
    this.kill();
    this.#stdin?.destroy();
    this.#stdout?.close();
    this.#stderr?.close();
    // Not a wait that can be cancelled: this is what a cancelled task has to do before it ends.
    await this.#life.over();
  }

  /** Leaves the scope as Python's `with` does: closes the pipes (`stdin` after all that was written) and waits for the child,
   *  however long that takes. A child that reads ends with its input; one that writes on is told that nobody reads. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stdin?.close();
    this.#stdout?.close();
    this.#stderr?.close();
    await this.wait();
  }

  /** @internal */
  get [STAYS](): string {
    return "a child belongs to the thread that started it; send its pid, or what it has written";
  }

  /** `communicate` for {@link run}, to which the child belongs: whatever ends the wait early kills the child, before the error
   *  is thrown. @internal */
  async communicateOrKill(options: CommunicateOptions): Promise<Communicated<Decoded<E>>> {
    using _ = interrupts.doom(this.#life);
    try {
      return await this.communicate(options);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  #begun(input: Input | undefined): Exchange<Decoded<E>> {
    if (input !== undefined) this.#checkInput(input);
    if (this.#exchange === undefined) {
      this.#stdin?.closeWith(input);
      this.#exchange = new Exchange(this.#life, this.#stdout, this.#stderr);
    }
    return this.#exchange;
  }

  #checkInput(input: Input): void {
    if (this.#stdin === undefined) throw new InvalidOptionError("input", "input needs a child with stdin: PIPE");
    this.#stdin.encoded("input", input);
    if (this.#exchange === undefined) return;
    throw new InvalidStateError("Cannot send input: communicate() has been called before, and its input is on its way");
  }

  #expired(timeout = 0): never {
    const { stdout, stderr } = this.#exchange?.collected ?? { stdout: undefined, stderr: undefined };
    throw new TimeoutExpired({ args: this.args, timeout, stdout, stderr });
  }
}

function notPiped(name: string): never {
  throw new InvalidStateError(`The child has no ${name} here: start it with ${name}: PIPE`);
}
