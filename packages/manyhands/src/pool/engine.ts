/** What carries out the calls and maps of an executor, shared by it and its `with()` views.
 *
 *  Guarantees: shutting down twice is the same as once; a map that nobody looked at does not swallow its failure. */

import { CancelledError, InvalidOptionError, ShutdownError } from "../base/errors.js";
import { SignalWatch } from "../base/signal-watch.js";
import type { ExecutorKind, ExecutorStats, MapHost } from "../futures/mod.js";
import { MapResults, MapRun } from "../futures/mod.js";
import type { AnyTask } from "../wire/mod.js";
import type { MapPlan } from "./plan.js";
import type { Scheduler } from "./scheduler.js";
import { snapshot } from "./snapshot.js";

/** What an executor does with a map that has not ended. */
type OpenMap = Pick<MapRun<unknown>, "unseenFailure" | "stopInput" | "close" | "drains" | "open">;

export class Engine {
  readonly kind: ExecutorKind;
  readonly name: string;
  /** How many calls can run at once, as far as is known and as far as inputs of maps are pulled for them. */
  readonly #capacity: () => number;
  readonly scheduler: Scheduler;
  readonly #describe: (stats: ExecutorStats) => ExecutorStats;
  readonly #maps = new Set<OpenMap>();
  readonly #signals = new SignalWatch<OpenMap>((run, reason) => {
    run.close(new CancelledError("The map was cancelled", { cause: reason }));
  });
  #mapEnded: (() => void) | undefined;
  #shutdown: Promise<void> | undefined;
  #terminate: Promise<void> | undefined;

  /** @param describe what the executor's place knows better. */
  constructor(
    kind: ExecutorKind,
    name: string,
    capacity: () => number,
    scheduler: Scheduler,
    describe: (stats: ExecutorStats) => ExecutorStats = (stats) => stats,
  ) {
    this.#describe = describe;
    this.kind = kind;
    this.name = name;
    this.#capacity = capacity;
    this.scheduler = scheduler;
  }

  map<T, R>(
    task: AnyTask,
    items: Iterable<T> | AsyncIterable<T>,
    plan: MapPlan,
    shape: MapHost<T>["shape"],
    below: (...args: never[]) => unknown,
  ): MapResults<R> {
    const { scheduler } = this;
    const site = scheduler.intake.site(below);
    const most = scheduler.intake.most(plan);
    const here = scheduler.intake.here();
    const host: MapHost<T> = {
      shape,
      argsOf: shape === "list" ? argumentsOf : (item) => [item],
      together: () => (most > 1 ? Math.min(most, plan.chunk > 0 ? plan.chunk : scheduler.intake.batchOf(task)) : 1),
      submit: (args, count, index, sink) => {
        const refusal = sink.drains && scheduler.phase === "draining" ? undefined : scheduler.refusal();
        if (refusal !== undefined) throw refusal;
        here(() => scheduler.intake.submitItems(task, args, count, plan, site, sink, index));
      },
      abandon: (sink, reason) => scheduler.abandon(sink, reason),
      stop: (sink, reason) => scheduler.stop(sink, reason),
      window: () =>
        plan.bufferSize ?? 4 * this.#capacity() * (plan.chunk > 0 ? plan.chunk : scheduler.intake.batchOf(task)),
      lend: () => scheduler.lend(),
      ended: () => {
        this.#maps.delete(run);
        if (plan.signal !== undefined) this.#signals.remove(plan.signal, run);
        this.#mapEnded?.();
      },
    };
    const run = new MapRun(host, items, plan.order);
    this.#maps.add(run);
    if (plan.signal?.aborted === true) {
      const { reason } = plan.signal;
      // In the next microtask: whoever asked for the map must get it before it is closed.
      queueMicrotask(() => run.close(new CancelledError("The map was cancelled", { cause: reason })));
    } else {
      if (plan.signal !== undefined) this.#signals.add(plan.signal, run);
      run.pump();
    }
    return new MapResults<R>(run);
  }

  shutdown(pending: "finish" | "cancel"): Promise<void> {
    this.#shutdown ??= this.#drainAndClose();
    // Also when it was asked to finish them before: whoever comes later is in more of a hurry.
    if (pending === "cancel") {
      this.#stopMaps();
      this.scheduler.cancelPending();
    }
    return this.#shutdown;
  }

  stats(): ExecutorStats {
    return this.#describe(snapshot(this));
  }

  terminate(): Promise<void> {
    this.#terminate ??= this.#stop();
    return this.#terminate;
  }

  async #drainAndClose(): Promise<void> {
    for (;;) {
      await this.scheduler.drain();
      // Nothing can run any more, so that no map gets to its end by itself.
      if (this.scheduler.phase === "broken") this.#stopMaps();
      // A map that is being collected goes on to its end; one that nobody takes from would never get there.
      if ([...this.#maps].some((run) => run.drains && run.open)) {
        await new Promise<void>((resolve) => {
          this.#mapEnded = resolve;
        });
      } else if (this.scheduler.unsettled === 0) break;
    }
    this.#closeMaps();
    await this.scheduler.close();
  }

  async #stop(): Promise<void> {
    this.#stopMaps();
    await this.scheduler.terminate();
    this.#closeMaps();
  }

  /** Takes no more input: neither for a map that is being collected, nor for one whose input never ends. */
  #stopMaps(): void {
    for (const run of [...this.#maps]) run.stopInput(new ShutdownError(`The executor ${this.name} was shut down`));
    this.#mapEnded?.();
  }

  #closeMaps(): void {
    for (const run of [...this.#maps]) {
      const failure = run.unseenFailure;
      // Nobody ever asked for these results. Node reports the rejection as it does for a promise.
      if (failure !== undefined) void Promise.reject(failure.reason);
    }
    this.#maps.clear();
  }
}

/** The arguments that an item of `starmap` stands for. */
function argumentsOf(item: unknown): readonly unknown[] {
  if (typeof item === "object" && item !== null && Symbol.iterator in item) return [...(item as Iterable<unknown>)];
  throw new InvalidOptionError("items", `starmap takes items that are lists of arguments, got ${typeof item}`);
}
