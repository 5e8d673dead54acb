/** What a crew tells its scheduler: what its workers' ports tell, with the worker that it was. */
import type { BrokenExecutorError } from "../base/errors.js";
import type { ItemRun } from "../futures/mod.js";
import type { Again, Held, PortExit } from "../worker/mod.js";
import type { Call } from "./call.js";
import type { Crewman } from "./crewman.js";

/** How a worker ended, and whether it was told to. */
export interface CrewExit extends PortExit {
  readonly how: "asked" | "unasked";
}

/** What a crew tells its scheduler. */
export interface CrewEvents {
  started(worker: Crewman, call: Call): void;
  fulfilled(worker: Crewman, call: Call, offset: number, value: unknown, startedAt: number, duration: number): void;
  fulfilledRun(worker: Crewman, call: Call, offset: number, run: ItemRun): void;
  rejected(worker: Crewman, call: Call, offset: number, reason: unknown, startedAt: number, duration: number): void;
  lost(worker: Crewman, call: Call, offset: number, error: Error, startedAt: number, again: Again): void;
  refused(worker: Crewman, call: Call, error: unknown): void;
  skipped(worker: Crewman, call: Call, offset: number): void;
  copied(bytes: number): void;
  /** There may be room for more calls. */
  turn(): void;
  /** The calls go back to wait. */
  returned(calls: readonly Call[]): void;
  exited(worker: Crewman, exit: CrewExit, running: readonly Held<Call>[], waiting: readonly Held<Call>[]): void;
  /** One of the workers that a port stands for has ended unasked. */
  died(): void;
  /** No worker can live. */
  broken(error: BrokenExecutorError): void;
  /** The last worker has gone. */
  empty(): void;
}
