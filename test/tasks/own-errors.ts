/** Throws errors of the library's own classes. */
import * as manyhands from "manyhands";
import * as multiprocessing from "manyhands/multiprocessing";
import * as queue from "manyhands/queue";
import * as subprocess from "manyhands/subprocess";
import * as threading from "manyhands/threading";

const ROOMS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  manyhands,
  threading,
  queue,
  multiprocessing,
  subprocess,
};

type ErrorClass = new (...args: unknown[]) => Error;

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === "function" && value.prototype instanceof Error;
}

/** All error classes that can be made, as `room.Name`. */
export function ownErrors(): string[] {
  return Object.entries(ROOMS).flatMap(([room, names]) =>
    Object.entries(names)
      .filter(([name, value]) => isErrorClass(value) && name !== "ManyhandsError")
      .map(([name]) => `${room}.${name}`),
  );
}

export function classNamed(path: string): ErrorClass {
  const [room = "", name = ""] = path.split(".");
  const found = ROOMS[room]?.[name];
  if (!isErrorClass(found)) throw new TypeError(`${path} is no error class`);
  return found;
}

/** What the constructors of some are given; the others take a message. */
const GIVEN: Readonly<Record<string, readonly unknown[]>> = {
  WorkerExitedError: [{ worker: "w-1", id: 7, exitCode: 3, signal: null, task: "t" }],
  BufferTooShort: [new Uint8Array([1, 2, 3]), 2],
  ClosureError: ["a closure", ["x"]],
  InvalidOptionError: ["size", "too small"],
  SerializationError: ["args[0].f", "cannot travel"],
  SegmentError: ["map it", "ENOSPC"],
  CalledProcessError: [{ args: ["ls", "x"], returnCode: -9, stdout: new Uint8Array([1, 2]), stderr: "no such file" }],
  TimeoutExpired: [{ args: "ls | wc", timeout: 50, stdout: "so far", stderr: undefined }],
  StartError: ["ERR_PROGRAM_NOT_FOUND", "lss", "no such program"],
  LifeCycleError: ["ERR_NOT_STARTED", "it was not started"],
};

export function make(path: string): Error {
  const Class = classNamed(path);
  return new Class(...(GIVEN[path.split(".")[1] ?? ""] ?? ["what happened"]));
}

export function throwOwn(path: string): never {
  throw make(path);
}
