/** A worker is a thread or process like any other: what it does besides its tasks goes on between and under them. No
 *  latency is bought with a worker that spins, or that reads its messages without letting its event loop turn. */
import { connect, type Socket } from "node:net";
import type { Executor, Future } from "manyhands";
import { describe, expect, test } from "vitest";
import { liveOn, type Own, portOfServer, untilAnswered, work, workTwice } from "#tasks/alive.js";
import { square } from "#tasks/basic.js";
import { candidate } from "./conformance/executors.js";
import { until, within } from "./conformance/support.js";
import { keep, later } from "./keeping.js";

/** A pool of one worker, which lives on besides its tasks. */
function poolOfOne(kind: string): Executor {
  return keep(candidate(kind).make({ maxWorkers: 1, initializer: liveOn }));
}

/** Somebody who talks with the worker's server, without the pool. */
class Client {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async of(pool: Executor): Promise<Client> {
    const socket = connect(await within(pool.submit(portOfServer), "the port"), "127.0.0.1").setNoDelay(true);
    // A worker that is ended with the test resets its connections.
    socket.on("error", () => socket.destroy());
    later(() => socket.destroy());
    await within(new Promise((resolve) => socket.once("connect", resolve)), "the connection");
    return new Client(socket);
  }

  /** Until the worker has answered. */
  async ask(): Promise<void> {
    const answer = new Promise((resolve) => this.#socket.once("data", resolve));
    this.#socket.write("?");
    await within(answer, "the worker's server should answer");
  }

  /** Asks again and again, until disposed of. */
  keepAsking(): Disposable {
    const ask = (): void => void this.#socket.write("?");
    this.#socket.on("data", ask);
    ask();
    return { [Symbol.dispose]: () => void this.#socket.off("data", ask) };
  }
}

/** More calls than a worker takes at once (1024): it is never without work, nor is the pool. */
const OUTSTANDING = 3000;

/** Submits a call for each that ends, so that there are always thousands, until disposed of. */
function saturate(pool: Executor): Disposable & { readonly ended: () => number } {
  let ended = 0;
  let state: "open" | "closed" = "open";
  const submit = (): void => pool.submit(square, 3).addDoneCallback(next);
  const next = (_future: Future<number>): void => {
    ended += 1;
    if (state === "open") submit();
  };
  for (let n = 0; n < OUTSTANDING; n += 1) submit();
  return {
    ended: () => ended,
    [Symbol.dispose]: () => {
      state = "closed";
    },
  };
}

function* naturals(): Generator<number> {
  for (let n = 0; ; n += 1) yield n;
}

/** Calls of 0.2 ms in one message: 40 ms of work, and therefore eight slices of 5 ms with a turn of the worker's event loop
 *  after each. On a busy machine there are more turns, not fewer: a slice ends by the clock. */
const CHUNK = 200;

/** The calls amid whose like the worker's timer stood still. */
function withoutTick(owns: readonly Own[]): readonly Own[] {
  return owns.slice(CHUNK).filter((own, n) => own.ticks === owns[n]?.ticks);
}

/** Runs a thousand calls in chunks, and more until the worker's server has answered amid one. */
async function runChunks(pool: Executor, task: (n: number) => Own | Promise<Own>): Promise<readonly Own[]> {
  const owns: Own[] = [];
  let answered: "never" | "amid a chunk" = "never";
  for await (const own of pool.map(task, naturals(), { chunkSize: CHUNK })) {
    owns.push(own);
    const { length } = owns;
    // The first chunk waits for the module of its task, and need not travel as one.
    if (length % CHUNK > 0 || length === CHUNK) continue;
    if (own.answers > (owns[length - CHUNK]?.answers ?? 0)) answered = "amid a chunk";
    if (length >= 5 * CHUNK && answered === "amid a chunk") break;
  }
  return owns;
}

describe.each(["thread", "process"])("a worker (%s)", (kind) => {
  test("answers on its own socket while tiny calls keep it busy all the time, and so does its pool", async () => {
    const pool = poolOfOne(kind);
    const client = await Client.of(pool);
    using stream = saturate(pool);
    await until(() => stream.ended() > OUTSTANDING, "calls should end");
    for (let n = 0; n < 20; n += 1) {
      await client.ask();
      // The pool's own event loop turns too: this is a turn of it, amid the stream.
      await new Promise((resolve) => setImmediate(resolve));
      const { queued, running } = pool.stats();
      expect(queued + running).toBe(OUTSTANDING);
    }
  });

  test("fires its timers while messages come faster than it deals with them", async () => {
    const pool = poolOfOne(kind);
    const owns = await within(
      Promise.all(Array.from({ length: 1000 }, (_, n) => pool.submit(work, n))),
      "the calls",
      10_000,
    );
    // As many as in a chunk are as much work as a chunk: a single tick is not much to ask.
    expect(withoutTick(owns)).toEqual([]);
  });

  test.each([
    ["end at once", work],
    ["go on in promises only", workTwice],
  ])("lets its timers and sockets run amid a message of many calls that %s", async (_how, task) => {
    const pool = poolOfOne(kind);
    const client = await Client.of(pool);
    using _asking = client.keepAsking();
    const owns = await within(runChunks(pool, task), "the server should answer amid a chunk", 10_000);
    expect(withoutTick(owns)).toEqual([]);
  });

  test("answers under a task that awaits", async () => {
    const pool = poolOfOne(kind);
    const client = await Client.of(pool);
    const call = pool.submit(untilAnswered, 3);
    for (let n = 0; n < 3; n += 1) await client.ask();
    // The answers may have been there before the task: then it waits for others.
    using _asking = client.keepAsking();
    expect(await within(call, "the task")).toBeGreaterThanOrEqual(3);
  });

  test("answers and fires its timers when it has no task at all", async () => {
    const pool = poolOfOne(kind);
    const client = await Client.of(pool);
    const before = await within(pool.submit(work, 0), "the call");
    for (let n = 0; n < 3; n += 1) await client.ask();
    expect(pool.stats()).toMatchObject({ idle: 1, busy: 0 });
    const after = await within(pool.submit(work, 0), "the call");
    expect(after.answers - before.answers).toBe(3);
    expect(after.ticks).toBeGreaterThan(before.ticks);
  });
});
