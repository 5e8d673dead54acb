/** A web service on a pool of processes: which of these numbers are prime? A worker that dies costs one request, not the
 *  service.
 *
 *      node examples/built/prime-service.js [PORT] [PROCESSES]
 *      curl http://localhost:8080/is-prime/2,3,112272535095293      {"2":true,"3":true,"112272535095293":true} */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import type { Executor } from "manyhands";
import {
  BrokenExecutorError,
  CancelledError,
  isMain,
  ProcessPoolExecutor,
  QueueTimeoutError,
  ShutdownError,
  TimeoutError,
  WorkerExitedError,
} from "manyhands";

/** Numbers that one request may ask about. */
export const MOST_NUMBERS = 1000;

/** Below this, the first thirteen primes as bases make the test of Miller and Rabin a proof (Sorenson and Webster, 2015). */
export const LIMIT = 3_317_044_064_679_887_385_961_981n;
const BASES = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n];

/** Whether a number below {@link LIMIT} is prime. With bigints, for above 2^53 a double is the number beside. */
export function isPrime(n: bigint): boolean {
  if (n < 2n) return false;
  for (const base of BASES) if (n % base === 0n) return n === base;
  let [odd, twos] = [n - 1n, 0];
  for (; odd % 2n === 0n; odd /= 2n) twos += 1;
  return BASES.every((base) => passes(base, n, odd, twos));
}

function passes(base: bigint, n: bigint, odd: bigint, twos: number): boolean {
  let x = power(base, odd, n);
  if (x === 1n) return true;
  for (let round = 0; round < twos; round += 1) {
    if (x === n - 1n) return true;
    x = (x * x) % n;
  }
  return false;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let [square, left] = [base % modulus, exponent]; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** The task of a request. */
export function arePrime(numbers: readonly string[]): boolean[] {
  return numbers.map((text) => isPrime(BigInt(text)));
}

/** A request that cannot be answered, and why. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The numbers of a path. @throws Refusal. */
function numbersOf(request: IncomingMessage): string[] {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const match = /^\/is-prime(?:\/(.*))?$/.exec(pathname);
  if (match === null) throw new Refusal(404, "There is only /is-prime/NUMBER,NUMBER,…");
  if (request.method !== "GET") throw new Refusal(405, `Only GET is answered, not ${request.method}`);
  const text = match[1] ?? "";
  if (text === "") throw new Refusal(400, "No numbers are given: ask for /is-prime/2,3,5");
  const numbers = text.split(",");
  if (numbers.length > MOST_NUMBERS) {
    throw new Refusal(413, `${numbers.length} numbers are too many for one request: at most ${MOST_NUMBERS}`);
  }
  for (const number of numbers) checkNumber(number);
  return numbers;
}

function checkNumber(text: string): void {
  const shown = text.length > 40 ? `${text.slice(0, 40)}… (${text.length} characters)` : text;
  if (!/^\d+$/.test(text)) throw new Refusal(400, `Not a whole number from 0 upward: "${shown}"`);
  // The length first: to make a number of a million digits takes longer than anybody should be able to ask for.
  if (text.length > 400 || BigInt(text) >= LIMIT) throw new Refusal(422, `Too large, ${LIMIT} and above: ${shown}`);
}

/** What a failed call says to who asked. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof WorkerExitedError)
    return new Refusal(503, "The worker of this request has died; please try again");
  if (error instanceof TimeoutError) return new Refusal(503, "This takes too long");
  if (error instanceof QueueTimeoutError) return new Refusal(503, "There is too much to do; please try again later");
  if (error instanceof ShutdownError || error instanceof BrokenExecutorError)
    return new Refusal(503, "The service ends");
  return new Refusal(500, error instanceof Error ? error.message : String(error));
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}

/** The service. `pool` stays its owner's. @param task for tests. */
export function primeService(
  pool: Executor,
  task: (numbers: readonly string[]) => boolean[] | Promise<boolean[]> = arePrime,
): Server {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const left = new AbortController();
    response.once("close", () => left.abort("the client has left"));
    try {
      const numbers = numbersOf(request);
      const calls = pool.with({ timeout: 10_000, queueTimeout: 10_000, signal: left.signal });
      const primes = await calls.submit(task, numbers);
      reply(response, 200, Object.fromEntries(numbers.map((number, index) => [number, primes[index]])));
    } catch (error) {
      if (error instanceof CancelledError && left.signal.aborted) return;
      const { status, message } = refusalOf(error);
      reply(response, status, { error: message });
    }
  };
  // Room for a request that is too long to be told so by us, where Node would only cut it off.
  const server = createServer({ maxHeaderSize: 1 << 20 }, (request, response) => void answer(request, response));
  server.on("clientError", (_error, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{"error":"This is no request"}\n');
  });
  return server;
}

async function main(): Promise<void> {
  const [port = 8080, processes = availableParallelism()] = process.argv.slice(2).map(Number);
  await using pool = new ProcessPoolExecutor({ maxWorkers: processes });
  const server = primeService(pool).listen(port);
  await new Promise<void>((resolve, reject) => server.once("listening", resolve).once("error", reject));
  const { port: bound } = server.address() as AddressInfo;
  console.log(`http://localhost:${bound}/is-prime/2,3,112272535095293`);
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.close());
  // Whoever has asked is answered; then the pool ends.
  await closed;
}

if (isMain(import.meta)) await main();
