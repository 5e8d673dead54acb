/** `ProcessPoolExecutor`: functions in child processes. */
import { checkType } from "../base/options.js";
import { startProcess } from "../worker/mod.js";
import { EngineSeat, firstWorker, startAhead } from "./engine-seat.js";
import { LocalExecutor } from "./executor.js";
import { machinery } from "./machinery.js";
import { type PoolOptions, planCrew } from "./pool-options.js";

/** What a pool of processes can be asked for beside {@link PoolOptions}. */
export interface ProcessPoolOptions extends PoolOptions {
  /** The environment of the processes. @default this program's */
  env?: NodeJS.ProcessEnv;
  /** Their working directory. @default this program's */
  cwd?: string;
  /** Their Node flags. @default this program's, without those that concern only a main program */
  execArgv?: readonly string[];
  /** The user they run as (POSIX, needs the right to change it). */
  uid?: number;
  /** The group they run as (POSIX, needs the right to change it). */
  gid?: number;
}

/** Runs functions in child processes: a crash of native code, a leak or a `process.exit` harms one worker only, and
 *  whatever runs can be stopped.
 *
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option; InvalidStateError (`ERR_INVALID_STATE`) when it
 *  is made while a worker is loading its module.
 *  @example
 *  ```ts
 *  await using pool = new ProcessPoolExecutor({ maxTasksPerWorker: 100 });
 *  console.log(await pool.submit(isPrime, 112272535095293));
 *  ``` */
export class ProcessPoolExecutor extends LocalExecutor {
  constructor(options: ProcessPoolOptions = {}) {
    const plan = planCrew(options, "processes", ["env", "cwd", "execArgv", "uid", "gid"]);
    checkType("env", options.env, "object");
    checkType("cwd", options.cwd, "string");
    checkType("execArgv", options.execArgv, "object");
    const { tasksPerWorker } = plan;
    const memory = plan.maxMemory === Number.POSITIVE_INFINITY ? "ignore" : "report";
    const { env, cwd, execArgv, uid, gid, resourceLimits } = options;
    const settings = { tasksPerWorker, memory, env, cwd, execArgv, uid, gid, resourceLimits } as const;
    super(
      new EngineSeat("process", plan.minWorkers, (need) => {
        const first = startAhead(need, () => startProcess({ name: firstWorker(plan.name), ...settings }));
        return machinery().openProcesses(plan, settings, first);
      }),
    );
  }
}
