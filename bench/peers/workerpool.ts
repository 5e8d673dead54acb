import { fileURLToPath } from "node:url";
import type { Kind, SubjectEntry } from "../subject.js";

const script = fileURLToPath(new URL("./workerpool-worker.js", import.meta.url));

const entry = (kind: Kind, workerType: "thread" | "process"): SubjectEntry => ({
  name: "workerpool",
  kind,
  package: "workerpool",
  open: async (workers, task) => {
    const { pool: open } = await import("workerpool");
    const pool = open(script, { workerType, minWorkers: workers, maxWorkers: workers });
    return {
      call: (value) => pool.exec(task, [value]) as unknown as PromiseLike<unknown>,
      close: async () => await pool.terminate(),
    };
  },
});

export const entries: readonly SubjectEntry[] = [entry("threads", "thread"), entry("processes", "process")];
