/** An executor over a port of one's own: for packages that bring another place to run functions, such as a cluster.
 *
 *  Guarantees: all of the contract that does not depend on the place is that of the local executors: options, priorities
 *  among what waits here, retries, maps, cancelling, statistics, what is told to listeners. The port is opened with the first use. */
import type { ExecutorKind, ExecutorStats, Future, ItemSink } from "../futures/mod.js";
import type { AnyTask, TravellingFunction } from "../wire/mod.js";
import type { PortEvents, WorkerPort } from "../worker/mod.js";
import type { Call } from "./call.js";
import { EngineSeat } from "./engine-seat.js";
import { LocalExecutor, type SentOptions } from "./executor.js";
import type { CrossingSize } from "./intake.js";
import { machinery } from "./machinery.js";

/** What an executor over a port is made of. */
export interface PortPlan {
  readonly kind: ExecutorKind;
  readonly name: string;
  /** Whether calls keep the program alive. */
  readonly ref: "ref" | "unref";
  /** How many calls can run at once, as far as is known: maps pull their input by it. */
  capacity(): number;
  /** How much of a map is worth a crossing. */
  readonly crossing: CrossingSize;
  /** What its statistics are, given what is known on this side of the port. */
  describe(stats: ExecutorStats): ExecutorStats;
  /** Opens the port, which may be called again when one has exited. */
  open(events: PortEvents<Call>): WorkerPort<Call>;
}

/** Runs functions behind a port. */
export class PortExecutor extends LocalExecutor {
  constructor(plan: PortPlan) {
    super(new EngineSeat(plan.kind, 0, () => machinery().openPort(plan)));
  }

  /** Another name for a task, which is run like it: for what has to be told from other calls of the same task. */
  static aliasOf(task: AnyTask): AnyTask {
    return machinery().aliasOf(task);
  }

  /** Gives functions that were sent from elsewhere to a local executor, past looking them up.
   *  @returns the way in. */
  static wayInto(executor: LocalExecutor): WayIn {
    return {
      // By the engines' own list of tasks: what stands in front of them has another.
      task: (target, name) => machinery().taskOf(target, name),
      call: (task, args, options) => executor.submitSent(task, args, options),
      items: (task, args, count, options, sink) => executor.submitItems(task, args, count, options, sink),
    };
  }
}

/** How calls that were sent from elsewhere get into a local executor. */
export interface WayIn {
  /** The task that runs `target`: one for all its calls, for what is learnt of a function hangs on it. */
  task(target: TravellingFunction, name: string): AnyTask;
  call(task: AnyTask, args: readonly unknown[], options: SentOptions): Future<unknown>;
  /** Runs `count` calls whose arguments stand in `args` one after another, and tells `sink` of each.
   *  @returns what stops all that have not ended. */
  items(
    task: AnyTask,
    args: readonly unknown[],
    count: number,
    options: SentOptions,
    sink: ItemSink,
  ): (reason: unknown) => void;
}
