/** `communicate`: all in and all out at once; time-outs that lose nothing; children that do not do what one expects. */
import { CancelledError, InvalidOptionError, InvalidStateError } from "manyhands";
import { PIPE, Popen, STDOUT, TimeoutExpired } from "manyhands/subprocess";
import { describe, expect, test } from "vitest";
import { keepChild, script, scriptArgs, shell } from "./children.js";
import { errorOf, within } from "./conformance/support.js";
import { newGate } from "./keeping.js";

const MB = 1024 * 1024;
const ALL = { stdin: PIPE, stdout: PIPE, stderr: PIPE } as const;

/** A program that passes a gate before it goes on. */
const passing = (gate: string, label: string): string => `
  import { connect } from "node:net";
  await new Promise((resolve) => { const s = connect(${JSON.stringify(gate)}); s.once("data", resolve); s.write("${label}\\n"); });
`;

test("input of 10 MB, and as much on both outputs, at the same time", async () => {
  const input = Buffer.alloc(10 * MB, "abcdefg\n");
  const child = script(
    `process.stdin.on("data", (data) => { process.stdout.write(data); process.stderr.write(data); })`,
    ALL,
  );
  const { stdout, stderr } = await within(child.communicate({ input }), "communicate()", 20_000);
  expect([stdout?.equals(input), stderr?.equals(input), child.returnCode]).toEqual([true, true, 0]);
});

test("output that must be read before the input is: each side writes first", async () => {
  const child = script(
    `process.stdout.write("x".repeat(${4 * MB}), () => process.stdin.on("data", (data) => process.stdout.write(data)))`,
    { ...ALL, encoding: "latin1" },
  );
  const { stdout } = await within(child.communicate({ input: "y".repeat(4 * MB) }), "communicate()", 20_000);
  expect(stdout).toBe("x".repeat(4 * MB) + "y".repeat(4 * MB));
});

test("only what is a pipe is given, and a child without pipes is waited for", async () => {
  expect(await shell("echo a", { stdout: PIPE, encoding: "utf8" }).communicate()).toEqual({
    stdout: "a\n",
    stderr: undefined,
  });
  expect(await shell("exit 3").communicate()).toEqual({ stdout: undefined, stderr: undefined });
  const both = shell("echo a; echo b >&2", { stdout: PIPE, stderr: STDOUT, encoding: "utf8" });
  expect(await both.communicate()).toEqual({ stdout: "a\nb\n", stderr: undefined });
});

test("without input the child reads an end at once", async () => {
  const child = keepChild(new Popen(["cat"], { stdin: PIPE, stdout: PIPE, encoding: "utf8" }));
  expect(await within(child.communicate(), "communicate()")).toEqual({ stdout: "", stderr: undefined });
});

describe("a child that does not read all of its input is no error (N04)", () => {
  test.each(["true", "head -c 10", "exec <&-; echo closed", "kill -9 $$"])("%s", async (line) => {
    const child = shell(line, ALL);
    await within(child.communicate({ input: Buffer.alloc(MB) }), "communicate()");
    expect(child.returnCode).toBe(line.startsWith("kill") ? -9 : 0);
  });
});

describe("a time-out (N02)", () => {
  test("leaves the child alive, and the next call gives all there is of both phases", async () => {
    const gate = await newGate();
    const child = script(
      `process.stdout.write("first "); process.stderr.write("one "); ${passing(gate.path, "x")}
       process.stdout.write("second"); process.stderr.write("two");`,
      { stdout: PIPE, stderr: PIPE, encoding: "utf8" },
    );
    await gate.arrived(1);
    let error: TimeoutExpired;
    // What was written is on its way: how long it takes is not the law.
    do error = await errorOf(TimeoutExpired, child.communicate({ timeout: 1 }));
    while (error.stdout !== "first " || error.stderr !== "one ");
    expect(error).toMatchObject({ code: "ERR_TIMEOUT_EXPIRED", args: child.args, timeout: 1, output: "first " });
    expect(child.returnCode).toBeUndefined();
    gate.open();
    expect(await within(child.communicate(), "communicate()")).toEqual({ stdout: "first second", stderr: "one two" });
  });

  test("loses nothing of the input: 10 MB of which next to nothing had been read (gh-141473)", async () => {
    const gate = await newGate();
    const child = script(`${passing(gate.path, "x")} process.stdin.pipe(process.stdout);`, ALL);
    const input = Buffer.alloc(10 * MB, "0123456789\n");
    await gate.arrived(1);
    await errorOf(TimeoutExpired, child.communicate({ input, timeout: 1 }));
    await errorOf(TimeoutExpired, child.communicate({ timeout: 1 }));
    gate.open();
    const { stdout } = await within(child.communicate(), "communicate()", 20_000);
    expect(stdout?.equals(input)).toBe(true);
  });

  test("loses nothing of large output, however often it strikes", async () => {
    const text = Array.from({ length: 300_000 }, (_, n) => `line ${n} ü\n`).join("");
    const source = `process.stdout.write(Array.from({ length: 300_000 }, (_, n) => "line " + n + " ü\\n").join(""))`;
    const child = script(source, { stdout: PIPE, encoding: "utf8" });
    for (let ended = false; !ended; ) {
      try {
        ended = (await child.communicate({ timeout: 1 })).stdout === text;
        expect(ended).toBe(true);
      } catch (error) {
        if (!(error instanceof TimeoutExpired)) throw error;
        expect(text.startsWith(String(error.stdout))).toBe(true);
      }
    }
  });

  test("input in the second call is an error, and changes nothing", async () => {
    const gate = await newGate();
    const child = script(`${passing(gate.path, "x")} process.stdin.pipe(process.stdout);`, {
      ...ALL,
      encoding: "utf8",
    });
    await errorOf(TimeoutExpired, child.communicate({ input: "once", timeout: 0 }));
    const error = await errorOf(InvalidStateError, child.communicate({ input: "twice" }));
    expect(error.message).toMatch(/communicate\(\) has been called before/);
    gate.open();
    expect(await within(child.communicate(), "communicate()")).toEqual({ stdout: "once", stderr: "" });
  });

  test("then a kill, then the rest: the way it is done by hand", async () => {
    const child = script(`process.stdout.write("so far"); setInterval(() => {}, 1000)`, {
      stdout: PIPE,
      encoding: "utf8",
    });
    let error: TimeoutExpired;
    do error = await errorOf(TimeoutExpired, child.communicate({ timeout: 1 }));
    while (error.stdout === "");
    child.kill();
    expect(await within(child.communicate(), "communicate()")).toEqual({ stdout: "so far", stderr: undefined });
    expect(child.returnCode).toBe(-9);
  });
});

test("a call that is cancelled leaves the child alive, and loses nothing (N10)", async () => {
  const child = keepChild(new Popen(scriptArgs("process.stdin.pipe(process.stdout)"), { ...ALL, encoding: "utf8" }));
  const stop = new AbortController();
  const cancelled = child.communicate({ input: "kept", signal: stop.signal });
  stop.abort("why");
  expect((await errorOf(CancelledError, cancelled)).cause).toBe("why");
  expect(await within(child.communicate(), "communicate()")).toEqual({ stdout: "kept", stderr: "" });
});

test("a signal that has aborted sends no input, so that it can be sent later", async () => {
  const child = keepChild(new Popen(["cat"], { ...ALL, encoding: "utf8" }));
  await errorOf(CancelledError, child.communicate({ input: "never", signal: AbortSignal.abort() }));
  expect((await within(child.communicate({ input: "now" }), "communicate()")).stdout).toBe("now");
});

test("several calls at once are one exchange, and later ones give the same again", async () => {
  const child = keepChild(new Popen(["cat"], { ...ALL, encoding: "utf8" }));
  const all = await within(Promise.all([child.communicate({ input: "a" }), child.communicate()]), "both calls");
  expect(all).toEqual([
    { stdout: "a", stderr: "" },
    { stdout: "a", stderr: "" },
  ]);
  expect(await child.communicate()).toEqual(all[0]);
});

describe("with readers and writers", () => {
  test("it gives what they have not taken, half a line as well, and sends after what they have written", async () => {
    const child = keepChild(new Popen(["cat"], { ...ALL, encoding: "utf8" }));
    await child.stdin.write("first\nhal");
    expect(await child.stdout.readLine()).toBe("first");
    expect(await within(child.communicate({ input: "f\n" }), "communicate()")).toEqual({
      stdout: "half\n",
      stderr: "",
    });
  });

  test("it ends the waits of readers, without taking anything for them, and refuses later ones", async () => {
    const child = keepChild(new Popen(["cat"], { ...ALL, encoding: "utf8" }));
    const reader = child.stdout.readLine();
    const whole = child.communicate({ input: "line\n" });
    expect((await errorOf(InvalidStateError, reader)).message).toMatch(/stdout: it belongs to communicate\(\)/);
    expect(await within(whole, "communicate()")).toEqual({ stdout: "line\n", stderr: "" });
    await errorOf(InvalidStateError, child.stdout.readAll());
    expect((await errorOf(InvalidStateError, child.stdin.write("more"))).message).toMatch(/closed/);
  });

  test("input needs a pipe that has not been closed, and is refused before anything is sent", async () => {
    await errorOf(InvalidOptionError, shell("true").communicate({ input: "x" }));
    const child = keepChild(new Popen(["cat"], { ...ALL, encoding: "utf8" }));
    await errorOf(InvalidOptionError, child.communicate({ input: 5 as never }));
    child.stdin.close();
    await errorOf(InvalidStateError, child.communicate({ input: "x" }));
    expect((await within(child.communicate(), "communicate()")).stdout).toBe("");
  });

  test("options of the wrong shape are refused by name", async () => {
    const child = shell("true");
    expect((await errorOf(InvalidOptionError, child.communicate("text" as never))).message).toMatch(/options must be/);
    const error = await errorOf(InvalidOptionError, child.communicate({ inptu: "x" } as never));
    expect(error.message).toMatch(/did you mean input\?/);
  });
});

test("it waits for all who hold the output, also when the child itself has ended", async () => {
  const gate = await newGate();
  const inner = JSON.stringify(`${passing(gate.path, "x")} console.log("late")`);
  const child = script(
    `import { spawn } from "node:child_process";
     spawn(process.execPath, ["--input-type=module", "-e", ${inner}], { stdio: "inherit", detached: true }).unref();
     console.log("early");`,
    { stdout: PIPE, encoding: "utf8" },
  );
  expect(await within(child.wait(), "wait()")).toBe(0);
  await gate.arrived(1);
  const all = child.communicate();
  gate.open();
  expect((await within(all, "communicate()")).stdout).toBe("early\nlate\n");
});
