import { availableParallelism } from "node:os";
import type { SubjectEntry } from "../subject.js";
import { taskUrl } from "../tasks/all.js";

const entry = (name: string, options: { concurrentTasksPerWorker?: number }): SubjectEntry => ({
  name,
  kind: "threads",
  package: "piscina",
  open: async (workers, task) => {
    const { Piscina } = await import("piscina");
    const pool = new Piscina({ filename: taskUrl(task).href, minThreads: workers, maxThreads: workers, ...options });
    return { call: (value) => pool.run(value), close: () => pool.close() };
  },
});

export const entries: readonly SubjectEntry[] = [
  entry("piscina", {}),
  // One task at a time leaves a worker waiting between any two. This is the setting its users raise for small tasks.
  entry("piscina tuned", { concurrentTasksPerWorker: 1000 * availableParallelism() }),
];
