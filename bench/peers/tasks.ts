/** Who runs many small things at once on one event loop, for the measure `tasks`: each does what a program of the measure
 *  says in the words of its library. A library is loaded when its program is opened. */

/** What is run `count` times at once. It waits once, as all that is worth running beside others does.
 *  @returns the square */
export async function tiny(value: number): Promise<number> {
  await undefined;
  return value * value;
}

/** Does something `count` times. What gives results is checked by who calls it. */
export type Work = (count: number) => PromiseLike<unknown>;

/** What can be asked of a subject. */
export interface Programs {
  /** `tiny` of 0 to `count`, all begun at once. @returns the squares */
  readonly run?: () => Promise<Work>;
  /** The same, as a list of functions that is handed over whole. @returns the squares */
  readonly gather?: () => Promise<Work>;
  /** The same, {@link AT_ONCE} at a time. */
  readonly bounded?: () => Promise<Work>;
  /** Acquired and released `count` times, without waiting. */
  readonly alone?: () => Promise<Work>;
  /** Held, while `count` others come to wait; then handed from one to the next. */
  readonly handover?: () => Promise<Work>;
  /** `count` numbers through a queue that holds {@link AT_ONCE}. @returns their sum */
  readonly queue?: () => Promise<Work>;
  /** `count` that all sleep at once, each for `SLEEP` ms. */
  readonly sleep?: () => Promise<Work>;
}

export interface TaskSubject {
  readonly name: string;
  readonly package?: string;
  readonly programs: Programs;
}

export const AT_ONCE = 100;
/** In ms: longer than making a million tasks takes, so that all sleep at the same time. */
export const SLEEP = 30_000;

const upTo = <T>(count: number, make: (at: number) => T): T[] => {
  const all = new Array<T>(count);
  for (let at = 0; at < count; at += 1) all[at] = make(at);
  return all;
};

const manyhands: TaskSubject = {
  name: "manyhands",
  programs: {
    run: async () => {
      const { createTask } = await import("manyhands/asyncio");
      return (count) => Promise.all(upTo(count, (at) => createTask(() => tiny(at))));
    },
    gather: async () => {
      const { gather } = await import("manyhands/asyncio");
      return (count) => gather(...upTo(count, (at) => () => tiny(at)));
    },
    bounded: async () => {
      const { Semaphore } = await import("manyhands/asyncio");
      const some = new Semaphore(AT_ONCE);
      return (count) => Promise.all(upTo(count, (at) => some.with(() => tiny(at))));
    },
    alone: async () => {
      const { Lock } = await import("manyhands/asyncio");
      const lock = new Lock();
      return async (count) => {
        for (let time = 0; time < count; time += 1) (await lock.acquire()).release();
      };
    },
    handover: async () => {
      const { Lock } = await import("manyhands/asyncio");
      const lock = new Lock();
      const once = async (): Promise<void> => (await lock.acquire()).release();
      return async (count) => {
        const held = await lock.acquire();
        const others = upTo(count, once);
        held.release();
        await Promise.all(others);
      };
    },
    queue: async () => {
      const { Queue } = await import("manyhands/asyncio");
      const queue = new Queue<number>(AT_ONCE);
      return async (count) => {
        const putting = (async () => {
          for (let item = 0; item < count; item += 1) await queue.put(item);
        })();
        let sum = 0;
        for (let item = 0; item < count; item += 1) sum += await queue.get();
        await putting;
        return sum;
      };
    },
    sleep: async () => {
      const { createTask, sleep } = await import("manyhands/asyncio");
      return (count) => Promise.all(upTo(count, () => createTask(() => sleep(SLEEP))));
    },
  },
};

/** Promises alone: nothing can be cancelled, named or found. */
const limit: TaskSubject = {
  name: "limit",
  programs: {
    run: async () => (count) => Promise.all(upTo(count, tiny)),
    gather: async () => (count) => {
      const all = upTo(count, (at) => () => tiny(at));
      return Promise.all(all.map((each) => each()));
    },
    // As many loops, which take the next.
    bounded: async () => async (count) => {
      const results = new Array<number>(count);
      let next = 0;
      const loop = async (): Promise<void> => {
        while (next < count) {
          const at = next++;
          results[at] = await tiny(at);
        }
      };
      await Promise.all(upTo(AT_ONCE, loop));
      return results;
    },
    sleep: async () => (count) =>
      Promise.all(upTo(count, () => new Promise<void>((resolve) => setTimeout(resolve, SLEEP)))),
  },
};

const pLimit: TaskSubject = {
  name: "p-limit",
  package: "p-limit",
  programs: {
    run: async () => {
      const limited = (await import("p-limit")).default(Number.POSITIVE_INFINITY);
      return (count) => Promise.all(upTo(count, (at) => limited(tiny, at)));
    },
    gather: async () => {
      const limited = (await import("p-limit")).default(Number.POSITIVE_INFINITY);
      return (count) => limited.map(upTo(count, Number), tiny);
    },
    bounded: async () => {
      const limited = (await import("p-limit")).default(AT_ONCE);
      return (count) => Promise.all(upTo(count, (at) => limited(tiny, at)));
    },
    alone: async () => {
      const limited = (await import("p-limit")).default(1);
      const nothing = (): void => undefined;
      return async (count) => {
        for (let time = 0; time < count; time += 1) await limited(nothing);
      };
    },
  },
};

const pQueue: TaskSubject = {
  name: "p-queue",
  package: "p-queue",
  programs: {
    run: async () => {
      const queue = new (await import("p-queue")).default();
      return (count) => Promise.all(upTo(count, (at) => queue.add(() => tiny(at))));
    },
    gather: async () => {
      const queue = new (await import("p-queue")).default();
      return (count) => queue.addAll(upTo(count, (at) => () => tiny(at)));
    },
    bounded: async () => {
      const queue = new (await import("p-queue")).default({ concurrency: AT_ONCE });
      return (count) => Promise.all(upTo(count, (at) => queue.add(() => tiny(at))));
    },
  },
};

const asyncMutex: TaskSubject = {
  name: "async-mutex",
  package: "async-mutex",
  programs: {
    bounded: async () => {
      const some = new (await import("async-mutex")).Semaphore(AT_ONCE);
      return (count) => Promise.all(upTo(count, (at) => some.runExclusive(() => tiny(at))));
    },
    alone: async () => {
      const lock = new (await import("async-mutex")).Mutex();
      return async (count) => {
        for (let time = 0; time < count; time += 1) (await lock.acquire())();
      };
    },
    handover: async () => {
      const lock = new (await import("async-mutex")).Mutex();
      const once = async (): Promise<void> => (await lock.acquire())();
      return async (count) => {
        const release = await lock.acquire();
        const others = upTo(count, once);
        release();
        await Promise.all(others);
      };
    },
  },
};

/** Its own fibers, run by one `runPromise`. */
const effect: TaskSubject = {
  name: "effect",
  package: "effect",
  programs: {
    run: async () => {
      const { Effect } = await import("effect");
      const one = (at: number) => Effect.promise(() => tiny(at));
      return (count) => Effect.runPromise(Effect.forEach(upTo(count, Number), one, { concurrency: "unbounded" }));
    },
    gather: async () => {
      const { Effect } = await import("effect");
      const one = (at: number) => Effect.promise(() => tiny(at));
      return (count) => Effect.runPromise(Effect.all(upTo(count, one), { concurrency: "unbounded" }));
    },
    bounded: async () => {
      const { Effect } = await import("effect");
      const one = (at: number) => Effect.promise(() => tiny(at));
      return (count) => Effect.runPromise(Effect.forEach(upTo(count, Number), one, { concurrency: AT_ONCE }));
    },
    alone: async () => {
      const { Effect, Semaphore } = await import("effect");
      const lock = Effect.runSync(Semaphore.make(1));
      const once = lock.withPermits(1)(Effect.void);
      return (count) =>
        Effect.runPromise(
          Effect.gen(function* () {
            for (let time = 0; time < count; time += 1) yield* once;
          }),
        );
    },
    queue: async () => {
      const { Effect, Fiber, Queue } = await import("effect");
      return (count) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const queue = yield* Queue.bounded<number>(AT_ONCE);
            const putting = yield* Effect.forkChild(
              Effect.gen(function* () {
                for (let item = 0; item < count; item += 1) yield* Queue.offer(queue, item);
              }),
            );
            let sum = 0;
            for (let item = 0; item < count; item += 1) sum += yield* Queue.take(queue);
            yield* Fiber.join(putting);
            return sum;
          }),
        );
    },
    sleep: async () => {
      const { Effect } = await import("effect");
      return (count) =>
        Effect.runPromise(
          Effect.forEach(upTo(count, Number), () => Effect.sleep(SLEEP), { concurrency: "unbounded", discard: true }),
        );
    },
  },
};

export const TASK_SUBJECTS: readonly TaskSubject[] = [manyhands, limit, pLimit, pQueue, asyncMutex, effect];
