/** A process that runs one function, behind its port. See `solo-port.ts` for the guarantees and `frames.ts` for what is on
 *  the pipe. */
import type { ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { workerExecArgv } from "../wire/exec-argv.js";
import { decodeMessage, encodeMessage, readFrames } from "./frames.js";
import type { ProcessIdentity } from "./identity.js";
import { discardArguments, postTarget, refusedCopy, takesOf } from "./solo-call.js";
import type { FromSolo, SoloArguments, ToSolo } from "./solo-messages.js";
import { type SoloCall, type SoloEvents, SoloInbox, type SoloPort } from "./solo-port.js";

// By this way both from here and from the files that the build joins this one into.
const ENTRY = fileURLToPath(new URL("../worker/solo-process-main.js", import.meta.url));

export class SoloProcess implements SoloPort {
  readonly #call: SoloCall;
  readonly #child: ChildProcess;
  readonly #inbox: SoloInbox;
  /** Missing when the system had no pipes to give. */
  readonly #pipe: Duplex | undefined;
  #cause: unknown;
  #phase: "alive" | "ended" = "alive";

  /** @throws SerializationError when V8 refuses the arguments all the same, or what the system says when it refuses the
   *    process at once; nothing has been started then. */
  constructor(call: SoloCall, identity: ProcessIdentity, events: SoloEvents) {
    const args = encodeArguments(call);
    this.#call = call;
    this.#inbox = new SoloInbox(events);
    this.#child = start(call, identity);
    // A process that cannot be started says so by this event, which unheard would end the program.
    this.#child.on("error", (error) => this.#failed(identity, events, error));
    // Extra pipes are sockets in Node, whatever the types say of them.
    this.#pipe = (this.#child.stdio?.[3] ?? undefined) as Duplex | undefined;
    if (this.#pipe !== undefined) this.#read(this.#pipe);
    // The exit says that the child is gone; a broken pipe is only how one notices earlier.
    this.#pipe?.on("error", () => undefined);
    // Not `exit`: only `close` comes after everything in the pipe has been read.
    this.#child.on("close", (code, signal) => this.#ended(identity, events, code, signal));
    this.#pipe?.write(args);
    postTarget(call, (message) => this.post(message));
  }

  #read(pipe: Duplex): void {
    readFrames(
      pipe,
      (_kind, _x, _y, payload) => this.#inbox.receive(decodeMessage(payload) as FromSolo),
      (error) => {
        this.#cause ??= error;
        this.signal("SIGKILL");
      },
    );
  }

  get id(): number | undefined {
    return this.#child.pid;
  }

  post(message: ToSolo): void {
    if (this.#pipe?.writable === true) this.#pipe.write(encodeMessage(message));
  }

  isAlive(): boolean {
    return this.#phase === "alive";
  }

  hold(how: "ref" | "unref"): void {
    this.#child[how]();
    (this.#pipe as { ref(): void; unref(): void } | undefined)?.[how]();
  }

  terminate(): void {
    this.signal("SIGTERM");
  }

  /** Sends a signal, unless the process has ended: its pid may be another's by then. */
  signal(signal: NodeJS.Signals): void {
    // Never to a child without a pid, one that could not be started: Node would send it to pid 0, which is the program
    // itself and its whole process group.
    if (this.#child.pid !== undefined && this.#phase === "alive") this.#child.kill(signal);
  }

  #failed(identity: ProcessIdentity, events: SoloEvents, error: Error): void {
    this.#cause ??= error;
    // A program that could not be started has no pid, and may never tell that it is closed.
    if (this.#child.pid === undefined) this.#ended(identity, events, null, null);
  }

  #ended(identity: ProcessIdentity, events: SoloEvents, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    discardArguments(this.#call);
    const exit = { worker: identity.name, id: this.#child.pid, exitCode: code, signal };
    this.#inbox.after(() => events.exited(exit, this.#cause));
  }
}

function start(call: SoloCall, identity: ProcessIdentity): ChildProcess {
  // Taken when it is needed: a child that starts none need not load it.
  const { spawn } = process.getBuiltinModule("node:child_process");
  const flags = workerExecArgv(process.execArgv);
  try {
    return spawn(process.execPath, [...flags, ENTRY, JSON.stringify(identity)], {
      stdio: ["inherit", "inherit", "inherit", "pipe"],
    });
  } catch (error) {
    discardArguments(call);
    throw error;
  }
}

function encodeArguments(call: SoloCall): Buffer {
  try {
    return encodeMessage({ args: call.args, takes: takesOf(call) } satisfies SoloArguments);
  } catch (error) {
    discardArguments(call);
    throw refusedCopy(call, "process", error);
  }
}
