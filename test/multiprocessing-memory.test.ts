/** The laws of `SharedMemory` and `ShareableList`: CASES.md H, and what is left when a process is killed. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { InvalidOptionError, InvalidStateError, ProcessPoolExecutor, ThreadPoolExecutor } from "manyhands";
import {
  SegmentError,
  SegmentExistsError,
  SegmentNotFoundError,
  type ShareableItem,
  ShareableList,
  SharedMemory,
} from "manyhands/multiprocessing";
import { describe, expect, test } from "vitest";
import { addToWord, readBytes, writeByte } from "#tasks/memory.js";
import { PosixMemory } from "../packages/manyhands/dist/memory/posix.js";
import { node, type Program, program, programPath, until } from "./conformance/support.js";
import { folder, keep, later } from "./keeping.js";

function make(size = 64): SharedMemory {
  const memory = new SharedMemory({ create: true, size });
  later(() => memory[Symbol.dispose]());
  return memory;
}

/** Whether there is a segment of this name. */
function exists(name: string): boolean {
  try {
    new SharedMemory({ name }).close();
    return true;
  } catch (error) {
    if (error instanceof SegmentNotFoundError) return false;
    throw error;
  }
}

/** The names of the program's segments, the last of which nobody but this test unlinks, whatever becomes of it. */
async function namesOf(owner: Program): Promise<readonly string[]> {
  const names = (await owner.line("names ")).split(" ");
  later(() => {
    const untracked = names.at(-1) ?? "";
    if (exists(untracked)) new SharedMemory({ name: untracked }).unlink();
  });
  return names;
}

describe("SharedMemory", () => {
  test("what one writes, all see that have attached to the name", () => {
    const memory = make();
    using other = new SharedMemory({ name: memory.name });
    memory.buf.set([1, 2, 3]);
    expect([...other.buf.subarray(0, 4)]).toEqual([1, 2, 3, 0]);
    new Float64Array(other.buffer)[7] = 0.5;
    expect(new DataView(memory.buffer).getFloat64(56, true)).toBe(0.5);
    expect(other.size).toBe(64);
  });

  test("new memory is all zeros, also where old memory was", () => {
    for (let round = 0; round < 8; round += 1) {
      using memory = new SharedMemory({ create: true, size: 1 << 20 });
      expect(memory.buf.every((byte) => byte === 0)).toBe(true);
      memory.buf.fill(0xff);
    }
  });

  test("creating what exists, attaching to what does not, and wrong sizes are errors of their own", () => {
    const { name } = make();
    expect(() => new SharedMemory({ name, create: true, size: 8 })).toThrow(SegmentExistsError);
    expect(() => new SharedMemory({ name: "manyhands-none" })).toThrow(SegmentNotFoundError);
    for (const size of [0, -1, 1.5]) {
      expect(() => new SharedMemory({ create: true, size })).toThrow(expect.objectContaining({ option: "size" }));
    }
    expect(() => new SharedMemory({ create: true })).toThrow(InvalidOptionError);
    expect(() => new SharedMemory({})).toThrow(expect.objectContaining({ option: "name" }));
    expect(() => new SharedMemory({ name: "a/b" })).toThrow(expect.objectContaining({ option: "name" }));
    const errors = [
      () => new SharedMemory({ name, create: true, size: 8 }),
      () => new SharedMemory({ name: "manyhands-none" }),
      () => new SharedMemory({ create: true, size: 0 }),
    ].map(codeOf);
    expect(errors).toEqual(["ERR_SEGMENT_EXISTS", "ERR_SEGMENT_NOT_FOUND", "ERR_INVALID_OPTION"]);
  });

  test("the size is ignored when attaching", () => {
    const memory = make(64);
    using other = new SharedMemory({ name: memory.name, size: 7 });
    expect(other.size).toBe(64);
  });

  test("more memory than there is cannot be created, and leaves no name", () => {
    const name = `manyhands-${process.pid}`;
    expect(() => new SharedMemory({ name, create: true, size: 2 ** 50 })).toThrow(SegmentError);
    expect(exists(name)).toBe(false);
  });

  test("after close the memory is not to be had here, and others keep it", () => {
    const memory = make();
    const other = new SharedMemory({ name: memory.name });
    const { buf } = other;
    memory.buf[0] = 7;
    other.close();
    other.close();
    expect(other.closed).toBe(true);
    expect(() => other.buffer).toThrow(InvalidStateError);
    expect(() => other.buf).toThrow(InvalidStateError);
    buf[0] = 9;
    expect(memory.buf[0]).toBe(7);
  });

  test("a view that outlives close shows zeros", () => {
    const memory = make();
    const { buf } = memory;
    buf[0] = 7;
    memory.close();
    expect(buf[0]).toBe(0);
  });

  test("memory that the system does not let go of says so, stays what it was, and can be let go of later", () => {
    const koffi = createRequire(import.meta.url)("koffi") as ConstructorParameters<typeof PosixMemory>[0];
    let mood: "able" | "unable" = "able";
    const memory = new PosixMemory({
      ...koffi,
      load: (library) => ({
        func: (prototype) => {
          const call = koffi.load(library).func(prototype) as (...given: unknown[]) => unknown;
          if (!prototype.includes("mmap(")) return call;
          return (...given: unknown[]) => (mood === "able" ? call(...given) : 2n ** 64n - 1n);
        },
      }),
    });
    const name = `mh_unable_${process.pid}`;
    const mapping = memory.create(name, 64);
    later(() => memory.unlink(name));
    new Uint8Array(mapping.buffer)[0] = 7;
    mood = "unable";
    const refused = expect.objectContaining({ code: "ERR_SEGMENT" });
    expect(() => mapping.release()).toThrow(refused);
    expect(() => memory.attach(name)).toThrow(refused);
    expect(new Uint8Array(mapping.buffer)[0]).toBe(7);
    mood = "able";
    mapping.release();
    expect(new Uint8Array(mapping.buffer)[0]).toBe(0);
  });

  test("unlink takes the name and leaves the memory to those who have it", () => {
    const memory = make();
    using other = new SharedMemory({ name: memory.name });
    memory.unlink();
    memory.unlink();
    expect(exists(memory.name)).toBe(false);
    memory.buf[0] = 3;
    expect(other.buf[0]).toBe(3);
    expect(() => other.unlink()).toThrow(SegmentNotFoundError);
  });

  test("leaving the scope of who created it unlinks it, of who uses it does not", () => {
    let name: string;
    {
      using memory = new SharedMemory({ create: true, size: 8 });
      name = memory.name;
      {
        using user = new SharedMemory({ name });
        expect(user.buf).toHaveLength(8);
      }
      expect(exists(name)).toBe(true);
    }
    expect(exists(name)).toBe(false);
  });

  test("a name that was unlinked can be used anew, and leaving the old scope does not harm the new segment", () => {
    const name = `manyhands-again-${process.pid}`;
    const first = new SharedMemory({ name, create: true, size: 8 });
    using user = new SharedMemory({ name });
    user.unlink();
    using second = new SharedMemory({ name, create: true, size: 8 });
    first[Symbol.dispose]();
    expect(exists(name)).toBe(true);
    expect(second.buf[0]).toBe(0);
  });

  test.each(["threads", "processes"])("two %s count in one word, and lose nothing", async (kind) => {
    const memory = make();
    const pool = keep(
      kind === "threads" ? new ThreadPoolExecutor({ maxWorkers: 2 }) : new ProcessPoolExecutor({ maxWorkers: 2 }),
    );
    const calls = [1, 2, 3, 4].map(() => pool.submit(addToWord, { name: memory.name, times: 50_000 }));
    await Promise.all(calls);
    expect(new Int32Array(memory.buffer)[0]).toBe(200_000);
  });

  test("a mere user that ends, or is killed, leaves the segment to the others", async () => {
    const memory = make();
    const pool = new ProcessPoolExecutor({ maxWorkers: 1 });
    await pool.submit(writeByte, memory.name, 3, 9);
    await pool.shutdown();
    const user = program("memory-owner", "attach", memory.name);
    await user.line("attached");
    process.kill(user.pid, "SIGKILL");
    await user.ended;
    expect([...memory.buf.subarray(0, 4)]).toEqual([1, 0, 0, 9]);
    const later = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
    expect(await later.submit(readBytes, memory.name)).toEqual([1, 0, 0, 9, 0, 0, 0, 0]);
  });
});

describe("the end of the process that created a segment", () => {
  test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
    "by %s unlinks what is tracked, and nothing else",
    async (signal) => {
      const owner = program("memory-owner", "wait");
      const [first = "", second = "", untracked = ""] = await namesOf(owner);
      using user = new SharedMemory({ name: first });
      process.kill(owner.pid, signal);
      await owner.ended;
      await until(() => !exists(first) && !exists(second), "the names should be gone");
      expect(exists(untracked)).toBe(true);
      user.buf[0] = 1;
      expect(user.buf[0]).toBe(1);
    },
  );

  test.each(["killed creating", "killed unlinking", "killed disposing"])(
    "when it is %s it leaves nothing, too",
    async (how) => {
      const owner = program("memory-owner", how);
      const name = await owner.line("names ");
      expect((await owner.ended).signal).toBe("SIGKILL");
      await until(() => !exists(name), "the name should be gone");
    },
  );

  test("that runs with options for Node which another folder does not understand leaves nothing", async () => {
    const place = folder();
    writeFileSync(join(place, "first.cjs"), "");
    const owner = node([programPath("memory-owner"), "wait"], {
      cwd: place,
      env: { NODE_OPTIONS: "--require ./first.cjs" },
    });
    const [first = "", second = ""] = await namesOf(owner);
    process.kill(owner.pid, "SIGKILL");
    await until(() => !exists(first) && !exists(second), "the names should be gone");
  });

  test("of itself unlinks it at once", async () => {
    const owner = program("memory-owner", "exit");
    const [first = "", second = "", untracked = ""] = await namesOf(owner);
    const { code, stderr } = await owner.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect([exists(first), exists(second), exists(untracked)]).toEqual([false, false, true]);
  });

  test("comes for a segment that a thread of it made, not with that thread", async () => {
    const owner = program("memory-owner", "thread");
    const name = await owner.line("names ");
    const { code, stderr } = await owner.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await until(() => !exists(name), "the name should be gone");
  });

  test("also comes for a segment that was adopted", async () => {
    const memory = make();
    const owner = program("memory-owner", "adopt", memory.name);
    await owner.line("adopted");
    expect(exists(memory.name)).toBe(true);
    process.kill(owner.pid, "SIGKILL");
    await until(() => !exists(memory.name), "the name should be gone");
  });

  test("leaves a segment alone that another has made under the same name", async () => {
    const owner = program("memory-owner", "wait");
    const [name = "", witness = ""] = await namesOf(owner);
    new SharedMemory({ name }).unlink();
    using second = new SharedMemory({ name, create: true, size: 8 });
    process.kill(owner.pid, "SIGKILL");
    await until(() => !exists(witness), "the other name should be gone");
    expect(exists(name)).toBe(true);
    expect(second.size).toBe(8);
  });
});

describe("without the package koffi", () => {
  test("shared memory is refused with an error that names the way out, and all else works", async () => {
    // The library by itself in a folder, with the one package that a call needs.
    const bare = join(folder(), "manyhands");
    const library = dirname(fileURLToPath(import.meta.resolve("manyhands/package.json")));
    for (const part of ["dist", "package.json"]) cpSync(join(library, part), join(bare, part), { recursive: true });
    const acorn = dirname(createRequire(join(library, "package.json")).resolve("acorn/package.json"));
    mkdirSync(join(bare, "node_modules"));
    symlinkSync(acorn, join(bare, "node_modules", "acorn"));
    const room = JSON.stringify(pathToFileURL(join(bare, "dist", "multiprocessing", "mod.js")).href);
    const { code, stdout, stderr } = await node([
      "--input-type=module",
      "--eval",
      `const { Pool, SharedMemory, Value } = await import(${room});
      for (const make of [() => new SharedMemory({ create: true, size: 8 }), () => new SharedMemory({ name: "a" }), () => new Value("i32")])
        try { make(); } catch (error) { console.log(error.name, error.code, error.message, error.cause.code); }
      const pool = new Pool(1);
      console.log(await pool.apply((n) => n * n, [3]));`,
    ]).ended;
    const refused =
      /^SharedMemoryUnavailableError ERR_SHARED_MEMORY_UNAVAILABLE .*run npm install koffi.* MODULE_NOT_FOUND$/;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trim().split("\n")).toEqual([
      ...Array.from({ length: 3 }, () => expect.stringMatching(refused)),
      "9",
    ]);
  });
});

describe("ShareableList", () => {
  function list(items: readonly ShareableItem[]): ShareableList {
    const made = new ShareableList(items);
    later(() => made[Symbol.dispose]());
    return made;
  }

  test("keeps every kind of item, for all that attach to it", () => {
    const items = [
      "howdy",
      "",
      12.5,
      -0,
      Number.NaN,
      -(2n ** 63n),
      true,
      false,
      null,
      Uint8Array.of(1, 2, 3),
      "grüße 👋",
    ];
    const made = list(items);
    using other = new ShareableList(undefined, { name: made.shm.name });
    expect([...other]).toEqual(items);
    expect(other.length).toBe(items.length);
    other.set(0, 42);
    expect(made.get(0)).toBe(42);
    made.set(8, "full");
    expect(other.get(8)).toBe("full");
  });

  test("eight bytes fit a slot of eight, nine are refused and the neighbours stay as they are", () => {
    const made = list(["aaaaaaaa", "bbbbbbbb", "cccccccc"]);
    made.set(1, "ÄÖÜß");
    expect([...made]).toEqual(["aaaaaaaa", "ÄÖÜß", "cccccccc"]);
    expect(() => made.set(1, "ÄÖÜßx")).toThrow(expect.objectContaining({ code: "ERR_INVALID_OPTION", option: "item" }));
    expect(() => made.set(1, new Uint8Array(9))).toThrow(RangeError);
    expect([...made]).toEqual(["aaaaaaaa", "ÄÖÜß", "cccccccc"]);
  });

  test("slots that do not exist and items of other kinds are refused", () => {
    const made = list(["a", 1]);
    for (const index of [-1, 2, 0.5]) expect(() => made.get(index)).toThrow(InvalidOptionError);
    expect(() => made.set(0, {} as string)).toThrow(InvalidOptionError);
    expect(() => made.set(1, 2n ** 63n)).toThrow(InvalidOptionError);
    expect(() => new ShareableList([undefined as unknown as null])).toThrow(InvalidOptionError);
    expect(() => new ShareableList()).toThrow(InvalidOptionError);
    expect(isDeepStrictEqual([...made], ["a", 1])).toBe(true);
  });

  test("counts and finds items", () => {
    const made = list(["a", 1, "a", Uint8Array.of(1), null]);
    expect([made.count("a"), made.count("b"), made.count(Uint8Array.of(1))]).toEqual([2, 0, 1]);
    expect([made.indexOf("a"), made.indexOf(null), made.indexOf(2)]).toEqual([0, 4, -1]);
  });

  test("memory that holds no list is refused", () => {
    const memory = make(8);
    memory.buf.fill(0xff);
    expect(() => new ShareableList(undefined, { name: memory.name })).toThrow(InvalidOptionError);
  });

  test("an empty list is a list", () => {
    expect([...list([])]).toEqual([]);
  });
});

function codeOf(fn: () => unknown): string {
  try {
    fn();
    return "none";
  } catch (error) {
    return (error as { code: string }).code;
  }
}
