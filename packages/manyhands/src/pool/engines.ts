/** Puts the engines of the three executors together. What is imported here is loaded late: see `machinery.ts`. */
import {
  InlinePort,
  ProcessPort,
  type ProcessSettings,
  type StartedProcess,
  type StartedThread,
  ThreadPort,
  type ThreadSettings,
} from "../worker/mod.js";
import type { CrewSettings } from "./crew.js";
import { Engine } from "./engine.js";
import type { PortPlan } from "./port-executor.js";
import { RateGate } from "./rate-gate.js";
import { Scheduler } from "./scheduler.js";

export { aliasOf, classReference, taskOf } from "../wire/mod.js";
export { planInitializer } from "./initializer.js";

/** A crew's settings, but for how a worker is started. */
export type CrewPlan = Omit<CrewSettings, "spawn">;

/** @param first a thread that is booting already, for the first worker. */
export function openThreads(
  plan: CrewPlan,
  settings: Omit<ThreadSettings, "name">,
  first: StartedThread | undefined,
): Engine {
  let started = first;
  const scheduler = new Scheduler({
    ...plan,
    kind: "thread",
    gate: undefined,
    spawn: (name, events) => {
      const thread = started;
      started = undefined;
      return new ThreadPort({ name, ...settings }, events, thread);
    },
  });
  return opened("thread", plan.name, scheduler, first);
}

/** @param first a process that is booting already, for the first worker. */
export function openProcesses(
  plan: CrewPlan,
  settings: Omit<ProcessSettings, "name">,
  first: StartedProcess | undefined,
): Engine {
  let started = first;
  const scheduler = new Scheduler({
    ...plan,
    kind: "process",
    gate: undefined,
    spawn: (name, events) => {
      const child = started;
      started = undefined;
      return new ProcessPort({ name, ...settings }, events, child);
    },
  });
  return opened("process", plan.name, scheduler, first);
}

function opened(
  kind: "thread" | "process",
  name: string,
  scheduler: Scheduler,
  first: StartedThread | StartedProcess | undefined,
): Engine {
  // What has been started belongs to somebody from the start, whatever becomes of the call it was started for. Where
  // `minWorkers` are kept, the crew has taken it in already.
  if (first !== undefined && scheduler.crew.members.size === 0) scheduler.crew.spawn();
  return new Engine(kind, name, () => scheduler.size, scheduler);
}

/** On the event loop, where any number of calls may run at once, maps pull as many inputs as for so many. */
const AHEAD = 256;

export interface EventLoopPlan {
  readonly name: string;
  readonly maxConcurrency: number;
  readonly rate: { readonly limit: number; readonly per: number } | undefined;
}

export function openEventLoop({ name, maxConcurrency, rate }: EventLoopPlan): Engine {
  const scheduler = new Scheduler({
    kind: "event-loop",
    name,
    maxWorkers: 1,
    minWorkers: 0,
    tasksPerWorker: maxConcurrency,
    idleTimeout: Number.POSITIVE_INFINITY,
    maxTasksPerWorker: Number.POSITIVE_INFINITY,
    maxAge: Number.POSITIVE_INFINITY,
    maxMemory: Number.POSITIVE_INFINITY,
    ref: "ref",
    initializer: undefined,
    gate: rate === undefined ? undefined : new RateGate(rate.limit, rate.per),
    spawn: (workerName, events) => new InlinePort(workerName, events),
  });
  // As many inputs ahead as would be with one worker for each call, but never endlessly many.
  return new Engine("event-loop", name, () => Math.min(scheduler.size, AHEAD), scheduler);
}

/** An engine whose calls all go to one port, which stands for workers that it does not start. */
export function openPort({ kind, name, ref, capacity, crossing, describe, open }: PortPlan): Engine {
  const scheduler = new Scheduler({
    kind,
    name,
    maxWorkers: 1,
    minWorkers: 0,
    tasksPerWorker: Number.POSITIVE_INFINITY,
    idleTimeout: Number.POSITIVE_INFINITY,
    maxTasksPerWorker: Number.POSITIVE_INFINITY,
    maxAge: Number.POSITIVE_INFINITY,
    maxMemory: Number.POSITIVE_INFINITY,
    ref,
    initializer: undefined,
    gate: undefined,
    crossing,
    elsewhere: capacity,
    spawn: (_name, events) => open(events),
  });
  return new Engine(kind, name, capacity, scheduler, describe);
}
