/** The pipes of a child: lines and pieces out of it, writes into it, and that each side waits for the other. */
import { readFileSync } from "node:fs";
import { CancelledError, InvalidOptionError, InvalidStateError, TimeoutError } from "manyhands";
import { BrokenPipeError, DEVNULL, type OutputPipe, PIPE, Popen } from "manyhands/subprocess";
import { describe, expect, test } from "vitest";
import { keepChild, script, shell } from "./children.js";
import { errorOf, until, within } from "./conformance/support.js";

const MB = 1024 * 1024;

/** A child that gives back what it reads. */
function echo(): Popen<"utf8"> {
  return keepChild(new Popen(["cat"], { stdin: PIPE, stdout: PIPE, encoding: "utf8" }));
}

async function linesOf<P extends string | Buffer>(pipe: OutputPipe<P>): Promise<P[]> {
  const lines: P[] = [];
  for await (const line of pipe.lines()) lines.push(line);
  return lines;
}

/** Asleep, which a child that never waits for anything is only while a pipe is full. */
function sleeps(pid: number): boolean {
  return /^.*\) S/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Bytes that the process has written, anywhere. */
function written(pid: number): number {
  return Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

describe("lines", () => {
  test.each<[string, string, readonly string[]]>([
    ["none", "", []],
    ["one", "a\n", ["a"]],
    ["a last one without an end", "a\nb", ["a", "b"]],
    ["of Windows", "a\r\nb\r\nc", ["a", "b", "c"]],
    ["empty ones", "\n\na\n\n", ["", "", "a", ""]],
    ["with a return inside, and at the very end", "a\rb\nc\r", ["a\rb", "c\r"]],
    ["whose characters are of many bytes", "ü世\n🌍\n", ["ü世", "🌍"]],
  ])("%s", async (_name, text, lines) => {
    const inText = echo();
    const inBytes = keepChild(new Popen(["cat"], { stdin: PIPE, stdout: PIPE }));
    for (const child of [inText, inBytes]) {
      await child.stdin.write(text);
      child.stdin.close();
    }
    expect(await within(linesOf(inText.stdout), "the lines")).toEqual(lines);
    expect(await within(linesOf(inBytes.stdout), "the lines")).toEqual(lines.map((line) => Buffer.from(line)));
  });

  test("in an encoding of two bytes, cut anywhere", async () => {
    const source = `
      for (const byte of Buffer.from("ab\\r\\n\\u0a0ac\\n", "utf16le")) {
        await new Promise((resolve) => process.stdout.write(Buffer.of(byte), () => setImmediate(resolve)));
      }`;
    const child = script(source, { stdout: PIPE, encoding: "utf16le" });
    expect(await within(linesOf(child.stdout), "the lines")).toEqual(["ab", "\u0a0ac"]);
  });

  test("200 000 of them, each once and in order", async () => {
    const child = keepChild(new Popen(["seq", "200000"], { stdout: PIPE, encoding: "utf8" }));
    const lines = await within(linesOf(child.stdout), "the lines", 20_000);
    expect(lines.length).toBe(200_000);
    expect(lines.every((line, at) => line === String(at + 1))).toBe(true);
  });

  test("one of 32 MB is as good as any", async () => {
    const source = `process.stdout.write("x".repeat(${32 * MB}) + "\\nshort\\n")`;
    const child = script(source, { stdout: PIPE, encoding: "latin1" });
    const [long = "", ...rest] = await within(linesOf(child.stdout), "the lines", 20_000);
    expect([long.length, rest]).toEqual([32 * MB, ["short"]]);
  });

  test("leaving the loop takes nothing more: whoever reads next goes on from there", async () => {
    const child = keepChild(new Popen(["seq", "10"], { stdout: PIPE, encoding: "utf8" }));
    for await (const line of child.stdout.lines()) if (line === "3") break;
    expect(await child.stdout.readLine()).toBe("4");
    expect(await within(child.stdout.readAll(), "readAll()")).toBe("5\n6\n7\n8\n9\n10\n");
    expect(await child.stdout.readLine()).toBeUndefined();
    expect(await child.stdout.read()).toBeUndefined();
    expect(await child.stdout.readAll()).toBe("");
  });

  test("what has been written is there although the child has long ended", async () => {
    const child = shell("echo a; echo b; echo c >&2; exit 4", { stdout: PIPE, stderr: PIPE, encoding: "utf8" });
    expect(await child.wait()).toBe(4);
    expect(await within(linesOf(child.stdout), "the lines")).toEqual(["a", "b"]);
    expect(await within(child.stderr.readAll(), "readAll()")).toBe("c\n");
  });
});

test("pieces come as they are, and make up the whole", async () => {
  const child = keepChild(new Popen(["seq", "100000"], { stdout: PIPE }));
  const pieces: Buffer[] = [];
  for await (const piece of child.stdout.pieces()) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(1);
  expect(Buffer.concat(pieces).toString().trimEnd().split("\n").length).toBe(100_000);
});

describe("a child that writes faster than it is read from waits", () => {
  test.each(["nobody reads", "one line is read", "it is only waited for"])("%s", async (who) => {
    const child = keepChild(new Popen(["yes"], { stdout: PIPE, stderr: DEVNULL, encoding: "utf8" }));
    if (who === "one line is read") expect(await child.stdout.readLine()).toBe("y");
    const stop = new AbortController();
    const wait =
      who === "it is only waited for" ? errorOf(CancelledError, child.wait({ signal: stop.signal })) : undefined;
    await until(() => sleeps(child.pid), "the child should wait");
    expect(written(child.pid)).toBeLessThan(MB);
    stop.abort();
    await wait;
  });

  test("and goes on as it is read, to the end", async () => {
    const child = keepChild(new Popen(["head", "-c", String(20 * MB), "/dev/zero"], { stdout: PIPE }));
    await until(() => sleeps(child.pid), "the child should wait");
    const all = await within(child.stdout.readAll(), "readAll()", 20_000);
    expect([all.length, await child.wait()]).toEqual([20 * MB, 0]);
  });
});

describe("a reader that leaves early takes nothing", () => {
  test("by a time-out", async () => {
    const child = echo();
    await child.stdin.write("half");
    for (const read of ["readLine", "readAll"] as const) {
      const error = await errorOf(TimeoutError, child.stdout[read]({ timeout: 1 }), read);
      expect(error.message).toMatch(/stdout .*within 1 ms/);
    }
    await child.stdin.write(" a line\n");
    expect(await within(child.stdout.readLine(), "readLine()")).toBe("half a line");
    await errorOf(TimeoutError, child.stdout.read({ timeout: 0 }));
  });

  test("whether it wanted a line or anything", async () => {
    const child = echo();
    await child.stdin.write("no line");
    await errorOf(TimeoutError, child.stdout.readLine({ timeout: 1 }));
    expect(await within(child.stdout.read(), "read()")).toBe("no line");
    await child.stdin.write("a line\n");
    expect(await within(child.stdout.readLine(), "readLine()")).toBe("a line");
  });

  test("by a signal", async () => {
    const child = echo();
    const stop = new AbortController();
    const left = errorOf(CancelledError, child.stdout.readLine({ signal: stop.signal }));
    stop.abort();
    await left;
    await errorOf(CancelledError, child.stdout.readLine({ signal: stop.signal }));
    await child.stdin.write("line\n");
    expect(await within(child.stdout.readLine(), "readLine()")).toBe("line");
  });

  test("of two readers each line has one", async () => {
    const child = keepChild(new Popen(["seq", "1000"], { stdout: PIPE, encoding: "utf8" }));
    const [one, two] = await within(Promise.all([linesOf(child.stdout), linesOf(child.stdout)]), "both");
    const all = [...one, ...two].map(Number).sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
  });
});

describe("writing", () => {
  test("a conversation, line by line", async () => {
    const child = echo();
    for (const word of ["one", "two", "three"]) {
      await child.stdin.write(`${word}\n`);
      expect(await within(child.stdout.readLine(), "readLine()")).toBe(word);
    }
    child.stdin.close();
    expect(await within(child.wait(), "wait()")).toBe(0);
  });

  test("waits while the pipe is full; what was given up arrives all the same, in order", async () => {
    const child = script(
      `const stays = setInterval(() => {}, 1000);
       process.once("SIGUSR2", () => process.stdin.once("end", () => clearInterval(stays)).pipe(process.stdout));
       console.log("ready");`,
      { stdin: PIPE, stdout: PIPE },
    );
    expect(await within(child.stdout.readLine(), "readLine()")).toEqual(Buffer.from("ready"));
    const error = await errorOf(TimeoutError, child.stdin.write(Buffer.alloc(4 * MB, "a"), { timeout: 1 }));
    expect(error.message).toMatch(/has not read .*on its way/);
    const stop = new AbortController();
    const cancelled = errorOf(CancelledError, child.stdin.write(Buffer.alloc(MB, "b"), { signal: stop.signal }));
    stop.abort();
    await cancelled;
    const last = child.stdin.write("c");
    child.stdin.close();
    child.sendSignal("SIGUSR2");
    const all = await within(child.stdout.readAll(), "readAll()", 20_000);
    await within(last, "the last write");
    expect(all.equals(Buffer.concat([Buffer.alloc(4 * MB, "a"), Buffer.alloc(MB, "b"), Buffer.from("c")]))).toBe(true);
  });

  test("a signal that has aborted writes nothing", async () => {
    const child = echo();
    await errorOf(CancelledError, child.stdin.write("never", { signal: AbortSignal.abort() }));
    child.stdin.close();
    expect(await within(child.stdout.readAll(), "readAll()")).toBe("");
  });

  test("calls that nobody waits for arrive in their order", async () => {
    const child = echo();
    const words = Array.from({ length: 1000 }, (_, n) => `${n} `);
    const all = Promise.all(words.map((word) => child.stdin.write(word)));
    child.stdin.close();
    expect(await within(child.stdout.readAll(), "readAll()")).toBe(words.join(""));
    await all;
  });

  test("to a child that has closed its end, or has ended, fails; also when it does so meanwhile", async () => {
    const closed = shell("exec <&-; echo closed; read x", { stdin: PIPE, stdout: PIPE, encoding: "utf8" });
    expect(await within(closed.stdout.readLine(), "readLine()")).toBe("closed");
    expect((await errorOf(BrokenPipeError, closed.stdin.write("x"))).code).toBe("ERR_BROKEN_PIPE");
    const ended = shell("true", { stdin: PIPE });
    await ended.wait();
    await errorOf(BrokenPipeError, ended.stdin.write("x"));
    const dying = keepChild(new Popen(["sleep", "1000"], { stdin: PIPE }));
    const write = errorOf(BrokenPipeError, dying.stdin.write(Buffer.alloc(MB)));
    dying.kill();
    await write;
  });

  test("only text and bytes, and not after close()", async () => {
    const child = echo();
    await errorOf(InvalidOptionError, child.stdin.write(5 as never));
    child.stdin.close();
    child.stdin.close();
    expect((await errorOf(InvalidStateError, child.stdin.write("x"))).message).toMatch(/closed here/);
  });
});

describe("closing this end of an output", () => {
  test("tells the child, which writes on", async () => {
    const child = keepChild(new Popen(["yes"], { stdout: PIPE, stderr: DEVNULL, encoding: "utf8" }));
    expect(await child.stdout.readLine()).toBe("y");
    child.stdout.close();
    child.stdout.close();
    // By SIGPIPE, or by the failure of a write: a child that is told ends, and not well.
    expect(await within(child.wait(), "wait()")).not.toBe(0);
    expect((await errorOf(InvalidStateError, child.stdout.readLine())).message).toMatch(/it was closed/);
  });

  test("ends the waits of readers", async () => {
    const child = echo();
    const readers = [child.stdout.readLine(), child.stdout.readAll(), child.stdout.read()];
    child.stdout.close();
    for (const reader of readers) await errorOf(InvalidStateError, reader);
  });
});

test("a stream that is no pipe says how to have one", () => {
  const child = shell("true");
  for (const name of ["stdin", "stdout", "stderr"] as const) {
    expect(() => child[name]).toThrow(
      new InvalidStateError(`The child has no ${name} here: start it with ${name}: PIPE`),
    );
  }
});
