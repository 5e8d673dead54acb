/** Small honest tasks: what a suite needs to see that an executor works. */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { transfer } from "manyhands";

/** The folder of the built tasks, for references to modules that cannot be imported here. */
export const tasksUrl: string = new URL("./", import.meta.url).href;

export function add(a: number, b: number): number {
  return a + b;
}

export function square(n: number): number {
  return n * n;
}

export async function squareLater(n: number): Promise<number> {
  await Promise.resolve();
  return n * n;
}

export function identity(value: unknown): unknown {
  return value;
}

export function countArguments(...values: unknown[]): number {
  return values.length;
}

/** Names the thread it runs in, differently for each thread of each process. */
export function whereAmI(_label?: unknown): string {
  return `${process.pid}:${threadId}`;
}

export function processId(): number {
  return process.pid;
}

/** Changes its argument, and tells what it then holds. */
export function bump(box: { value: number }): number {
  box.value += 1;
  return box.value;
}

/** Leaves a line in a file: the one memory that every worker shares. */
export function record(log: string, line: string): string {
  appendFileSync(log, `${line}\n`);
  return line;
}

/** Leaves a line, and fails with it. */
export function recordAndFail(log: string, line: string): never {
  appendFileSync(log, `${line}\n`);
  throw new Error(line);
}

/** Works without ever yielding until somebody makes the file `release`, having made the file `started`. */
export function blockUntil(started: string, release: string): string {
  writeFileSync(started, "");
  const nap = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(release)) Atomics.wait(nap, 0, 0, 1);
  return started;
}

/** Gives a buffer of `size` bytes away. */
export function giveBuffer(size: number): ArrayBuffer {
  const bytes = new Uint8Array(size).fill(7);
  return transfer(bytes.buffer);
}

/** The size of a buffer that was given to it, and its first byte. */
export function weigh(buffer: ArrayBuffer): readonly [size: number, first: number | undefined] {
  return [buffer.byteLength, new Uint8Array(buffer)[0]];
}

/** Writes into shared memory. */
export function mark(shared: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(shared), 0, 42);
}

const retained: number[][] = [];

/** Keeps `megabytes` of heap for ever. */
export function retain(megabytes: number): string {
  for (let i = 0; i < megabytes; i += 1) retained.push(new Array<number>(131_072).fill(i + 0.5));
  return whereAmI();
}

export function environment(name: string): string | undefined {
  return process.env[name];
}

export function workingDirectory(): string {
  return process.cwd();
}

export function nodeFlags(): readonly string[] {
  return process.execArgv;
}

export const notAFunction = { call: "me" };

export class Counter {
  #count = 0;

  increment(): number {
    this.#count += 1;
    return this.#count;
  }
}

/** A function that is nobody's export, and needs nothing but its argument. */
export function makeSelfContained(): (n: number) => number {
  return (n) => {
    const half = Math.floor(n / 2);
    return [half, n - half].reduce((sum, part) => sum + part * 10, 0);
  };
}

/** The same, async, with a helper of its own. */
export function makeSelfContainedAsync(): (n: number) => Promise<string> {
  return async function describe(n: number): Promise<string> {
    const text = (value: number): string => `number ${value}`;
    await Promise.resolve();
    return text(n);
  };
}

/** A function that is new each time, and leaves a line in a file like `record`. */
export function makeRecorder(): (log: string, line: string) => void {
  return (log, line) => process.getBuiltinModule("node:fs").appendFileSync(log, `${line}\n`);
}

/** A function that uses a variable of its surroundings. */
export function makeAdder(increment: number): (n: number) => number {
  return (n) => n + increment;
}

/** A function that uses two of them. */
export function makeScaler(factor: number, offset: number): (n: number) => number {
  return (n) => n * factor + offset;
}
