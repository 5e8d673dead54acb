/** The calls that have not ended: which wait, and what is known of those that workers have.
 *
 *  Guarantees: one entry for each call that has not ended. */
import type { TaskMessage } from "manyhands/observe";

/** Times in epoch ms. */
export interface OpenCall {
  readonly id: number;
  readonly task: string;
  readonly executor: number;
  readonly submittedAt: number;
  /** Absent while it waits. */
  handedAt: number | undefined;
}

export class OpenCalls {
  /** In the order of their submits. */
  readonly #calls = new Map<number, OpenCall>();

  heard(message: TaskMessage): void {
    const { id, task, executor, submittedAt, at } = message;
    switch (message.type) {
      case "submitted":
        this.#calls.set(id, { id, task, executor: executor.id, submittedAt, handedAt: undefined });
        break;
      case "handed":
        this.#moved(id, at);
        break;
      case "returned":
      case "retrying":
        this.#moved(id, undefined);
        break;
      case "ended":
        this.#calls.delete(id);
        break;
      case "started":
        break;
    }
  }

  get(id: number): OpenCall | undefined {
    return this.#calls.get(id);
  }

  /** Those that have waited longest, `most` of them. */
  waiting(most: number): readonly OpenCall[] {
    const found: OpenCall[] = [];
    for (const call of this.#calls.values()) {
      if (found.length >= most) break;
      if (call.handedAt === undefined) found.push(call);
    }
    return found;
  }

  #moved(id: number, handedAt: number | undefined): void {
    const call = this.#calls.get(id);
    if (call !== undefined) call.handedAt = handedAt;
  }
}
