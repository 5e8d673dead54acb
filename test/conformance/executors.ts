/** The three local executors and what they are made of: the only file of the suite that names them. */
import { EventLoopExecutor, ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import { CLUSTER_OF_PROGRAMS } from "./cluster.js";
import type { Make, Traits } from "./conformance.js";

/** The kinds that run on this machine alone. */
export type LocalKind = "event-loop" | "thread" | "process";

export interface Candidate {
  readonly name: string;
  readonly make: Make;
  readonly traits: Traits;
}

export const CANDIDATES: Readonly<Record<LocalKind, Candidate>> = {
  "event-loop": {
    name: "EventLoopExecutor",
    make: ({ maxWorkers }) => new EventLoopExecutor(maxWorkers === undefined ? {} : { maxConcurrency: maxWorkers }),
    traits: {
      kind: "event-loop",
      workers: false,
      copies: false,
      inPlace: true,
      ownProcess: false,
      sharesMemory: true,
      local: true,
    },
  },
  thread: {
    name: "ThreadPoolExecutor",
    make: (options) => new ThreadPoolExecutor(options),
    traits: {
      kind: "thread",
      workers: true,
      copies: true,
      inPlace: false,
      ownProcess: false,
      sharesMemory: true,
      local: true,
    },
  },
  process: {
    name: "ProcessPoolExecutor",
    make: (options) => new ProcessPoolExecutor(options),
    traits: {
      kind: "process",
      workers: true,
      copies: true,
      inPlace: false,
      ownProcess: true,
      sharesMemory: false,
      local: true,
    },
  },
};

/** The candidate called `kind`, as a program is told on its command line. */
export function candidate(kind: string | undefined): Candidate {
  if (kind === "cluster") return CLUSTER_OF_PROGRAMS;
  const found = Object.entries(CANDIDATES).find(([key]) => key === kind);
  if (found === undefined) throw new RangeError(`no executor is called ${kind}`);
  return found[1];
}
