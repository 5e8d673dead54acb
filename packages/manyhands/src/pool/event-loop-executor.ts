/** `EventLoopExecutor`: functions in this thread, so many at once. */
import { InvalidOptionError } from "../base/errors.js";
import { checkCount, checkDuration, checkNames } from "../base/options.js";
import { EngineSeat } from "./engine-seat.js";
import { LocalExecutor } from "./executor.js";
import { machinery } from "./machinery.js";
import { checkLimit } from "./pool-options.js";

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
    const plan = { name, maxConcurrency, rate: rate && { limit: rate.limit, per: rate.per } };
    super(new EngineSeat("event-loop", 0, () => machinery().openEventLoop(plan)));
  }
}

function checkRate(rate: { limit: number; per: number }): void {
  if (typeof rate !== "object" || rate === null) throw new InvalidOptionError("rate", "rate must be { limit, per }");
  if (rate.limit === undefined) throw new InvalidOptionError("rate.limit", "rate needs a limit");
  checkCount("rate.limit", rate.limit, 1);
  if (rate.per === undefined) throw new InvalidOptionError("rate.per", "rate needs per, in ms");
  checkDuration("rate.per", rate.per);
}
