/** Counts of work: messages, promises, bytes. For programs that count nothing but what they ask for.
 *
 *  Guarantees: what is counted does not depend on how fast the machine is, unless it says so. */
import { createHook } from "node:async_hooks";
import { Session } from "node:inspector";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import threads, { MessagePort, Worker } from "node:worker_threads";

/** Messages of threads, or writes and reads of the pipes of processes. */
export interface Crossings {
  /** To workers. */
  readonly out: number;
  /** From workers. */
  readonly back: number;
}

let out = 0;
let back = 0;

// From the start, before there is a worker to be listened to.
watch();

function watch(): void {
  watchPorts();
  // All pipes count: such a program must not print while it counts.
  for (const [type, send, event] of [
    [Worker, "postMessage", "message"],
    [Socket, "write", "data"],
  ] as const) {
    const proto = type.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
    const { [send]: original, emit } = proto;
    if (original === undefined || emit === undefined) throw new Error(`${type.name} has no ${send} any more`);
    proto[send] = function (...args) {
      out += 1;
      return original.apply(this, args);
    };
    proto["emit"] = function (...args) {
      if (args[0] === event) back += 1;
      return emit.apply(this, args);
    };
  }
}

/** Messages of worker threads come on ports, by an event or without. */
function watchPorts(): void {
  const { on } = MessagePort.prototype;
  MessagePort.prototype.on = function (this: MessagePort, type: string, listener: (...args: unknown[]) => void) {
    return on.call(this, type as "message", (...args: unknown[]) => {
      if (type === "message") back += 1;
      listener(...args);
    });
  } as typeof on;
  const { receiveMessageOnPort } = threads;
  threads.receiveMessageOnPort = (port) => {
    const received = receiveMessageOnPort(port);
    if (received !== undefined) back += 1;
    return received;
  };
  syncBuiltinESMExports();
}

/** What crosses between this process or thread and its workers while `run` runs. */
export async function crossingsOf(run: () => unknown): Promise<Crossings> {
  const before = { out, back };
  await run();
  return { out: out - before.out, back: back - before.back };
}

/** How many promises come to be while `run` runs. */
export async function promisesOf(run: () => unknown): Promise<number> {
  let promises = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === "PROMISE") promises += 1;
    },
  });
  hook.enable();
  await run();
  hook.disable();
  return promises;
}

interface ProfileNode {
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

function sizeOf({ selfSize, children }: ProfileNode): number {
  return children.reduce((sum, child) => sum + sizeOf(child), selfSize);
}

/** How many bytes of heap are taken while `run` runs, those included that are garbage by its end. Sampled, one of 4 KiB at
 *  a time: for some megabytes the figure is right to one per cent. */
export async function bytesOf(run: () => unknown): Promise<number> {
  const session = new Session();
  session.connect();
  const post = (method: string, params: object = {}): Promise<{ profile: { head: ProfileNode } }> =>
    new Promise((resolve, reject) => {
      const told = (error: Error | null, result: unknown): void =>
        error === null ? resolve(result as never) : reject(error);
      session.post(method as never, params as never, told as never);
    });
  await post("HeapProfiler.startSampling", {
    samplingInterval: 4096,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  await run();
  const { profile } = await post("HeapProfiler.stopSampling");
  session.disconnect();
  return sizeOf(profile.head);
}
