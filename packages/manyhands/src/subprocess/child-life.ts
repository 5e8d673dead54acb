/** A child from its start to its end, and all waiting for it and for its pipes.
 *
 *  Guarantees: it has started when this is made, or an error says why not; all waits end with what they wait for, with their
 *  limits, or with the program. Only waits hold the program: a child that nobody waits for goes on by itself when the program
 *  ends, as Python's do. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Stream } from "node:stream";
import { systemClock } from "../base/clock.js";
import { illegalMove } from "../base/invariant.js";
import { type Waited, type WaitOptions, waitFor } from "../base/wait-options.js";
import type { ChildPlan } from "./child-plan.js";
import { shownCommand } from "./command.js";
import { whyNotStarted } from "./find-program.js";
import { type Interruptible, interrupts } from "./interrupts.js";
import { type Extent, Reach } from "./reach.js";

type State = { readonly kind: "running" } | { readonly kind: "ended"; readonly returnCode: number };

const NEXT = { running: ["ended"], ended: [] } as const satisfies Record<State["kind"], readonly State["kind"][]>;

/** The pipes of a child are sockets in Node, whatever the types say, and keep the program alive while they are referenced. */
type Pipe = Stream & { readonly destroyed: boolean; ref(): void; unref(): void };

export class ChildLife implements Interruptible {
  readonly pid: number;
  readonly streams: Pick<ChildProcess, "stdin" | "stdout" | "stderr">;
  readonly #child: ChildProcess;
  readonly #reach: Reach;
  /** For people who look at what a task waits for. */
  readonly #called: string;
  readonly #enders = new Set<() => void>();
  #state: State = { kind: "running" };
  #waits = 0;
  #watched: Disposable | undefined;

  /** Starts it. @throws StartError */
  constructor(plan: ChildPlan) {
    const { child, pid } = start(plan);
    this.pid = pid;
    this.#called = `the program ${shownCommand(plan.args)}`;
    this.streams = child;
    this.#reach = new Reach(pid, plan.extent);
    this.#child = child;
    this.#reference("unref");
    child.once("exit", (code, signal) => {
      this.#reach.leaderEnded();
      // Ctrl-C comes to this program and to the child at once, and of the two what the child makes of it may be heard first: so
      // in this turn nobody goes on.
      setImmediate(() => this.#ended(code, signal));
    });
  }

  get extent(): Extent {
    return this.#reach.extent;
  }

  get isRunning(): boolean {
    return this.#state.kind === "running";
  }

  /** Its exit code, or -N when signal N ended it; `undefined` while it runs. */
  get returnCode(): number | undefined {
    return this.#state.kind === "ended" ? this.#state.returnCode : undefined;
  }

  /** Nothing when nobody is left. @throws SignalRefusedError */
  signal(signal: NodeJS.Signals | number): void {
    this.#reach.send(signal);
  }

  /** Calls `listener` when it has ended: at once when it has. */
  whenEnded(listener: () => void): Disposable {
    if (!this.isRunning) listener();
    else this.#enders.add(listener);
    return { [Symbol.dispose]: () => this.#enders.delete(listener) };
  }

  /** Every wait for a child and its pipes goes this way: what `waitFor` takes, while the program is held. */
  until(subscribe: (ready: () => void) => Disposable, options: WaitOptions): Promise<Waited> {
    const held = (ready: () => void): Disposable => {
      const hold = this.#hold();
      const subscribed = subscribe(() => interrupts.unlessEnding(ready));
      return {
        [Symbol.dispose]: () => {
          subscribed[Symbol.dispose]();
          hold[Symbol.dispose]();
        },
      };
    };
    return waitFor(held, options, systemClock, this.#called);
  }

  /** Until it has ended, without limits and not to be cancelled: for the end of what was cancelled, which waits too. */
  over(): Promise<void> {
    return new Promise((resolve) => {
      const held = this.#hold();
      this.whenEnded(() => {
        held[Symbol.dispose]();
        interrupts.unlessEnding(resolve);
      });
    });
  }

  #hold(): Disposable {
    this.#waits += 1;
    if (this.#waits === 1) {
      this.#watched = interrupts.watch(this);
      this.#reference("ref");
    }
    return { [Symbol.dispose]: () => this.#release() };
  }

  #release(): void {
    this.#waits -= 1;
    if (this.#waits > 0) return;
    this.#watched?.[Symbol.dispose]();
    this.#reference("unref");
  }

  #reference(how: "ref" | "unref"): void {
    this.#child[how]();
    for (const pipe of this.#child.stdio as (Pipe | null)[]) {
      // One that is closed would note the call as something to do once it is connected.
      if (pipe?.destroyed === false) pipe[how]();
    }
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#move({ kind: "ended", returnCode: signal === null ? (code ?? 0) : -constants.signals[signal] });
    const enders = [...this.#enders];
    this.#enders.clear();
    for (const tell of enders) tell();
  }

  #move(next: State): void {
    const legal: readonly State["kind"][] = NEXT[this.#state.kind];
    if (!legal.includes(next.kind)) illegalMove("child", this.#state.kind, next.kind);
    this.#state = next;
  }
}

function start(plan: ChildPlan): { readonly child: ChildProcess; readonly pid: number } {
  const { file, argv, verbatim } = plan.invocation;
  const options: SpawnOptions = {
    stdio: plan.stdio,
    env: plan.env,
    // The leader of a group of its own. On Windows the word means a window of its own.
    detached: plan.extent === "tree" && process.platform !== "win32",
    windowsVerbatimArguments: verbatim,
    ...(plan.cwd !== undefined && { cwd: plan.cwd }),
  };
  let child: ChildProcess;
  try {
    child = spawn(file, argv, options);
  } catch (error) {
    throw whyNotStarted(file, plan, error);
  }
  if (child.pid !== undefined) return { child, pid: child.pid };
  // Node tells by an event, when this has long returned; unheard it would end the program.
  child.once("error", () => undefined);
  for (const pipe of child.stdio ?? []) pipe?.destroy();
  throw whyNotStarted(file, plan);
}
