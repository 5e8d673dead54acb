import { fileURLToPath } from "node:url";
import type { SubjectEntry } from "../subject.js";

const threadWorker = fileURLToPath(new URL("./poolifier-thread-worker.js", import.meta.url));
const clusterWorker = fileURLToPath(new URL("./poolifier-cluster-worker.cjs", import.meta.url));

export const entries: readonly SubjectEntry[] = [
  {
    name: "poolifier",
    kind: "threads",
    package: "poolifier",
    open: async (workers) => {
      const { FixedThreadPool } = await import("poolifier");
      const pool = new FixedThreadPool<number, number>(workers, threadWorker);
      return { call: (n) => pool.execute(n), close: () => pool.destroy() };
    },
  },
  {
    name: "poolifier",
    kind: "processes",
    package: "poolifier",
    open: async (workers) => {
      const { FixedClusterPool } = await import("poolifier");
      const pool = new FixedClusterPool<number, number>(workers, clusterWorker);
      return { call: (n) => pool.execute(n), close: () => pool.destroy() };
    },
  },
];
