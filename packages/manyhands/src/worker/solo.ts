/** The inside of a thread or process that runs one function: takes it, runs it, tells how it ended, waits for what it has
 *  started, and ends.
 *
 *  Guarantees: how the function ended is told once, before the end; what it returned need not be able to travel, for
 *  perhaps nobody wants it; an error that nothing catches is told as well, and ends the thread or process at once. When
 *  the function has ended so has its thread or process, whatever timers and sockets it leaves open, as in Python; only
 *  threads and processes that it started, and that are no daemons, are waited for. */
import { type ExitStatus, SerializationError, SystemExit } from "../base/errors.js";
import type { Transferable } from "../futures/mod.js";
import { pack } from "../share/travel.js";
import { decodeError, encodeError } from "../wire/errors.js";
import type { WireFunction } from "../wire/function-ref.js";
import { transferListOf } from "../wire/transfer.js";
import { serializationError } from "../wire/values.js";
import { hasDependants, watchDependants, whenIndependent } from "./dependants.js";
import { leaveWithParent } from "./parent.js";
import type { FromSolo, SoloArguments, ToSolo } from "./solo-messages.js";
import { loadTarget } from "./target.js";

/** Its end of the connection with whoever started it. */
export interface SoloLine {
  readonly kind: "thread" | "process";
  /** Sends a message; throws when a part of it cannot be cloned. */
  post(message: FromSolo, transfer?: readonly Transferable[]): void;
  /** Tells a text to people, where nobody else does. */
  print(text: string): void;
  /** Tells of an error that ended it to people, where nobody else does. */
  report(error: unknown): void;
  /** Its function has ended: from here on nobody may take it for alive. */
  over(): void;
  /** Does what Ctrl-C does to a program. */
  interrupt(): void;
  /** What was printed is out of this thread. */
  flushed(): Promise<void>;
}

type Ending =
  | { readonly type: "returned"; readonly value: unknown }
  | { readonly type: "threw"; readonly error: unknown };

export class Solo {
  readonly #line: SoloLine;
  readonly #given: SoloArguments;
  #phase: "running" | "over" = "running";

  constructor(line: SoloLine, given: SoloArguments) {
    this.#line = line;
    this.#given = given;
    // A process is waited for, or ended, whatever it has started; a thread is not over before what it holds is.
    if (line.kind === "thread") watchDependants((by) => line.post({ type: "depended-on", by }));
    process.on("uncaughtException", (error) => this.#uncaught(error));
  }

  receive(message: ToSolo): void {
    switch (message.type) {
      case "target":
        void this.#run(message.target);
        break;
      case "refused":
        void this.#end({ type: "threw", error: decodeError(message.error) });
        break;
      case "interrupt":
        this.#line.interrupt();
        break;
    }
  }

  /** Whoever started it is gone. */
  abandoned(): void {
    leaveWithParent();
  }

  async #run(target: WireFunction): Promise<void> {
    let ending: Ending;
    try {
      const { args, takes } = this.#given;
      const run = await loadTarget({ target, takes });
      ending = { type: "returned", value: await run(...(args as never[])) };
    } catch (error) {
      ending = { type: "threw", error };
    }
    if (this.#phase === "running") await this.#end(ending);
  }

  async #end(ending: Ending): Promise<void> {
    this.#enterOver();
    const code = this.#tell(ending);
    // A process is over when it has ended, as Python's: told before, its starter would find no exit code and no end.
    if (this.#line.kind === "thread" && hasDependants()) this.#line.post({ type: "lingers" });
    // In a loop: what still runs here may start another while the last one ends.
    while (hasDependants()) await whenIndependent();
    await this.#leave(code);
  }

  /** The program's own handlers, where it has any, decide what becomes of it. */
  #uncaught(error: unknown): void {
    if (process.listenerCount("uncaughtException") > 1) return;
    const before = this.#phase;
    this.#enterOver();
    const code = this.#tell({ type: "threw", error });
    // Once the function has ended, an error of what it left behind must not end what is waited for.
    if (before === "running") void this.#leave(code);
  }

  #enterOver(): void {
    this.#phase = "over";
    this.#line.over();
  }

  /** @returns the exit code; `undefined` is what `process.exitCode` says. */
  #tell(ending: Ending): number | undefined {
    if (ending.type === "returned") {
      this.#tellValue(ending.value);
      return undefined;
    }
    const { error } = ending;
    this.#line.post({ type: "threw", error: encodeError(error) });
    if (!(error instanceof SystemExit)) {
      this.#line.report(error);
      return 1;
    }
    if (typeof error.status === "string") this.#line.print(error.status);
    return exitCodeOf(error.status);
  }

  #tellValue(value: unknown): void {
    const moved = this.#line.kind === "thread" ? transferListOf(value) : [];
    try {
      this.#line.post({ type: "returned", value }, moved);
    } catch (cause) {
      this.#tellRefused(value, cause);
    }
  }

  /** A result that cannot be posted as it is: one with shared objects, or one that cannot travel at all. */
  #tellRefused(value: unknown, cause: unknown): void {
    const { kind } = this.#line;
    try {
      const parcel = pack(value, "result", kind, "once");
      if (parcel === undefined) throw serializationError(value, "result", kind);
      this.#line.post({ type: "returned-parcel", parcel }, kind === "thread" ? transferListOf(parcel) : []);
    } catch (error) {
      if (error instanceof SerializationError && error.cause === undefined) error.cause = cause;
      this.#line.post({ type: "returned-unsendable", error: encodeError(error) });
    }
  }

  async #leave(code: number | undefined): Promise<void> {
    await this.#line.flushed();
    // Not process.exit(undefined), which forgets process.exitCode.
    if (code === undefined) process.exit();
    process.exit(code);
  }
}

/** As Python has it: a text or `true` says that something went wrong. */
function exitCodeOf(status: ExitStatus): number {
  if (status === undefined || status === null || status === false) return 0;
  return typeof status === "number" && Number.isInteger(status) ? status : 1;
}
