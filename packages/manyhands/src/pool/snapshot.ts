/** The frozen picture that `stats()` gives. */
import type { ExecutorStats } from "../futures/mod.js";
import type { Engine } from "./engine.js";

export function snapshot({ kind, name, scheduler }: Engine): ExecutorStats {
  const { crew, statistics } = scheduler;
  let idle = 0;
  let busy = 0;
  for (const member of crew.members) {
    if (member.state === "booting") continue;
    if (member.held > 0) busy += 1;
    else if (member.serves) idle += 1;
  }
  const { completed, failed, cancelled, retried, lost, largeCopies } = statistics;
  return Object.freeze({
    kind,
    name,
    workers: idle + busy,
    idle,
    busy,
    booting: crew.booting,
    ...scheduler.counts(),
    completed,
    failed,
    cancelled,
    retried,
    lost,
    largeCopies,
    wait: statistics.wait.snapshot(),
    run: statistics.run.snapshot(),
  });
}
