/** Whom a signal to a child reaches: the child alone, or with `killTree` all that it has started too.
 *
 *  A tree is the process group that the child leads: it is started as the leader of a group (and session) of its own, which
 *  all that it starts belong to unless they leave on purpose, as daemons do. One system call signals them all at once, so
 *  that nobody can be started in between, and members stay reachable when the child itself has ended.
 *
 *  Guarantees: a signal to somebody who has ended is silently nothing, and reaches no other process that was given the id. The
 *  id of a group is not given away while the group has a member; so it is asked when the child ends whether any are left, and
 *  later on whether the id is still nobody's. */
import { constants } from "node:os";
import { InvalidOptionError } from "../base/errors.js";
import { illegalMove } from "../base/invariant.js";
import { shown } from "../base/options.js";
import { SignalRefusedError } from "./errors.js";

/** Whom it reaches. */
export type Extent = "child" | "tree";

/** `led`: the child runs. `leaderless`: it has ended, and others of its tree have not. `gone`: nobody is left. */
type State = "led" | "leaderless" | "gone";

const NEXT = { led: ["leaderless", "gone"], leaderless: ["gone"], gone: [] } as const satisfies Record<
  State,
  readonly State[]
>;

const isWindows = process.platform === "win32";

export class Reach {
  readonly extent: Extent;
  readonly #pid: number;
  #state: State = "led";

  constructor(pid: number, extent: Extent) {
    this.#pid = pid;
    this.extent = extent;
  }

  /** Sends a signal to whoever is left.
   *  @throws SignalRefusedError when the system forbids it. */
  send(signal: NodeJS.Signals | number): void {
    if (this.#state === "leaderless" && answers(this.#pid)) this.#move("gone");
    if (this.#state === "gone") return;
    if (isWindows && this.extent === "tree") return endTreeOnWindows(this.#pid);
    const target = this.extent === "tree" ? -this.#pid : this.#pid;
    try {
      process.kill(target, signal);
    } catch (error) {
      if (codeOf(error) === "ESRCH") return;
      throw new SignalRefusedError(`Process ${this.#pid} may not be signalled`, { cause: error });
    }
  }

  /** The child has ended: its id may become another's as soon as its group is empty. */
  leaderEnded(): void {
    this.#move(this.extent === "tree" && !isWindows && answers(-this.#pid) ? "leaderless" : "gone");
  }

  #move(next: State): void {
    const legal: readonly State[] = NEXT[this.#state];
    if (!legal.includes(next)) illegalMove("reach of a child", this.#state, next);
    this.#state = next;
  }
}

/** @throws InvalidOptionError when there is no such signal. */
export function checkSignalName(signal: unknown): void {
  const numbers: readonly number[] = Object.values(constants.signals);
  if (typeof signal === "string" ? Object.hasOwn(constants.signals, signal) : isNumberOf(numbers, signal)) return;
  throw new InvalidOptionError("signal", `signal must be the name or number of a signal, got ${shown(signal)}`);
}

function isNumberOf(numbers: readonly number[], signal: unknown): boolean {
  return typeof signal === "number" && (signal === 0 || numbers.includes(signal));
}

/** Whether there is such a process or group. */
function answers(target: number): boolean {
  try {
    process.kill(target, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** Windows has no groups, but a program that follows the ids of parents. It knows one way to end, whatever the signal. */
function endTreeOnWindows(pid: number): void {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  spawnSync("taskkill", ["/pid", String(pid), "/t", "/f"], { stdio: "ignore" });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
