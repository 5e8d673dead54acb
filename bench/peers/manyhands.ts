import type { Executor } from "manyhands";
import type { Kind, SubjectEntry } from "../subject.js";
import { EVENT_LOOP_CONCURRENCY } from "../subject.js";
import { loadTask } from "../tasks/all.js";

/** An executor of this kind, otherwise with its defaults. */
export async function openExecutor(kind: Kind, maxWorkers: number): Promise<Executor> {
  const { EventLoopExecutor, ProcessPoolExecutor, ThreadPoolExecutor } = await import("manyhands");
  if (kind === "threads") return new ThreadPoolExecutor({ maxWorkers });
  if (kind === "processes") return new ProcessPoolExecutor({ maxWorkers });
  return new EventLoopExecutor({ maxConcurrency: EVENT_LOOP_CONCURRENCY });
}

const entry = (kind: Kind): SubjectEntry => ({
  name: "manyhands",
  kind,
  open: async (workers, name) => {
    const task = await loadTask(name);
    const executor = await openExecutor(kind, workers);
    return {
      call: (value) => executor.submit(task, value),
      map: (items) => executor.map(task, items),
      stream: (items) => executor.map(task, items),
      close: () => executor.shutdown(),
    };
  },
});

export const entries: readonly SubjectEntry[] = [entry("threads"), entry("processes"), entry("event-loop")];
