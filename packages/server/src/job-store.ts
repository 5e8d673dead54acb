/** The jobs that can be asked about.
 *
 *  Guarantees: a job that has not ended is always there; of those that have, the latest are kept, and none longer than its
 *  lifetime, so that memory is bounded whatever clients do. Ids are random: who does not know one cannot guess it. */
import type { Call } from "./calls.js";
import { Job } from "./job.js";
import type { Limits } from "./limits.js";
import type { Audience } from "./problem.js";
import { RefusedError } from "./problem.js";

export class JobStore {
  readonly #limits: Limits;
  readonly #audience: Audience;
  /** In the order of their beginning. */
  readonly #jobs = new Map<string, Job>();

  constructor(limits: Limits, audience: Audience) {
    this.#limits = limits;
    this.#audience = audience;
  }

  /** The jobs there are, oldest first. */
  list(): readonly Job[] {
    this.#forget();
    return [...this.#jobs.values()];
  }

  /** Makes a job of a call. */
  add(call: Call): Job {
    const { maxEvents } = this.#limits;
    const job = new Job(call, { maxEvents, audience: this.#audience });
    this.#jobs.set(job.id, job);
    this.#forget();
    return job;
  }

  /** @throws RefusedError (`ERR_NO_JOB`). */
  find(id: string): Job {
    this.#forget();
    const job = this.#jobs.get(id);
    if (job === undefined)
      throw new RefusedError("ERR_NO_JOB", "There is no such job, or its outcome is not kept any more");
    return job;
  }

  /** Looked at with each use: a timer would keep no promise better, and have to be stopped. */
  #forget(): void {
    const { maxJobs, jobLifetime } = this.#limits;
    const oldest = Date.now() - jobLifetime;
    let tooMany = this.#jobs.size - maxJobs;
    for (const [id, { endedAt }] of this.#jobs) {
      if (endedAt === undefined || (endedAt >= oldest && tooMany <= 0)) continue;
      this.#jobs.delete(id);
      tooMany -= 1;
    }
  }
}
