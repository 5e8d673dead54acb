/** The two ways to wait in a line: in the event loop, and parked. */
import { systemClock } from "../base/clock.js";
import { checkDuration } from "../base/options.js";
import { type Waited, type WaitOptions, waitFor } from "../base/wait-options.js";
import type { Line } from "../memory/line.js";

/** Waits in the line until `attempt` succeeds.
 *
 *  Rejects with CancelledError when the signal aborts. Who leaves early leaves no trace. */
export function waitInLine(line: Line, attempt: () => boolean, options: WaitOptions): Promise<Waited> {
  return waitFor((ready) => line.join({ attempt, ready }), options);
}

/** Parks this thread until `attempt` succeeds, before all that wait in the line.
 *  @returns false when the time was over first. */
export function parkInLine(line: Line, attempt: () => boolean, timeout: number): boolean {
  checkDuration("timeout", timeout);
  if (timeout === Number.POSITIVE_INFINITY) return line.waitSync(attempt, () => timeout);
  const until = systemClock.now() + timeout;
  return line.waitSync(attempt, () => until - systemClock.now());
}
