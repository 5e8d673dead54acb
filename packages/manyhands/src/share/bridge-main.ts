/** The program of the bridge: writes the calls of a parked thread and brings it the answers.
 *
 *  Guarantees: each request is answered once, with "gone" when its owner cannot be reached or breaks off. */
import { connect, type Socket } from "node:net";
import { workerData } from "node:worker_threads";
import { sharedCells } from "../memory/cells.js";
import { ANSWERS, type BridgeAnswer, type BridgeRequest, type BridgeStart, UP } from "./bridge.js";
import type { Hello, OwnerMessage } from "./messages.js";
import { encode, MessageReader } from "./stream.js";

const { port, words } = workerData as BridgeStart;
const cells = sharedCells(words);

/** The second line of one client to one owner. */
class BridgeLine {
  readonly #socket: Socket;
  /** What the parked thread waits for. */
  #call: number | undefined;

  constructor({ path, key, client }: BridgeRequest, closed: () => void) {
    const reader = new MessageReader((message) => this.#receive(message as OwnerMessage));
    this.#socket = connect(path);
    this.#socket.on("data", (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        // What follows cannot be made out any more. Thrown, it would end this thread, and nobody would wake the parked one.
        this.#socket.destroy(error as Error);
      }
    });
    // `close` follows, and says what is to be said.
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("close", () => {
      closed();
      this.#answer("gone");
    });
    const hello: Hello = { type: "hello", key, client, line: "bridge" };
    this.#socket.write(encode(hello));
  }

  ask({ call, frames }: BridgeRequest): void {
    this.#call = call;
    for (const frame of frames) this.#socket.write(frame);
  }

  #receive(message: OwnerMessage): void {
    if (message.call === this.#call) this.#answer(message);
  }

  #answer(answer: BridgeAnswer): void {
    if (this.#call === undefined) return;
    this.#call = undefined;
    port.postMessage(answer);
    cells.store(ANSWERS, cells.load(ANSWERS) + 1);
    cells.notify(ANSWERS);
  }
}

const lines = new Map<string, BridgeLine>();
port.on("message", (request: BridgeRequest) => {
  // A client is new after its line has broken.
  const name = `${request.client} ${request.path}`;
  let line = lines.get(name);
  if (line === undefined) {
    line = new BridgeLine(request, () => lines.delete(name));
    lines.set(name, line);
  }
  line.ask(request);
});
cells.store(UP, 1);
cells.notify(UP);
