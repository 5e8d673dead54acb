/** Where an executor's engine will stand: it is made when the executor is first used.
 *
 *  Guarantees: one engine for an executor and all its views; workers that are kept from the start are started at the
 *  start. */
import type { ExecutorKind } from "../futures/mod.js";
import type { Engine } from "./engine.js";

/** What an engine is asked for. With calls about to come, its first worker may start before all else. */
export type EngineNeed = "calls" | "nothing";

export class EngineSeat {
  readonly kind: ExecutorKind;
  readonly #open: (need: EngineNeed) => Engine;
  #engine: Engine | undefined;

  /** @param kept workers that are kept at all times. */
  constructor(kind: ExecutorKind, kept: number, open: (need: EngineNeed) => Engine) {
    this.kind = kind;
    this.#open = open;
    if (kept > 0) this.engine("calls");
  }

  engine(need: EngineNeed): Engine {
    this.#engine ??= this.#open(need);
    return this.#engine;
  }
}

/** The name of the first worker of a pool. */
export function firstWorker(pool: string): string {
  return `${pool}-1`;
}

/** Starts the first worker, which boots while the engine is loaded. When it cannot be started, the engine finds out for
 *  itself, and says so to all who wait. */
export function startAhead<W>(need: EngineNeed, start: () => W): W | undefined {
  if (need === "nothing") return undefined;
  try {
    return start();
  } catch {
    return undefined;
  }
}
