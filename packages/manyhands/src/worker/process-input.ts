/** What a worker process hears of its pool, on descriptor 3.
 *
 *  The pool has written when it started the process. So that is read at once, by a read that waits, since there is nothing to do
 *  before; and what takes 3 ms, Node's sockets, is loaded when the first call that came with it has been answered.
 *
 *  Guarantees: a first call does not keep the pool from being heard for longer than `WITHIN`, unless it keeps the thread. */
import { readSync } from "node:fs";

const INPUT = 3;
/** As much as a socket gives at once. */
const CHUNK = 64 * 1024;
/** In ms. */
const WITHIN = 5;

export interface InputEvents {
  heard(chunk: Buffer): void;
  /** Whether the first calls have come, and none of them is answered. */
  hurries(): boolean;
  /** The pool is gone. */
  closed(): void;
}

export function listen(events: InputEvents): void {
  // There no descriptor can be read that will be a socket.
  if (process.platform !== "win32" && !readFirst(events)) return;
  const until = performance.now() + WITHIN;
  const turn = (): void => {
    if (events.hurries() && performance.now() < until) setImmediate(turn);
    else openInput(events);
  };
  turn();
}

/** @returns whether there may be more. */
function readFirst(events: InputEvents): boolean {
  const chunk = Buffer.allocUnsafe(CHUNK);
  const length = readSync(INPUT, chunk);
  if (length === 0) events.closed();
  else events.heard(chunk.subarray(0, length));
  return length > 0;
}

function openInput({ heard, closed }: InputEvents): void {
  const { Socket } = process.getBuiltinModule("node:net");
  const input = new Socket({ fd: INPUT, readable: true, writable: false });
  input.on("data", heard);
  input.on("close", closed);
  input.on("error", closed);
}
