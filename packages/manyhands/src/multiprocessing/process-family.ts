/** Whose child this process is, and which children it has. */
import { availableParallelism } from "node:os";
import { isMainThread } from "node:worker_threads";
import { LifeCycleError } from "../base/errors.js";
import { type WaitOptions, waitFor } from "../base/wait-options.js";
import { type ProcessIdentity, processIdentity } from "../worker/identity.js";
import { parentIsGone, watchParent } from "../worker/parent.js";
import { guardChild, releaseChild } from "../worker/process-guard.js";
import type { Process } from "./process.js";

/** What there is to know of a process, whoever has started it. */
export interface ProcessLike {
  readonly name: string;
  readonly pid: number | undefined;
  isAlive(): boolean;
  /** Waits until it has ended. */
  join(options?: WaitOptions): Promise<void>;
}

type AnyProcess = Process<never[], unknown>;

const children = new Set<AnyProcess>();
let watch: "none" | "set" = "none";

/** It has been started here. */
export function addChild(child: AnyProcess): void {
  children.add(child);
  if (child.pid !== undefined) guardChild(child.pid);
  if (watch === "set") return;
  watch = "set";
  // At a normal end and at process.exit() alike. Those that are no daemons are alive here only after process.exit(), and
  // end because their pipe does.
  process.on("exit", () => {
    for (const each of children) if (each.daemon) each.terminate();
  });
}

/** It has ended. */
export function removeChild(child: AnyProcess): void {
  children.delete(child);
  if (child.pid !== undefined) releaseChild(child.pid);
}

/** The processes that this thread has started and that are alive. */
export function activeChildren(): AnyProcess[] {
  return [...children];
}

/** How many CPUs this process can use. */
export function cpuCount(): number {
  return availableParallelism();
}

class CurrentProcess implements ProcessLike {
  readonly #identity: ProcessIdentity;

  constructor(identity: ProcessIdentity) {
    this.#identity = identity;
  }

  get name(): string {
    return this.#identity.name;
  }

  get daemon(): boolean {
    return this.#identity.daemon;
  }

  get pid(): number {
    return process.pid;
  }

  isAlive(): boolean {
    return true;
  }

  async join(): Promise<void> {
    throw new LifeCycleError("ERR_JOINS_ITSELF", `Process ${this.name} cannot wait for its own end`);
  }
}

class ParentProcess implements ProcessLike {
  readonly name: string;
  readonly pid: number;

  constructor(parent: { readonly name: string; readonly pid: number }) {
    this.name = parent.name;
    this.pid = parent.pid;
  }

  isAlive(): boolean {
    // The system gives an orphan another parent, at once and also while the event loop does not turn.
    return !parentIsGone() && process.ppid === this.pid;
  }

  /** Waits until the parent has ended. Whoever does gets a second to clean up before the process ends.
   *
   *  Cancelling ends the wait and nothing else. In a worker thread it ends only with the process. */
  async join(options?: WaitOptions): Promise<void> {
    await waitFor((ready) => {
      if (!parentIsGone() || !isMainThread) return watchParent(ready);
      ready();
      return { [Symbol.dispose]: () => undefined };
    }, options);
  }
}

let current: CurrentProcess | undefined;
let parent: ParentProcess | undefined;

/** The process that asks; `MainProcess` in the program that the user started. */
export function currentProcess(): ProcessLike & { readonly daemon: boolean; readonly pid: number } {
  current ??= new CurrentProcess(processIdentity());
  return current;
}

/** The process that started this one as a `Process`; `undefined` in the program that the user started.
 *
 *  Every child ends by itself when its parent is gone; one that waits in `join()` is told before.
 *  @example
 *  ```ts
 *  await parentProcess()?.join();
 *  await removeTemporaryFiles();
 *  ``` */
export function parentProcess(): ProcessLike | undefined {
  const { parent: known } = processIdentity();
  if (known === undefined) return undefined;
  parent ??= new ParentProcess(known);
  return parent;
}
