/** Functions for threads and processes of their own. */
import { appendFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { activeChildren, currentProcess, Process, parentProcess } from "manyhands/multiprocessing";
import { currentThread, enumerate, mainThread, SystemExit, Thread } from "manyhands/threading";
import { passGate } from "./gate.js";

/** What a thread knows of itself. */
export function whoAmI(): { name: string; ident: number | undefined; daemon: boolean; main: string } {
  const { name, ident, daemon } = currentThread();
  return { name, ident, daemon, main: mainThread().name };
}

/** The names of all threads it sees, and whether it is among them as itself. */
export function whoIsThere(): { names: string[]; self: boolean } {
  const all = enumerate();
  return { names: all.map((thread) => thread.name).sort(), self: all.includes(currentThread()) };
}

export async function joinMyself(): Promise<void> {
  await currentThread().join();
}

export async function joinMain(): Promise<void> {
  await mainThread().join();
}

export function fail(message: string): never {
  throw new TypeError(message);
}

export function leaveWith(status?: number | string | boolean | null): never {
  throw new SystemExit(status);
}

export function exitWith(code: number): never {
  process.exit(code);
}

/** Ends well, with another exit code. */
export function setExitCode(code: number): string {
  process.exitCode = code;
  return "returned";
}

/** Fails by something that nothing catches, while the function waits for ever. */
export function failElsewhere(how: "timer" | "rejection", message: string): Promise<never> {
  if (how === "timer") setImmediate(() => fail(message));
  else void Promise.reject(new TypeError(message));
  return new Promise(() => {});
}

/** Makes the file with the pid in it, at one stroke. */
function leavePid(file: string): void {
  writeFileSync(`${file}.new`, String(process.pid));
  renameSync(`${file}.new`, file);
}

/** Works without ever yielding, having made the file `started`. */
export function spin(started: string): never {
  leavePid(started);
  for (;;) Math.sqrt(performance.now());
}

/** Waits for ever, having made the file `started`. */
export function sleepForEver(started: string): Promise<never> {
  leavePid(started);
  return new Promise(() => {});
}

export function giveFunction(): () => number {
  return () => 1;
}

/** Starts a process that waits at the gate, and returns without waiting for it. */
export function leaveProcessAt(gate: string): string {
  new Process(passGate, [gate, "left behind"], { daemon: false }).start();
  return "returned";
}

/** Leaves a timer behind that would keep Node alive for ever. */
export function leaveTimerBehind(): string {
  setInterval(() => undefined, 1000);
  return "returned";
}

export function printLines(count: number): void {
  for (let line = 0; line < count; line += 1) console.log(`line ${line} ${"x".repeat(100)}`);
}

/** Starts a thread, and ends while that waits at the gate. */
export function startThreadAtGate(gate: string, daemon?: boolean): string {
  const thread = new Thread(passGateAndPrint, [gate, "inner"], {
    name: "inner",
    ...(daemon === undefined ? {} : { daemon }),
  });
  thread.start();
  return thread.name;
}

export async function passGateAndPrint(gate: string, label: string): Promise<void> {
  await passGate(gate, label);
  console.log(`${label} was let through`);
}

export function startProcessAtGate(gate: string): void {
  new Process(passGateAndPrint, [gate, "process"]).start();
}

/** Starts a thread that fails, and waits for its end. */
export async function startThreadThatFails(message: string): Promise<void> {
  const thread = new Thread(fail, [message], { name: "inner" });
  thread.start();
  await thread.join();
}

/** Starts a thread at the gate, and waits for ever itself. */
export async function holdThreadAtGate(gate: string): Promise<never> {
  startThreadAtGate(gate);
  return new Promise(() => {});
}

export function daemonOfAThreadOfMine(): boolean {
  return new Thread(whoAmI).daemon;
}

export function whichProcess(): { name: string; pid: number; parent: string; parentPid: number | undefined } {
  const { name, pid } = currentProcess();
  return { name, pid, parent: parentProcess()?.name ?? "", parentPid: parentProcess()?.pid };
}

/** What a child of this child is called, and what it calls its parent. */
export async function whichGrandchild(): Promise<ReturnType<typeof whichProcess>> {
  const child = new Process(whichProcess);
  child.start();
  return await child.result();
}

/** Starts processes that wait for ever, one a daemon; then waits for ever itself. */
export async function startFamily(folder: string): Promise<never> {
  for (const daemon of [true, false]) {
    new Process(sleepForEver, [`${folder}/grandchild-${daemon}`], { daemon }).start();
  }
  return await sleepForEver(`${folder}/child`);
}

/** Says through the gate that it waits for its parent's end, and when that has come. */
export async function watchParentProcess(gate: string): Promise<void> {
  const watched = parentProcess();
  const gone = watched?.join();
  // Whoever is let through at once has been heard.
  await passGate(gate, `watching ${process.pid} ${watched?.isAlive()}`);
  await gone;
  await passGate(gate, `gone ${watched?.isAlive()}`);
}

/** Starts a process that watches this one, and waits for ever. */
export async function startWatcher(gate: string): Promise<never> {
  new Process(watchParentProcess, [gate], { daemon: false }).start();
  return new Promise(() => {});
}

/** Says through the gate that its handler is there, and ends when that is called. */
export async function handleSignal(signal: NodeJS.Signals, gate: string): Promise<string> {
  const heard = new Promise<string>((resolve) => process.once(signal, () => resolve(`heard ${signal}`)));
  await passGate(gate, "ready");
  return await heard;
}

/** A daemon that waits for its SIGTERM, says so in a file, and ends. */
export async function noteSigterm(started: string, log: string): Promise<never> {
  process.once("SIGTERM", () => {
    appendFileSync(log, "terminated\n");
    process.exit(0);
  });
  return await sleepForEver(started);
}

export function countChildren(): number {
  return activeChildren().length;
}

/** Writes to a descriptor that belongs to the library, and waits to be ended. */
export async function garble(descriptor: number, what: "no frame" | "no message"): Promise<never> {
  const bytes = Buffer.from("This is no frame of the library's, and long enough to have a header.");
  if (what === "no message") {
    bytes.writeUInt32LE(8, 0);
    bytes.writeUInt32LE(0, 4);
  }
  writeSync(descriptor, bytes);
  await new Promise(() => setInterval(() => undefined, 1000));
  throw new Error("unreachable");
}
