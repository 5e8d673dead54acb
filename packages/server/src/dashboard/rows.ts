/** Rows of the picture, from what the library tells. Pure, but that workers are asked how they are. */
import type {
  AggregateSnapshot,
  FailureGroup as Failures,
  FunctionSummary,
  Quantiles as LibraryQuantiles,
  SlowCall as Slow,
  WatchedExecutor,
  WorkerVitals,
} from "manyhands/observe";
import type { OpenCalls } from "./open-calls.js";
import { type Place, type Places, rounded, sinceOrigin } from "./places.js";
import type {
  Control,
  ExecutorRow,
  FailureGroup,
  FunctionRow,
  Quantiles,
  RunningCall,
  SlowCall,
  WorkerRow,
} from "./protocol.js";

/** The functions' numbers: their places in the summaries of an aggregate, which only ever grow at the end. */
export class FunctionIds {
  readonly #ids = new Map<string, number>();

  learn(summaries: readonly FunctionSummary[]): readonly FunctionSummary[] {
    for (let id = this.#ids.size; id < summaries.length; id += 1) {
      const { executor, task } = summaries[id] as FunctionSummary;
      this.#ids.set(`${executor.id} ${task}`, id);
    }
    return summaries;
  }

  /** Those that are too many to be told apart have one number together. */
  of(executor: number, task: string): number {
    return this.#ids.get(`${executor} ${task}`) ?? this.#ids.get(`${executor} (others)`) ?? 0;
  }
}

export function executorRow(executor: WatchedExecutor, waiting: number, atWorkers: number): ExecutorRow {
  const { id, kind, name } = executor;
  return { id, kind, name, waiting, atWorkers, control: controlOf(executor) };
}

function controlOf(executor: WatchedExecutor): Control | null {
  const adjustable = executor.adjustable?.();
  if (adjustable === undefined) return null;
  const { flow, size } = adjustable;
  return { flow, unit: executor.kind === "event-loop" ? "calls" : "workers", size: finite(size) };
}

const finite = (count: number): number | null => (Number.isFinite(count) ? count : null);

/** Calls are looked up in their workers, as many as are kept; of each worker as many as it runs at once, for those behind wait. */
export function runningCalls(
  { executors }: AggregateSnapshot,
  places: Places,
  open: OpenCalls,
  functions: FunctionIds,
  origin: number,
  most: number,
): readonly RunningCall[] {
  const running: RunningCall[] = [];
  for (const { worker } of executors.flatMap(({ workers }) => workers)) {
    let left = Math.max(1, worker.slots);
    for (const { id, attempt, startedAt } of worker.held?.() ?? []) {
      const call = open.get(id);
      if (left === 0 || running.length >= most) break;
      if (call === undefined) continue;
      left -= 1;
      running.push({
        call: id,
        row: places.of(worker).row,
        fn: functions.of(call.executor, call.task),
        attempt,
        submittedAt: sinceOrigin(call.submittedAt, origin),
        handedAt: sinceOrigin(call.handedAt ?? call.submittedAt, origin),
        startedAt: startedAt === undefined ? null : sinceOrigin(startedAt, origin),
      });
    }
  }
  return running;
}

const UNASKED: WorkerVitals = { memory: undefined, loopDelay: undefined };

export function workerRow(place: Place, held: number, current: RunningCall | undefined, at: number): WorkerRow {
  const { worker, state, row, executor, lanes, runs, restarts, lastCrash } = place;
  const { memory, loopDelay } = place.empty ? UNASKED : (worker.examine?.() ?? UNASKED);
  return {
    row,
    executor,
    name: worker.name,
    id: worker.id ?? null,
    state: stateOf(state, held),
    slots: finite(worker.slots),
    lanes,
    held,
    utilisation: rounded(place.utilisation(at)),
    loopDelay: loopDelay === undefined ? null : rounded(loopDelay),
    heap: memory ?? null,
    current: current === undefined ? null : { call: current.call, fn: current.fn, startedAt: current.startedAt },
    runs,
    restarts,
    lastCrash,
  };
}

function stateOf(state: Place["state"], held: number): WorkerRow["state"] {
  if (typeof state === "object") return "gone";
  if (held > 0) return "busy";
  return state === "booting" ? "booting" : "idle";
}

export function functionRow(id: number, summary: FunctionSummary): FunctionRow {
  const { task, executor, submitted, succeeded, failed, cancelled, retried, perSecond, wait, run } = summary;
  return {
    id,
    name: task,
    executor: executor.id,
    submitted,
    succeeded,
    failed,
    cancelled,
    retried,
    perSecond: Math.round(perSecond * 100) / 100,
    wait: quantiles(wait),
    run: quantiles(run),
  };
}

function quantiles({ count, mean, p50, p95, p99, max }: LibraryQuantiles): Quantiles {
  return { count, mean: rounded(mean), p50: rounded(p50), p95: rounded(p95), p99: rounded(p99), max: rounded(max) };
}

export function slowCall(call: Slow, functions: FunctionIds, origin: number): SlowCall {
  const { id, task, executor, attempt, worker, startedAt, duration } = call;
  const fn = functions.of(executor.id, task);
  return { call: id, fn, attempt, worker, startedAt: sinceOrigin(startedAt, origin), duration: rounded(duration) };
}

export function failureGroup(group: Failures, functions: FunctionIds, origin: number): FailureGroup {
  const { id, task, executor, name, code, message, stack, count, retried, firstAt, lastAt, calls } = group;
  return {
    id,
    fn: functions.of(executor.id, task),
    name,
    code: code ?? null,
    message,
    stack: stack ?? null,
    count,
    retried,
    firstAt: sinceOrigin(firstAt, origin),
    lastAt: sinceOrigin(lastAt, origin),
    calls,
  };
}
