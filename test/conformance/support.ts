/** What every law stands on: bounded waits, gates, and child programs.
 *
 *  Guarantees: nothing here waits on the clock for something to have happened; every wait ends, by an event or by a limit that fails the law. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { tasksUrl } from "#tasks/basic.js";

/** How long anything that must happen may take, in ms. */
export const LIMIT = 5_000;

/** `promise`, or a failure that names `what` when it takes longer than the limit. */
export async function within<T>(promise: PromiseLike<T>, what: string, limit: number = LIMIT): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what}: nothing after ${limit} ms` })),
      limit,
    );
  });
  try {
    return await Promise.race([promise, stuck]);
  } finally {
    clearTimeout(timer);
  }
}

/** How `promise` ends; a failure when it does not. */
export async function outcomeOf(
  promise: PromiseLike<unknown>,
  what = "the call",
): Promise<PromiseSettledResult<unknown>> {
  const settled = Promise.resolve(promise).then(
    (value): PromiseSettledResult<unknown> => ({ status: "fulfilled", value }),
    (reason: unknown): PromiseSettledResult<unknown> => ({ status: "rejected", reason }),
  );
  return within(settled, what);
}

/** What `promise` fails with; a failure of the law when it gives a value. */
export async function failureOf(promise: PromiseLike<unknown>, what = "the call"): Promise<unknown> {
  const outcome = await outcomeOf(promise, what);
  assert.equal(outcome.status, "rejected", `${what} should have failed`);
  return outcome.status === "rejected" ? outcome.reason : undefined;
}

/** The same, as an error of the class it must have. */
export async function errorOf<E extends Error>(
  type: abstract new (...args: never[]) => E,
  promise: PromiseLike<unknown>,
  what = "the call",
): Promise<E> {
  const reason = await failureOf(promise, what);
  assert.ok(reason instanceof type, `${what} should have failed with ${type.name}, not with ${String(reason)}`);
  return reason;
}

/** Looks again until `condition` holds: for what gives no event. */
export async function until(condition: () => boolean, what: string, limit: number = LIMIT): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > limit)
      throw new assert.AssertionError({ message: `${what}: not after ${limit} ms` });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What the executor is told by its workers: at once where they share its memory, else as soon as it has heard of it. */
export async function heardOf(
  { local }: { readonly local: boolean },
  condition: () => boolean,
  what: string,
): Promise<void> {
  if (local) assert.ok(condition(), what);
  else await until(condition, what);
}

/** Until a task has made `file`. */
export function made(file: string): Promise<void> {
  return until(() => existsSync(file), `a task should have made ${file}`);
}

/** The lines of a log; none when nobody wrote it. */
export function linesOf(log: string): readonly string[] {
  return existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : [];
}

/** A place where tasks of any thread or process arrive, and wait to be let through (`#tasks/gate.js` is their side). */
export class Gate {
  readonly path: string;
  readonly #server: Server;
  readonly #arrivals: string[] = [];
  readonly #waiting: Socket[] = [];
  readonly #sockets = new Set<Socket>();
  #open = false;
  #onArrival: (() => void) | undefined;

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
  }

  static async at(path: string): Promise<Gate> {
    const server = createServer();
    const gate = new Gate(path, server);
    server.on("connection", (socket) => gate.#receive(socket));
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
    return gate;
  }

  /** The labels of those who have arrived, in order. */
  get arrivals(): readonly string[] {
    return this.#arrivals;
  }

  /** Until `count` tasks have arrived since the gate was made. */
  async arrived(count: number): Promise<readonly string[]> {
    const enough = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#arrivals.length >= count) resolve();
      };
      this.#onArrival = look;
      look();
    });
    await within(enough, `${count} tasks should have arrived, ${this.#arrivals.length} had when the wait began`);
    return this.#arrivals;
  }

  /** Lets the `count` through that have waited longest. */
  release(count: number): void {
    for (const socket of this.#waiting.splice(0, count)) socket.end("go");
  }

  /** Lets everybody through, now and later. */
  open(): void {
    this.#open = true;
    this.release(this.#waiting.length);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #receive(socket: Socket): void {
    let text = "";
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // A worker that is killed resets its connection: that is the law's affair, not the gate's.
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      text += data.toString();
      if (!text.endsWith("\n")) return;
      this.#arrivals.push(text.slice(0, -1));
      if (this.#open) socket.end("go");
      else this.#waiting.push(socket);
      this.#onArrival?.();
    });
  }
}

/** How a child program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child program that is running. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Until the program has printed a line that begins with `prefix`; gives the rest of the line. */
  line(prefix: string): Promise<string>;
}

/** Runs `node` with these arguments; kills it when it has not ended by itself after `limit` ms, which then shows as its signal. */
export function node(
  args: readonly string[],
  options: {
    readonly input?: string;
    readonly detached?: boolean;
    readonly cwd?: string;
    /** Variables of its environment, besides those of this program. */
    readonly env?: NodeJS.ProcessEnv;
  } = {},
): Program {
  const limit = 20_000;
  const { NODE_OPTIONS: _dropped, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    env: { ...env, ...options.env },
    detached: options.detached ?? false,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    timeout: limit,
    killSignal: "SIGKILL",
  });
  const { pid } = child;
  assert.ok(pid !== undefined, "node should start");
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const look of watchers) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const line = async (prefix: string): Promise<string> => {
    const found = new Promise<string>((resolve) => {
      const look = (): void => {
        const complete = stdout.split("\n").slice(0, -1);
        const hit = complete.find((text) => text.startsWith(prefix));
        if (hit !== undefined) resolve(hit.slice(prefix.length));
      };
      watchers.add(look);
      look();
    });
    const early = ended.then((end) => assert.fail(`the program ended before it printed "${prefix}": ${describe(end)}`));
    return within(Promise.race([found, early]), `the program should print "${prefix}"`, limit);
  };
  return { pid, ended, line };
}

/** Runs one of test/programs. */
export function program(name: string, ...args: readonly string[]): Program {
  return node([programPath(name), ...args]);
}

/** The same, as the leader of a process group of its own, which signals can be sent to as a whole. */
export function programGroup(name: string, ...args: readonly string[]): Program {
  return node([programPath(name), ...args], { detached: true });
}

/** The file of one of test/programs. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}.js`, tasksUrl));
}

/** The standard output of a program that must end by itself, and well. */
export async function outputOf(running: Program): Promise<string> {
  const end = await running.ended;
  assert.deepEqual({ code: end.code, signal: end.signal }, { code: 0, signal: null }, describe(end));
  return end.stdout;
}

function describe({ code, signal, stdout, stderr }: Ended): string {
  return `the program ended with ${signal ?? `code ${code}`}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`;
}
