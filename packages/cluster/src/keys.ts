/** The names of everything that stands in Redis. BullMQ's own keys of the queue begin the same way. */

/** The field of BullMQ's hash of a job that counts how often it was started. */
export const STARTS = "ats";

export class Keys {
  readonly prefix: string;
  readonly queue: string;
  readonly #own: string;

  constructor(prefix: string, queue: string) {
    this.prefix = prefix;
    this.queue = queue;
    this.#own = `${prefix}:${queue}:manyhands`;
  }

  /** Stream of what agents have to tell a client. */
  results(client: string): string {
    return `${this.#own}:results:${client}`;
  }

  /** Is there as long as the client is. */
  client(client: string): string {
    return `${this.#own}:client:${client}`;
  }

  /** Sorted set of the agents' names, by when each must have been heard of again (ms by the clock of Redis). */
  get agents(): string {
    return `${this.#own}:agents`;
  }

  /** What the agent said of itself last. */
  agent(name: string): string {
    return `${this.#own}:agent:${name}`;
  }

  /** Is there when the job was cancelled. */
  cancelled(job: string): string {
    return `${this.#own}:cancelled:${job}`;
  }

  /** Channel on which cancellations are published. */
  get cancels(): string {
    return `${this.#own}:cancels`;
  }

  /** BullMQ's hash of the job. */
  job(id: string): string {
    return `${this.prefix}:${this.queue}:${id}`;
  }

  /** As long as it is there, BullMQ looks for no jobs whose lock has ended. */
  get stalledCheck(): string {
    return `${this.prefix}:${this.queue}:stalled-check`;
  }

  /** BullMQ's lock of a job that is being run. */
  lock(id: string): string {
    return `${this.job(id)}:lock`;
  }
}
