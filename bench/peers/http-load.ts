/** A client that asks over and over: the program of a thread, so that its own work does not stand in the server's way.
 *
 *  It writes and reads sockets by hand, which costs a fraction of what any HTTP client does: the server must be what is slow. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

/** What to ask, and how long. */
export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly body: string;
  /** What every answer must be. */
  readonly answer: string;
  readonly connections: number;
  /** In ms. */
  readonly warmUp: number;
  readonly duration: number;
}

/** What came of it. */
export interface LoadEnd {
  readonly answers: number;
  /** From the first to the last, in ms. */
  readonly elapsed: number;
  /** Median time of an answer, in µs. */
  readonly p50: number;
}

async function answerTo(socket: Socket, request: string, answer: string): Promise<void> {
  socket.write(request);
  for (let text = ""; ; ) {
    const [chunk] = (await once(socket, "data")) as [string];
    text += chunk;
    const end = text.indexOf("\r\n\r\n");
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(text) ?? [];
    if (end < 0 || length === undefined || text.length < end + 4 + Number(length)) continue;
    if (text.slice(end + 4) !== answer) throw new Error(`a wrong answer: ${text}`);
    return;
  }
}

async function ask(order: LoadOrder, until: number, times: number[]): Promise<void> {
  const { port, path, body, answer } = order;
  const socket = connect(port, "127.0.0.1").setEncoding("utf8").setNoDelay();
  await once(socket, "connect");
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  while (performance.now() < until) {
    const begun = performance.now();
    await answerTo(socket, `${head}\r\n\r\n${body}`, answer);
    times.push(performance.now() - begun);
  }
  socket.destroy();
}

async function load(order: LoadOrder, ms: number): Promise<LoadEnd> {
  const times: number[] = [];
  const begun = performance.now();
  await Promise.all(Array.from({ length: order.connections }, () => ask(order, begun + ms, times)));
  const elapsed = performance.now() - begun;
  times.sort((a, b) => a - b);
  return { answers: times.length, elapsed, p50: (times[Math.floor(times.length / 2)] ?? Number.NaN) * 1000 };
}

const order = workerData as LoadOrder;
await load(order, order.warmUp);
parentPort?.postMessage(await load(order, order.duration));
