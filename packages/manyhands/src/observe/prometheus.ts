/** Metrics of all executors of this thread for Prometheus. */
import { checkNames, checkType } from "../base/options.js";
import { needPackage } from "./optional-package.js";

/** A `Registry` of prom-client. */
export interface MetricsRegistry {
  registerMetric(metric: never): void;
  metrics(): Promise<string>;
}

export interface MetricsOptions {
  /** What the names of all metrics begin with. @default "manyhands_" */
  prefix?: string;
  /** Upper bounds of the histograms, in seconds. @default from 0.1 ms to 100 s, three for each power of ten */
  buckets?: readonly number[];
}

/** Adds metrics of all executors of this thread to a registry of prom-client, by what is told from now on.
 *
 *  | metric | labels |
 *  |---|---|
 *  | `tasks_total` | executor, kind, task, status: succeeded, failed, cancelled |
 *  | `task_retries_total` | executor, kind, task |
 *  | `task_wait_seconds`, histogram: from the submit to the start of each attempt | executor, kind, task |
 *  | `task_run_seconds`, histogram: each attempt | executor, kind, task |
 *  | `tasks_waiting` | executor, kind |
 *  | `workers` | executor, kind, state: booting, idle, busy |
 *  | `worker_crashes_total` | executor, kind |
 *
 *  Executors of one name and kind are counted together. `task` is the name of the function, or `module#export`.
 *
 *  @param registry your own, or prom-client's `register`.
 *  @returns ends the counting when disposed of, and takes the metrics out of the registry. Rejects with `MissingPackageError`
 *  (`ERR_MISSING_PACKAGE`) when prom-client is not installed, with `InvalidOptionError` (`ERR_INVALID_OPTION`) for wrong
 *  options, and with prom-client's own error when the registry has metrics of these names.
 *  @example
 *  ```ts
 *  const registry = new Registry();
 *  using _ = await prometheus(registry);
 *  createServer(async (_, answer) => answer.end(await registry.metrics())).listen(9464);
 *  ``` */
export async function prometheus(registry: MetricsRegistry, options: MetricsOptions = {}): Promise<Disposable> {
  checkNames("prometheus()", options, ["prefix", "buckets"]);
  checkType("prefix", options.prefix, "string");
  await needPackage(() => import("prom-client"), "prom-client", "prometheus()");
  const { addMetrics } = await import("./prometheus-metrics.js");
  return addMetrics(registry as never, options.prefix ?? "manyhands_", options.buckets ?? BUCKETS);
}

const BUCKETS: readonly number[] = [-4, -3, -2, -1, 0, 1].flatMap((power) =>
  [1, 2.5, 5].map((step) => Number(`${step}e${power}`)),
);
