/** `EventLoopExecutor`: functions in this thread, so many at once. */
import { InvalidOptionError } from "../base/errors.js";
import { checkCount, checkDuration, checkNames } from "../base/options.js";
import { InlinePort } from "../worker/mod.js";
import { Engine, LocalExecutor } from "./executor.js";
import { checkLimit } from "./pool-options.js";
import { RateGate } from "./rate-gate.js";
import { Scheduler } from "./scheduler.js";

export interface EventLoopOptions {
  /** Calls that run at the same time. @default Infinity */
  maxConcurrency?: number;
  /** At most `limit` starts in any `per` ms. */
  rate?: { limit: number; per: number };
  /** @default "event-loop" */
  name?: string;
}

/** Runs functions on this event loop, with a limit: for work that waits. Closures are welcome, nothing is cloned.
 *
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option.
 *  @remarks Nothing can stop a function here from outside: one that is cancelled or timed out is asked through
 *  `context().signal`, and after `grace` left behind.
 *  @example
 *  ```ts
 *  await using loop = new EventLoopExecutor({ maxConcurrency: 10 });
 *  for await (const page of loop.map((url: string) => fetch(url), urls)) console.log(page.status);
 *  ``` */
export class EventLoopExecutor extends LocalExecutor {
  constructor(options: EventLoopOptions = {}) {
    checkNames("An event-loop executor", options, ["maxConcurrency", "rate", "name"]);
    const { maxConcurrency = Number.POSITIVE_INFINITY, rate, name = "event-loop" } = options;
    checkLimit("maxConcurrency", maxConcurrency);
    if (rate !== undefined) checkRate(rate);
    const scheduler = new Scheduler({
      kind: "event-loop",
      name,
      maxWorkers: 1,
      minWorkers: 0,
      tasksPerWorker: maxConcurrency,
      idleTimeout: Number.POSITIVE_INFINITY,
      maxTasksPerWorker: Number.POSITIVE_INFINITY,
      maxAge: Number.POSITIVE_INFINITY,
      maxMemory: Number.POSITIVE_INFINITY,
      ref: "ref",
      initializer: undefined,
      gate: rate === undefined ? undefined : new RateGate(rate.limit, rate.per),
      spawn: (workerName, events) => new InlinePort(workerName, events),
    });
    // As many inputs ahead as would be with one worker for each call, but never endlessly many.
    super(new Engine("event-loop", name, Math.min(maxConcurrency, AHEAD), scheduler));
  }
}

const AHEAD = 256;

function checkRate(rate: { limit: number; per: number }): void {
  if (typeof rate !== "object" || rate === null) throw new InvalidOptionError("rate", "rate must be { limit, per }");
  if (rate.limit === undefined) throw new InvalidOptionError("rate.limit", "rate needs a limit");
  checkCount("rate.limit", rate.limit, 1);
  if (rate.per === undefined) throw new InvalidOptionError("rate.per", "rate needs per, in ms");
  checkDuration("rate.per", rate.per);
}
