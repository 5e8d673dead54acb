/** What a worker does besides its tasks: a timer and a server of its own; and tasks that tell how far those got. */
import { createServer } from "node:net";

let port = 0;
let ticks = 0;
let answers = 0;

/** What the worker has done for itself. */
export interface Own {
  /** How often its interval has fired. */
  readonly ticks: number;
  /** How often its server has answered. */
  readonly answers: number;
}

/** An initializer: a timer that fires all the time, and a server on this machine that sends back what it is sent. */
export async function liveOn(): Promise<void> {
  await openServer();
  setInterval(() => {
    ticks += 1;
  }, 1);
}

/** An initializer: the server alone, which costs nothing as long as nobody sends. */
export async function openServer(): Promise<void> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    // The test ends its side as it likes.
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      answers += 1;
      socket.write(data);
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  port = address.port;
}

export function portOfServer(): number {
  return port;
}

/** Works for 0.2 ms without yielding. */
export function work(_n: number): Own {
  const end = performance.now() + 0.2;
  while (performance.now() < end) Math.sqrt(end);
  return { ticks, answers };
}

/** The same twice, with a promise between that is there already. */
export async function workTwice(n: number): Promise<Own> {
  work(n);
  await Promise.resolve();
  return work(n);
}

/** Waits until the server has answered `count` times since. */
export async function untilAnswered(count: number): Promise<number> {
  const before = answers;
  while (answers - before < count) await new Promise((resolve) => setImmediate(resolve));
  return answers - before;
}
