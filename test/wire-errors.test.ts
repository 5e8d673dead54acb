/** Failures: whatever is thrown arrives, as much like itself as can be. */
import v8 from "node:v8";
import { describe, expect, test } from "vitest";
import * as own from "../packages/manyhands/dist/base/errors.js";
import {
  decodeError,
  encodeError,
  joinStacks,
  registerError,
  type WireError,
} from "../packages/manyhands/dist/wire/mod.js";

const ROUTES = {
  thread: (wire: WireError): WireError => structuredClone(wire),
  process: (wire: WireError): WireError => v8.deserialize(v8.serialize(wire)) as WireError,
};

describe.each(Object.entries(ROUTES))("by %s", (_name, carry) => {
  const travel = (reason: unknown): unknown => decodeError(carry(encodeError(reason)));
  // biome-ignore lint/suspicious/noExplicitAny: errors of every shape are looked into
  const arrive = (reason: unknown): any => travel(reason);

  test.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])(
    "%o keeps its class",
    (ctor) => {
      const error = new ctor("what happened");
      const copy = arrive(error);
      expect(copy).toBeInstanceOf(ctor);
      expect(Object.getPrototypeOf(copy)).toBe(ctor.prototype);
      expect([copy.name, copy.message, copy.stack]).toEqual([error.name, error.message, error.stack]);
      expect(Object.keys(copy)).toEqual([]);
    },
  );

  test("DOMException keeps class, name and code", () => {
    const copy = arrive(new DOMException("stop", "AbortError"));
    expect(copy).toBeInstanceOf(DOMException);
    expect([copy.name, copy.message, copy.code]).toEqual(["AbortError", "stop", 20]);
  });

  const OURS = [
    new own.CancelledError("c", { cause: "why" }),
    new own.TimeoutError("t"),
    new own.QueueTimeoutError("q"),
    new own.BrokenExecutorError("b"),
    new own.WorkerExitedError({ worker: "w", id: 3, exitCode: null, signal: "SIGKILL", task: "f" }),
    new own.ShutdownError(),
    new own.InvalidStateError("s"),
    new own.InvalidOptionError("maxWorkers", "m"),
    new own.ClosureError("c", ["a", "b"]),
    new own.FunctionRefError("f", { cause: new SyntaxError("x") }),
    new own.SerializationError("args[0]", "p"),
    new own.RemoteError("r"),
    new own.InvariantError("i"),
  ];
  test.each(OURS)("$name arrives with all its fields", (error) => {
    const copy = arrive(error);
    expect(copy.constructor).toBe(error.constructor);
    expect({ ...copy, name: copy.name, message: copy.message, stack: copy.stack }).toEqual({
      ...error,
      name: error.name,
      message: error.message,
      stack: error.stack,
    });
    expect(copy.cause).toEqual(error.cause);
    expect(Object.keys(copy)).toEqual(Object.keys(error));
  });

  test("own properties, code and a chain of causes arrive", () => {
    const root = Object.assign(new RangeError("root"), { errno: -2 });
    const error = Object.assign(new Error("top", { cause: new TypeError("mid", { cause: root }) }), {
      code: "E_TOP",
      data: { when: new Date(0), list: new Map([[1, 2]]) },
    });
    const copy = arrive(error);
    expect(copy.code).toBe("E_TOP");
    expect(copy.data).toEqual(error.data);
    expect(copy.cause).toBeInstanceOf(TypeError);
    expect(copy.cause.cause).toBeInstanceOf(RangeError);
    expect(copy.cause.cause.errno).toBe(-2);
    expect(Object.keys(copy)).toEqual(["code", "data"]);
  });

  test("an unknown subclass becomes its nearest known class, with its name", () => {
    class HttpError extends TypeError {
      override name = "HttpError";
      readonly status: number;
      constructor(status: number) {
        super(`HTTP ${status}`);
        this.status = status;
      }
    }
    const copy = arrive(new HttpError(404));
    expect(Object.getPrototypeOf(copy)).toBe(TypeError.prototype);
    expect([copy.name, copy.message, copy.status]).toEqual(["HttpError", "HTTP 404", 404]);
  });

  test("a registered class arrives, whatever its constructor takes", () => {
    class Strange extends Error {
      readonly box: { value: number };
      constructor(box: { value: number }) {
        super(`value ${box.value}`);
        this.box = box;
      }
      get doubled(): number {
        return this.box.value * 2;
      }
    }
    registerError(Strange);
    const copy = arrive(new Strange({ value: 21 }));
    expect(copy).toBeInstanceOf(Strange);
    expect([copy.doubled, copy.message]).toEqual([42, "value 21"]);
  });

  test("a subclass of a registered class becomes that class", () => {
    class Base extends Error {}
    class Derived extends Base {}
    registerError(Base);
    expect(Object.getPrototypeOf(arrive(new Derived("d")))).toBe(Base.prototype);
  });

  test("a codec carries private state", () => {
    class Secret extends Error {
      #key: string;
      constructor(key: string) {
        super("secret");
        this.#key = key;
      }
      key(): string {
        return this.#key;
      }
    }
    registerError(Secret, { encode: (error) => error.key(), decode: (key) => new Secret(String(key)) });
    const error = new Secret("k");
    const copy = arrive(error);
    expect(copy.key()).toBe("k");
    expect(copy.stack).toBe(error.stack);
  });

  test("a codec that fails does not cost the error", () => {
    const fail = (): never => {
      throw new Error("codec");
    };
    for (const codec of [
      { encode: fail, decode: () => new Error("x") },
      { encode: () => 1, decode: fail },
      { encode: () => () => 1, decode: () => 5 as unknown as Error },
    ]) {
      class Coded extends Error {}
      registerError(Coded, codec);
      const copy = arrive(new Coded("kept"));
      expect([copy instanceof Coded, copy.message]).toEqual([true, "kept"]);
    }
  });

  test("AggregateError keeps its errors", () => {
    const copy = arrive(
      new AggregateError([new TypeError("a"), "b", Object.assign(new Error("c"), { n: 1 }), () => 1], "all"),
    );
    expect(copy).toBeInstanceOf(AggregateError);
    expect(copy.errors[0]).toBeInstanceOf(TypeError);
    expect(copy.errors[1]).toBe("b");
    expect(copy.errors[2].n).toBe(1);
    expect(copy.errors[3]).toContain("Function");
    expect(Object.keys(copy)).toEqual([]);
  });

  test("cycles of causes and properties come back as cycles", () => {
    const a: Error & { other?: unknown } = new Error("a");
    const b = new Error("b", { cause: a });
    a.cause = b;
    a.other = b;
    const copy = arrive(a);
    expect(copy.cause.cause).toBe(copy);
    expect(copy.other).toBe(copy.cause);
  });

  test("an endless chain of causes ends with a note", () => {
    let error = new Error("0");
    for (let i = 1; i < 1000; i += 1) error = new Error(String(i), { cause: error });
    let copy = arrive(error);
    let depth = 0;
    while (copy instanceof Error) {
      copy = copy.cause;
      depth += 1;
    }
    expect(depth).toBe(16);
    expect(copy).toMatch(/left out/);
  });

  test("a part that cannot be copied is replaced by its text, the rest arrives", () => {
    const error = Object.assign(new Error("x"), {
      handler: function onClick() {},
      state: { ok: 1, bad: { worse: Symbol("s") }, list: [1, () => 2] },
    });
    const copy = arrive(error);
    expect(copy.handler).toContain("onClick");
    expect(copy.state.ok).toBe(1);
    expect(copy.state.bad.worse).toContain("Symbol(s)");
    expect(copy.state.list[0]).toBe(1);
    expect(copy.state.list[1]).toContain("Function");
  });

  test.each([
    undefined,
    null,
    0,
    "",
    false,
    "text",
    42n,
    Number.NaN,
    { a: [1] },
    [1, 2],
    new Date(5),
    new Map([[1, 2]]),
  ])("%o, thrown, arrives as an equal value", (value) => {
    expect(travel(value)).toEqual(value);
  });

  test.each([() => 1, Symbol("s"), { f() {} }, new WeakMap(), Promise.resolve()])(
    "%o, thrown, arrives as a RemoteError with its text",
    (value) => {
      const copy = arrive(value);
      expect(copy).toBeInstanceOf(own.RemoteError);
      expect(copy.message.length).toBeGreaterThan(3);
    },
  );

  test("ten million characters of message are no trouble", () => {
    const message = "x".repeat(10_000_000);
    expect(arrive(new Error(message)).message).toBe(message);
  });

  test("keys that pollute prototypes are only keys", () => {
    const error = new Error("x");
    for (const key of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
      Object.defineProperty(error, key, {
        value: { polluted: true },
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    const copy = arrive(error);
    expect(Object.getPrototypeOf(copy)).toBe(Error.prototype);
    expect(Object.hasOwn(copy, "__proto__")).toBe(true);
    expect(Object.getOwnPropertyDescriptor(copy, "constructor")?.value).toEqual({ polluted: true });
    expect(Reflect.get({}, "polluted")).toBe(undefined);
  });

  const trap = (): never => {
    throw new Error("trap");
  };
  const HOSTILE: Record<string, () => unknown> = {
    "a proxy whose every trap throws": () =>
      new Proxy(new Error("x"), {
        get: trap,
        has: trap,
        ownKeys: trap,
        getPrototypeOf: trap,
        getOwnPropertyDescriptor: trap,
      }),
    "a proxy that only has a prototype": () =>
      new Proxy(new Error("x"), { get: trap, ownKeys: trap, getOwnPropertyDescriptor: trap }),
    "a revoked proxy": () => {
      const { proxy, revoke } = Proxy.revocable(new Error("x"), {});
      revoke();
      return proxy;
    },
    "getters that throw": () =>
      Object.defineProperties(
        new Error("x"),
        Object.fromEntries(
          ["stack", "message", "name", "cause", "code", "other"].map((key) => [key, { get: trap, enumerable: true }]),
        ),
      ),
    "a frozen error": () => Object.freeze(Object.assign(new Error("x"), { a: 1 })),
    "no prototype": () => Object.setPrototypeOf(new Error("x"), null),
    "a message that is no text": () => Object.defineProperty(new Error("x"), "message", { value: { toString: trap } }),
    "a name that is no text": () => Object.defineProperty(new Error("x"), "name", { value: Symbol("n") }),
    "errors that are no array": () => Object.defineProperty(new AggregateError([]), "errors", { value: 5 }),
    "an object that inspects badly": () => ({
      f() {},
      [Symbol.for("nodejs.util.inspect.custom")]: trap,
      toString: trap,
      toJSON: trap,
    }),
    "an endless chain of prototypes": () => {
      const proxy: object = new Proxy({}, { getPrototypeOf: (): object => proxy });
      return Object.setPrototypeOf(new Error("x"), proxy);
    },
    "shared memory as a property": () => Object.assign(new Error("x"), { memory: new SharedArrayBuffer(8) }),
    "properties nested very deeply": () => {
      let deep: unknown = () => 1;
      for (let i = 0; i < 20_000; i += 1) deep = [deep];
      return Object.assign(new Error("x"), { deep });
    },
    "a hundred thousand errors": () =>
      new AggregateError(Array.from({ length: 100_000 }, (_, i) => new Error(String(i)))),
  };
  test.each(Object.entries(HOSTILE))("neither side throws on %s", (_what, make) => {
    const copy = travel(make());
    expect(copy).toBeDefined();
    expect(() => String(Object.prototype.toString.call(copy))).not.toThrow();
  });
});

test.each([
  undefined,
  null,
  5,
  "x",
  [],
  {},
  { type: "other" },
  { type: "error" },
  { type: "error", classes: 5, properties: [[1], null], hidden: {}, errors: 3, message: {} },
  { type: "seen", index: 99 },
  { type: "error", classes: ["Error"], data: { value: 1 }, properties: [["a", null]] },
])("decoding %j, which is no error, does not throw", (wire) => {
  expect(() => decodeError(wire as unknown as WireError)).not.toThrow();
});

test("what cannot be understood is a RemoteError that says so", () => {
  expect(decodeError({ type: "nonsense" } as unknown as WireError)).toBeInstanceOf(own.RemoteError);
});

test("registerError refuses what is no named class of errors", () => {
  for (const ctor of [
    class {},
    Object,
    5,
    undefined,
    class extends Error {}.prototype,
    (() => class extends Error {})(),
  ]) {
    expect(() => registerError(ctor as never)).toThrow(own.InvalidOptionError);
  }
});

test("a user's TimeoutError and ours are different classes", () => {
  class TimeoutError extends Error {}
  registerError(TimeoutError);
  expect(decodeError(encodeError(new TimeoutError("u")))).toBeInstanceOf(TimeoutError);
  expect(decodeError(encodeError(new own.TimeoutError("o")))).toBeInstanceOf(own.TimeoutError);
});

describe("joinStacks", () => {
  const SUBMIT = "Error\n    at submit (file:///a.mjs:1:2)\n    at async main (file:///a.mjs:9:9)";
  test("appends the frames of the submit in V8's form, once", () => {
    const error = new Error("x");
    const before = error.stack;
    joinStacks(error, SUBMIT);
    joinStacks(error, SUBMIT);
    expect(error.stack).toBe(
      `${before}\n    --- submitted at ---\n    at submit (file:///a.mjs:1:2)\n    at async main (file:///a.mjs:9:9)`,
    );
    expect(Object.keys(error)).toEqual([]);
  });

  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error("t");
      },
    },
  );
  test.each([
    ["undefined", undefined],
    ["a number", 0],
    ["text", "x"],
    ["null", null],
    ["a frozen error", Object.freeze(new Error("f"))],
    ["an object without a stack", {}],
    ["a hostile proxy", hostile],
  ])("leaves %s alone", (_what, value) => {
    expect(() => joinStacks(value, SUBMIT)).not.toThrow();
    expect(() => joinStacks(value, undefined)).not.toThrow();
  });
});
