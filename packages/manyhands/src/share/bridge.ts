/** Calls that park this thread until the owner of an object has answered.
 *
 *  A thread that is parked reads no socket. So a second one, the bridge, writes the call and reads the answer, and wakes the
 *  first. It is started by the first such call, and serves all owners.
 *
 *  Guarantees: a bridge that does not come up fails the call instead of parking it for ever. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { InvalidStateError } from "../base/errors.js";
import { Cells } from "../memory/cells.js";
import type { OwnerMessage } from "./messages.js";

export interface BridgeRequest {
  readonly path: string;
  readonly key: string;
  readonly client: string;
  /** The call whose answer is wanted. */
  readonly call: number;
  /** Messages for the owner, the call's own last. */
  readonly frames: readonly Uint8Array[];
}

export type BridgeAnswer = OwnerMessage | "gone";

/** What the bridge is started with. */
export interface BridgeStart {
  readonly port: MessagePort;
  readonly words: SharedArrayBuffer;
}

/** Words of the memory between the two: how many answers there are, and whether the bridge is up. */
export const ANSWERS = 0;
export const UP = 1;

/** A thread starts in some 30 ms, on a machine that has more to do in a second or two. In ms. */
const START_LIMIT = 30_000;

// As seen from wherever this file has been joined to.
const PROGRAM = new URL("../share/bridge-main.js", import.meta.url);

interface Bridge {
  readonly port: MessagePort;
  readonly cells: Cells;
}

let bridge: Bridge | undefined;

/** Parks this thread until the answer is there. */
export function askBridge(request: BridgeRequest): BridgeAnswer {
  bridge ??= start();
  const { port, cells } = bridge;
  const answers = cells.load(ANSWERS);
  port.postMessage(request);
  while (cells.load(UP) === 0) {
    if (cells.wait(UP, 0, START_LIMIT) !== "timed-out") continue;
    bridge = undefined;
    throw new InvalidStateError(`The thread for calls that park did not start within ${START_LIMIT} ms`);
  }
  while (cells.load(ANSWERS) === answers) cells.wait(ANSWERS, answers, Number.POSITIVE_INFINITY);
  const answer = receiveMessageOnPort(port) as { readonly message: BridgeAnswer } | undefined;
  return answer === undefined ? "gone" : answer.message;
}

function start(): Bridge {
  const { port1: port, port2 } = new MessageChannel();
  const words = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  const start: BridgeStart = { port: port2, words };
  const worker = new Worker(PROGRAM, {
    workerData: start,
    transferList: [port2],
    execArgv: [],
    name: "manyhands-bridge",
  });
  const made: Bridge = { port, cells: new Cells(words) };
  worker.unref();
  port.unref();
  // Another call starts another; the one that waits for it fails by its time limit, or has its answer.
  worker.on("error", () => forget(made));
  worker.on("exit", () => forget(made));
  return made;
}

function forget(made: Bridge): void {
  if (bridge === made) bridge = undefined;
}
