/** The matrix: what a task can do to the executor that runs it, and what its caller must then see.
 *
 *  Each case is tried by matrix.test.ts against neighbours and queued calls, and by programs/case.ts in a program that must end by itself. */
import assert from "node:assert/strict";
import type { Executor, ExecutorKind, FunctionRef, Future, PoolOptions } from "manyhands";
import {
  CancelledError,
  FunctionRefError,
  moduleRef,
  RemoteError,
  SerializationError,
  TimeoutError,
  WorkerExitedError,
} from "manyhands";
import { tasksUrl } from "#tasks/basic.js";
import * as exiting from "#tasks/exiting.js";
import * as failing from "#tasks/failing.js";
import type { Need } from "./conformance.js";
import { made } from "./support.js";

/** What a case is tried with. */
export interface Trial {
  readonly executor: Executor;
  readonly kind: ExecutorKind;
  /** A path nobody else uses. */
  readonly file: string;
}

export interface Case {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly options: PoolOptions;
  /** How many workers it costs, unasked; `undefined` when the pool itself ends one. */
  readonly lost: number | undefined;
  readonly submit: (trial: Trial) => Future<unknown>;
  /** Throws unless the outcome is the right one. */
  readonly judge: (outcome: PromiseSettledResult<unknown>, kind: ExecutorKind) => void;
}

type Extras = Partial<Pick<Case, "needs" | "options" | "lost">>;

/** A case whose call must fail; `judge` sees with what. */
function fails(
  name: string,
  submit: Case["submit"],
  judge: (reason: unknown, kind: ExecutorKind) => void,
  { needs = [], options = {}, lost = 0 }: Extras = {},
): Case {
  return {
    name,
    needs,
    options,
    lost,
    submit,
    judge: (outcome, kind) => {
      assert.equal(outcome.status, "rejected", `${name}: the call should fail`);
      if (outcome.status === "rejected") judge(outcome.reason, kind);
    },
  };
}

/** A case whose result cannot travel: it fails where things are copied, and arrives where they are not. */
function unclonable(name: string, submit: Case["submit"], path: string, arrived: (value: unknown) => void): Case {
  return {
    name,
    needs: [],
    options: {},
    lost: 0,
    submit,
    judge: (outcome, kind) => {
      if (kind === "event-loop") {
        assert.equal(outcome.status, "fulfilled", `${name}: nothing is copied on the event loop`);
        if (outcome.status === "fulfilled") arrived(outcome.value);
        return;
      }
      assert.equal(outcome.status, "rejected", `${name}: the result cannot travel`);
      if (outcome.status !== "rejected") return;
      const error = expectError(outcome.reason, SerializationError);
      assert.equal(error.path, path);
      assert.ok(error.message.includes(path), `"${error.message}" should name ${path}`);
    },
  };
}

function expectError<E extends Error>(reason: unknown, type: abstract new (...args: never[]) => E): E {
  assert.ok(reason instanceof type, `should be a ${type.name}, is ${String(reason)}`);
  return reason;
}

/** What is known of the worker that a call took with it. */
function expectExit(
  reason: unknown,
  exit: { readonly exitCode: number | null; readonly signal: string | null },
  task: string,
): WorkerExitedError {
  const error = expectError(reason, WorkerExitedError);
  assert.deepEqual({ exitCode: error.exitCode, signal: error.signal }, exit, error.message);
  assert.equal(typeof error.id, "number", "the worker's id");
  assert.notEqual(error.worker, "", "the worker's name");
  assert.ok(error.task?.includes(task), `the task should be named ${task}, is ${error.task}`);
  const how = exit.signal === null ? `exit code ${exit.exitCode}` : `signal ${exit.signal}`;
  for (const part of [how, String(error.id), error.worker]) {
    assert.ok(error.message.includes(part), `"${error.message}" should name ${part}`);
  }
  return error;
}

/** A field of an error that its class does not declare. */
function field(error: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(error, name)?.value;
}

const worker: readonly Need[] = ["workers"];

/** Submits from a function whose name must be found in the stack of the error. */
function submitFromHere({ executor }: Trial): Future<unknown> {
  return executor.submit(failing.throwRich);
}

const THROWING: readonly Case[] = [
  fails("throws an Error with code, own properties and a cause chain", submitFromHere, (reason) => {
    const error = expectError(reason, Error);
    assert.deepEqual([error.name, error.message, field(error, "code")], ["Error", "rich", "E_RICH"]);
    assert.deepEqual(field(error, "detail"), { tries: [1, 2, 3] });
    const cause = expectError(error.cause, TypeError);
    assert.equal(cause.message, "middle");
    assert.deepEqual(cause.cause, { plain: "root" });
  }),
  fails(
    "throws: the stack tells where it was thrown and where it was submitted (C04)",
    submitFromHere,
    (reason, kind) => {
      const { stack = "" } = expectError(reason, Error);
      assert.match(stack, /throwRich/);
      assert.match(stack, /failing\.[jt]s/);
      // In place it is the task's own error object, which nobody may write into.
      if (kind !== "event-loop") assert.match(stack, /submitFromHere/);
    },
  ),
  fails(
    "throws an error of a class of its own",
    ({ executor }) => executor.submit(failing.throwSubclass),
    (reason) => {
      const error = expectError(reason, Error);
      assert.deepEqual([error.name, error.message, field(error, "limit")], ["LocalError", "beyond the limit", 12]);
    },
  ),
  fails(
    "throws an error of a registered class",
    ({ executor }) => executor.submit(failing.throwRegistered),
    (reason) => {
      const error = expectError(reason, failing.QuotaError);
      assert.deepEqual([error.name, error.message, error.quota, error.half()], ["QuotaError", "quota used up", 10, 5]);
    },
  ),
  fails(
    "throws an error of a registered class whose constructor wants more than there is",
    ({ executor }) => executor.submit(failing.throwPicky),
    (reason) => {
      const error = expectError(reason, Error);
      assert.deepEqual([error.name, error.message], ["PickyError", "hard to please"]);
    },
  ),
  fails(
    "throws an AggregateError",
    ({ executor }) => executor.submit(failing.throwAggregate),
    (reason) => {
      const error = expectError(reason, AggregateError);
      assert.equal(error.message, "several");
      assert.equal(error.errors.length, 3);
      assert.equal(expectError(error.errors[0], RangeError).message, "first");
      assert.equal(error.errors[1], "second");
      assert.equal(field(expectError(error.errors[2], Error), "limit"), 3);
    },
  ),
  ...(
    [
      ["undefined", failing.throwUndefined, undefined],
      ["null", failing.throwNull, null],
      ["0", failing.throwZero, 0],
      ["a string", failing.throwText, "plain text"],
      ["a plain object", failing.throwObject, { status: 404, path: ["a", "b"] }],
    ] as const
  ).map(([what, task, thrown]) =>
    fails(
      `throws ${what}`,
      ({ executor }) => executor.submit(task),
      (reason) => assert.deepEqual(reason, thrown),
    ),
  ),
  fails(
    "rejects with nothing",
    ({ executor }) => executor.submit(failing.rejectWithNothing),
    (reason) => assert.equal(reason, undefined),
  ),
  fails(
    "rejects after a turn",
    ({ executor }) => executor.submit(failing.rejectLater),
    (reason) => assert.equal(expectError(reason, RangeError).message, "later"),
  ),
  fails(
    "throws a system error",
    ({ executor }) => executor.submit(failing.throwSystemError),
    (reason) => {
      const error = expectError(reason, Error);
      assert.deepEqual([field(error, "code"), field(error, "syscall")], ["ENOENT", "open"]);
      assert.equal(field(error, "path"), "/does/not/exist");
    },
  ),
  fails(
    "throws a DOMException",
    ({ executor }) => executor.submit(failing.throwAbort),
    (reason) => assert.equal(expectError(reason, Error).name, "AbortError"),
  ),
  fails(
    "throws an error that is its own cause",
    ({ executor }) => executor.submit(failing.throwCyclic),
    (reason) => assert.equal(expectError(reason, Error).message, "round and round"),
  ),
  fails(
    "throws a frozen error",
    ({ executor }) => executor.submit(failing.throwFrozen),
    (reason) => assert.equal(field(expectError(reason, Error), "kept"), 3),
  ),
  fails(
    "throws an error holding a function",
    ({ executor }) => executor.submit(failing.throwHoldingFunction),
    (reason, kind) => {
      const error = expectError(reason, TypeError);
      assert.deepEqual(
        [error.message, field(error, "code"), field(error, "kept")],
        ["holds a function", "E_HOLDER", 1],
      );
      if (kind === "event-loop") assert.equal(typeof field(error, "handler"), "function");
      else assert.match(String(field(error, "handler")), /onClick/);
    },
  ),
  fails(
    "throws an error holding a getter that throws",
    ({ executor }) => executor.submit(failing.throwHoldingTrap),
    (reason) => {
      const error = expectError(reason, Error);
      assert.deepEqual([error.message, field(error, "kept")], ["holds a trap", 2]);
    },
  ),
  fails(
    "throws a function",
    ({ executor }) => executor.submit(failing.throwFunction),
    (reason, kind) => {
      if (kind === "event-loop") assert.equal(typeof reason, "function");
      else assert.match(expectError(reason, RemoteError).message, /culprit/);
    },
  ),
  fails(
    "throws a symbol",
    ({ executor }) => executor.submit(failing.throwSymbol),
    (reason, kind) => {
      if (kind === "event-loop") assert.equal(String(reason), "Symbol(oops)");
      else assert.match(expectError(reason, RemoteError).message, /oops/);
    },
  ),
];

const RETURNING: readonly Case[] = [
  unclonable(
    "returns a function (C06)",
    ({ executor }) => executor.submit(failing.returnFunction),
    "result",
    (value) => assert.equal(typeof value, "function"),
  ),
  unclonable(
    "returns an object holding a function",
    ({ executor }) => executor.submit(failing.returnHolder),
    "result.fn",
    (value) => assert.ok(value !== null && typeof value === "object" && "fn" in value),
  ),
  unclonable(
    "returns a function deep inside an array",
    ({ executor }) => executor.submit(failing.returnDeepHolder),
    "result.list[1].deep",
    (value) => assert.ok(value !== null && typeof value === "object" && "list" in value),
  ),
  unclonable(
    "returns a symbol",
    ({ executor }) => executor.submit(failing.returnSymbol),
    "result",
    (value) => assert.equal(String(value), "Symbol(result)"),
  ),
];

const EXITING: readonly Case[] = [
  fails(
    "throws from a timer, where nobody catches",
    ({ executor }) => executor.submit(exiting.throwFromTimer),
    (reason) => {
      const error = expectError(reason, WorkerExitedError);
      const cause = expectError(error.cause, RangeError);
      assert.deepEqual([cause.message, field(cause, "code")], ["thrown from a timer", "E_TIMER"]);
      assert.ok(error.message.includes("thrown from a timer"), error.message);
    },
    { needs: worker, lost: 1 },
  ),
  fails(
    "leaves a rejection behind that nobody handles",
    ({ executor }) => executor.submit(exiting.rejectUnhandled),
    (reason) => {
      const cause = expectError(expectError(reason, WorkerExitedError).cause, RangeError);
      assert.equal(cause.message, "rejected and dropped");
    },
    { needs: worker, lost: 1 },
  ),
  ...[0, 3].map((code) =>
    fails(
      `process.exit(${code}) (C02, C08)`,
      ({ executor }) => executor.submit(exiting.exitWith, code),
      (reason) => expectExit(reason, { exitCode: code, signal: null }, "exitWith"),
      { needs: worker, lost: 1 },
    ),
  ),
  fails(
    "process.exit(4) after a turn",
    ({ executor }) => executor.submit(exiting.exitLater, 4),
    (reason) => expectExit(reason, { exitCode: 4, signal: null }, "exitLater"),
    { needs: worker, lost: 1 },
  ),
  fails(
    "process.exit(99) holding more arguments than a pipe takes (C10)",
    ({ executor }) => executor.submit(exiting.exitHolding, new Uint8Array(4_000_000)),
    (reason) => expectExit(reason, { exitCode: 99, signal: null }, "exitHolding"),
    { needs: worker, lost: 1 },
  ),
  ...(["SIGKILL", "SIGTERM"] as const).map((signal) =>
    fails(
      `sends itself ${signal}`,
      ({ executor }) => executor.submit(exiting.killOneself, signal),
      (reason) => expectExit(reason, { exitCode: null, signal }, "killOneself"),
      { needs: ["workers", "ownProcess"], lost: 1 },
    ),
  ),
  fails(
    "allocates until its heap limit",
    ({ executor }) => executor.submit(exiting.allocateForEver),
    (reason, kind) => {
      const error = expectError(reason, WorkerExitedError);
      if (kind !== "thread") return;
      assert.equal(field(expectError(error.cause, Error), "code"), "ERR_WORKER_OUT_OF_MEMORY");
    },
    {
      needs: worker,
      lost: 1,
      options: { resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 } },
    },
  ),
];

const ENDLESS: readonly Case[] = [
  {
    ...fails(
      "loops for ever, with a time-out",
      ({ executor }) => executor.with({ timeout: 20 }).submit(exiting.spinForEver),
      (reason) => expectError(reason, TimeoutError),
      { needs: worker },
    ),
    lost: undefined,
  },
  {
    ...fails(
      "loops for ever, and is aborted",
      ({ executor, file }) => {
        const abort = new AbortController();
        const future = executor.with({ signal: abort.signal }).submit(exiting.spinForEver, file);
        void made(file).then(() => abort.abort("enough"));
        return future;
      },
      (reason) => assert.equal(expectError(reason, CancelledError).cause, "enough"),
      { needs: worker },
    ),
    lost: undefined,
  },
];

/** A reference to an export of a module in the folder of tasks that only has to be named. */
function reference(module: string): FunctionRef<[], number> {
  return moduleRef<{ task(): number }>(new URL(module, tasksUrl)).task;
}

const MODULES: readonly Case[] = [
  fails(
    "its module does not exist",
    ({ executor }) => executor.submit(reference("absent.js")),
    (reason) => assert.match(expectError(reason, FunctionRefError).message, /absent\.js/),
  ),
  fails(
    "its module throws while loading",
    ({ executor }) => executor.submit(reference("throws-on-load.js")),
    (reason) => {
      const error = expectError(reason, FunctionRefError);
      assert.match(error.message, /throws-on-load\.js/);
      const cause = expectError(error.cause, RangeError);
      assert.deepEqual([cause.message, field(cause, "code")], ["this module does not load", "E_LOAD"]);
    },
  ),
  fails(
    "its module lacks the export",
    ({ executor }) => executor.submit(moduleRef<{ sqare(n: number): number }>(new URL("basic.js", tasksUrl)).sqare, 1),
    (reason) => {
      const { message } = expectError(reason, FunctionRefError);
      assert.match(message, /sqare/);
      assert.match(message, /basic\.js/);
    },
  ),
  fails(
    "its module exports a non-function",
    ({ executor }) => executor.submit(moduleRef<{ notAFunction(): void }>(new URL("basic.js", tasksUrl)).notAFunction),
    (reason) => assert.match(expectError(reason, FunctionRefError).message, /notAFunction/),
  ),
  fails(
    "its module ends the worker while loading",
    ({ executor }) => executor.submit(reference("exits-on-load.js")),
    (reason) => expectExit(reason, { exitCode: 5, signal: null }, "task"),
    { needs: worker, lost: 1 },
  ),
  fails(
    "its module makes a pool while loading",
    ({ executor }) => executor.submit(reference("pool-on-load.js")),
    (reason) => {
      const error = expectError(reason, FunctionRefError);
      assert.match(`${error.message} ${String(error.cause)}`, /isMain/);
    },
    { needs: worker },
  ),
];

export const CASES: readonly Case[] = [...THROWING, ...RETURNING, ...EXITING, ...ENDLESS, ...MODULES];
