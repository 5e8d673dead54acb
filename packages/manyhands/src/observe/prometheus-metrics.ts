/** The metrics of `prometheus()`. Loaded when prom-client is known to be there. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { TaskMessage, WatchedExecutor, WorkerMessage } from "../pool/watch-messages.js";
import { Activity } from "./activity.js";
import { subscribe } from "./subscribe.js";

const EXECUTOR = ["executor", "kind"] as const;
const TASK = [...EXECUTOR, "task"] as const;

/** @param buckets in seconds. */
export function addMetrics(registry: Registry, prefix: string, buckets: readonly number[]): Disposable {
  const metrics = new Metrics(registry, prefix, buckets);
  const listening = subscribe({
    task: (message) => metrics.heardOfTask(message),
    worker: (message) => metrics.heardOfWorker(message),
  });
  return {
    [Symbol.dispose]: () => {
      listening[Symbol.dispose]();
      for (const name of metrics.names) registry.removeSingleMetric(name);
    },
  };
}

class Metrics {
  readonly names: string[] = [];
  readonly #activity = new Activity();
  readonly #ended: Counter;
  readonly #retries: Counter;
  readonly #wait: Histogram;
  readonly #run: Histogram;
  readonly #crashes: Counter;

  constructor(registry: Registry, prefix: string, buckets: readonly number[]) {
    const what = <L extends string>(name: string, help: string, labelNames: readonly L[]) => {
      this.names.push(`${prefix}${name}`);
      return { name: `${prefix}${name}`, help, labelNames: [...labelNames], registers: [registry] };
    };
    const timed = (name: string, help: string) => ({ ...what(name, help, TASK), buckets: [...buckets] });
    this.#ended = new Counter(what("tasks_total", "Calls that have ended, by how", [...TASK, "status"]));
    this.#retries = new Counter(what("task_retries_total", "Attempts after which another followed", TASK));
    this.#wait = new Histogram(timed("task_wait_seconds", "From the submit to the start of each attempt"));
    this.#run = new Histogram(timed("task_run_seconds", "Running time of each attempt"));
    this.#crashes = new Counter(what("worker_crashes_total", "Workers that ended unasked", EXECUTOR));
    const activity = this.#activity;
    new Gauge({
      ...what("tasks_waiting", "Calls that wait for a worker", EXECUTOR),
      collect() {
        this.reset();
        for (const { executor, waiting } of activity.executors) this.inc(labelsOf(executor), waiting);
      },
    });
    new Gauge({
      ...what("workers", "Workers, by what they do", [...EXECUTOR, "state"]),
      collect() {
        this.reset();
        for (const { executor, booting, idle, busy } of activity.executors) {
          for (const [state, count] of Object.entries({ booting, idle, busy })) {
            this.inc({ ...labelsOf(executor), state }, count);
          }
        }
      },
    });
  }

  heardOfTask(message: TaskMessage): void {
    this.#activity.heardOfTask(message);
    const labels = { ...labelsOf(message.executor), task: message.task };
    switch (message.type) {
      case "started":
        // By two clocks, if the task ran in another process.
        this.#wait.observe(labels, Math.max(0, message.at - message.submittedAt) / 1000);
        break;
      case "retrying":
        this.#retries.inc(labels);
        if (message.run !== undefined) this.#run.observe(labels, message.run.duration / 1000);
        break;
      case "ended":
        this.#ended.inc({ ...labels, status: message.outcome });
        if (message.run !== undefined) this.#run.observe(labels, message.run.duration / 1000);
        break;
      case "submitted":
      case "handed":
      case "returned":
        break;
    }
  }

  heardOfWorker(message: WorkerMessage): void {
    this.#activity.heardOfWorker(message);
    if (message.type === "crashed") this.#crashes.inc(labelsOf(message.worker.executor));
  }
}

function labelsOf({ name, kind }: WatchedExecutor): { readonly executor: string; readonly kind: string } {
  return { executor: name, kind };
}
