/** `ClusterExecutor`: functions on the agents of many machines. */
import type { ExecutorStats, Future } from "manyhands";
import { InvalidOptionError } from "manyhands";
import { PortExecutor } from "manyhands/engine";
import { attachedTask, checkId } from "./call-ids.js";
import { type ClusterOptions, type ClusterPlan, planCluster } from "./cluster-options.js";
import { ClusterPort, GUESS } from "./cluster-port.js";
import { rememberClusterErrors } from "./errors.js";
import type { AgentInfo } from "./heartbeat.js";
import { JOB_SIZE } from "./job-maker.js";
import type { RedisProblem } from "./preflight.js";
import { withProbe } from "./probe.js";

/** A frozen snapshot of a cluster executor. `workers`, `idle` and `busy` count agents. */
export interface ClusterStats extends ExecutorStats {
  /** Outcomes that came for calls which had one: work that was done twice. */
  readonly duplicates: number;
  /** Jobs that were started again, since the agent that had them was gone. */
  readonly redelivered: number;
}

/** Runs functions on the agents of a cluster, started with `manyhands worker` or as `ClusterAgent`: the contract of the local
 *  executors, over Redis or Valkey.
 *
 *  A call is run at least once, in rare cases twice (see `docs/cluster.md`); one that was lost with its agent is not run
 *  again unless `retryOnWorkerLoss` asks for it, and fails with `WorkerLostError` (`ERR_WORKER_LOST`). Further errors of its own:
 *  `ClusterUnavailableError` (`ERR_CLUSTER_UNAVAILABLE`), `TaskLostError` (`ERR_TASK_LOST`), `VersionMismatchError`
 *  (`ERR_VERSION_MISMATCH`), `NotServedError` (`ERR_NOT_SERVED`), `PayloadTooLargeError` (`ERR_PAYLOAD_TOO_LARGE`).
 *
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option.
 *  @remarks Cancellation: `cancel()` answers by what this client has been told. A call that had begun elsewhere just then is
 *  stopped there, and counts as cancelled all the same. `key` is no affinity here, and `transfer` copies.
 *  @example
 *  ```ts
 *  await using cluster = new ClusterExecutor({ connection: "redis://10.0.0.5:6379" });
 *  for await (const page of cluster.map(render, pages, { retries: 2 })) await save(page);
 *  ``` */
export class ClusterExecutor extends PortExecutor {
  readonly #plan: ClusterPlan;

  constructor(options: ClusterOptions) {
    rememberClusterErrors();
    const plan = planCluster(options);
    const seat: { port: ClusterPort | undefined } = { port: undefined };
    super({
      kind: "cluster",
      name: plan.name,
      ref: plan.ref,
      capacity: () => seat.port?.capacity ?? GUESS,
      crossing: JOB_SIZE,
      describe: (stats) => describe(stats, seat.port),
      open: (events) => {
        seat.port = new ClusterPort(plan, events);
        return seat.port;
      },
    });
    this.#plan = plan;
  }

  /** What is going on, frozen. */
  override stats(): ClusterStats {
    return super.stats() as ClusterStats;
  }

  /** The agents that live, as they said of themselves last.
   *
   *  @throws ClusterUnavailableError (`ERR_CLUSTER_UNAVAILABLE`) when Redis does not answer in time.
   *  @example
   *  ```ts
   *  for (const { name, running, concurrency } of await cluster.workers()) console.log(name, running, "of", concurrency);
   *  ``` */
  workers(): Promise<readonly AgentInfo[]> {
    return withProbe(this.#plan, (probe) => probe.agents());
  }

  /** What in the settings of Redis can lose work. The executor warns of it by itself when it first connects.
   *  @throws ClusterUnavailableError (`ERR_CLUSTER_UNAVAILABLE`) when Redis does not answer in time. */
  preflight(): Promise<readonly RedisProblem[]> {
    return withProbe(this.#plan, (probe) => probe.problems());
  }

  /** The future of a call that was submitted under an id (`withId`), also by an earlier start of this client.
   *
   *  @returns rejects with `TaskLostError` (`ERR_TASK_LOST`) when there is no such call, nor its outcome any more.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) when the executor has no `clientId`.
   *  @example
   *  ```ts
   *  const cluster = new ClusterExecutor({ connection, clientId: "billing" });
   *  const total = await cluster.attach("invoice-2041");
   *  ``` */
  attach(id: string): Future<unknown> {
    checkId(id);
    if (this.#plan.life === "once") {
      throw new InvalidOptionError("clientId", "attach() needs a client that can be started again: give it a clientId");
    }
    return this.submit(attachedTask(PortExecutor.wayInto(this), id) as () => unknown);
  }
}

function describe(stats: ExecutorStats, port: ClusterPort | undefined): ClusterStats {
  const agents = port?.link.agents.names.length ?? 0;
  const busy = port?.busyAgents ?? 0;
  return Object.freeze({
    ...stats,
    workers: agents,
    busy,
    idle: agents - busy,
    booting: 0,
    duplicates: port?.ledger.duplicates ?? 0,
    redelivered: port?.ledger.redelivered ?? 0,
  });
}
