import { fileURLToPath } from "node:url";
import type { Subject, SubjectEntry } from "../subject.js";
import type { TaskName } from "../tasks/all.js";

const threadWorker = fileURLToPath(new URL("./poolifier-thread-worker.js", import.meta.url));
const clusterWorker = fileURLToPath(new URL("./poolifier-cluster-worker.cjs", import.meta.url));

type Pool = Pick<import("poolifier").IPool<never, unknown, unknown>, "execute" | "mapExecute" | "destroy">;

const subject = (pool: Pool, task: TaskName): Subject => ({
  call: (value) => pool.execute(value, task),
  map: (items) => pool.mapExecute(items, task),
  close: () => pool.destroy(),
});

export const entries: readonly SubjectEntry[] = [
  {
    name: "poolifier",
    kind: "threads",
    package: "poolifier",
    open: async (workers, task) => {
      const { FixedThreadPool } = await import("poolifier");
      return subject(new FixedThreadPool<unknown, unknown>(workers, threadWorker), task);
    },
  },
  {
    name: "poolifier",
    kind: "processes",
    package: "poolifier",
    tasks: ["square", "isPrime", "echo"],
    open: async (workers, task) => {
      const { FixedClusterPool } = await import("poolifier");
      return subject(new FixedClusterPool<unknown, unknown>(workers, clusterWorker), task);
    },
  },
];
