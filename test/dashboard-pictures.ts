/** Pictures for tests of the dashboard's page: small, and all they say is told by the test. */
import type { Bar, FunctionRow, Picture, RunningCall, WorkerRow } from "../packages/server/src/dashboard/protocol.js";

export function barOf(call: number, more: Partial<Bar> = {}): Bar {
  return {
    call,
    row: 0,
    lane: 0,
    fn: 0,
    attempt: 1,
    submittedAt: 0,
    startedAt: 0,
    duration: 10,
    outcome: "succeeded",
    ...more,
  };
}

export function runningOf(call: number, more: Partial<RunningCall> = {}): RunningCall {
  return { call, row: 0, fn: 0, attempt: 1, submittedAt: 0, handedAt: 0, startedAt: 0, ...more };
}

export function workerOf(row: number, more: Partial<WorkerRow> = {}): WorkerRow {
  return {
    row,
    executor: 1,
    name: `threads-${row + 1}`,
    id: row + 1,
    state: "idle",
    slots: 1,
    lanes: 1,
    held: 0,
    utilisation: 0.5,
    loopDelay: 1,
    heap: 20_000_000,
    current: null,
    runs: 0,
    restarts: 0,
    lastCrash: null,
    ...more,
  };
}

const NOTHING = { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 };

export function functionOf(id: number, name: string, more: Partial<FunctionRow> = {}): FunctionRow {
  const counts = { submitted: 0, succeeded: 0, failed: 0, cancelled: 0, retried: 0, perSecond: 0 };
  return { id, name, executor: 1, ...counts, wait: NOTHING, run: NOTHING, ...more };
}

export function pictureOf(more: Partial<Picture> = {}): Picture {
  return {
    hub: "one",
    subject: { kind: "server", title: "tasks.js", functions: ["work"] },
    origin: Date.UTC(2030, 0, 1),
    tick: 150,
    window: 60_000,
    keeps: { bars: 4000, samples: 600, running: 64, waiting: 64 },
    at: 1000,
    progress: null,
    totals: { submitted: 0, succeeded: 0, failed: 0, cancelled: 0, retried: 0, crashes: 0 },
    executors: [
      {
        id: 1,
        kind: "thread",
        name: "threads",
        waiting: 0,
        atWorkers: 0,
        control: { flow: "flowing", unit: "workers", size: 2 },
      },
    ],
    workers: [workerOf(0), workerOf(1)],
    functions: [functionOf(0, "work")],
    running: [],
    waiting: [],
    bars: [],
    barsLeftOut: 0,
    samples: [],
    slow: [],
    failures: [],
    ...more,
  };
}
