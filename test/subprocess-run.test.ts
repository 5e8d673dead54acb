/** `run` and its short forms: what they give, what they refuse, and that the program has ended when they settle. */
import { getEventListeners } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CancelledError, InvalidOptionError, ManyhandsError } from "manyhands";
import * as asyncio from "manyhands/asyncio";
import {
  CalledProcessError,
  type Command,
  CompletedProcess,
  call,
  checkCall,
  checkOutput,
  DEVNULL,
  getOutput,
  getStatusOutput,
  PIPE,
  Popen,
  type RunOptions,
  run,
  STDOUT,
  StartError,
  TimeoutExpired,
} from "manyhands/subprocess";
import { describe, expect, test, vi } from "vitest";
import { keepChild, scriptArgs } from "./children.js";
import { errorOf, failureOf, until, within } from "./conformance/support.js";
import { folder } from "./keeping.js";
import { isAlive } from "./pids.js";

const wrong = (value: unknown): never => value as never;
const MB = 1024 * 1024;

describe("what run gives", () => {
  test("the command, the return code, and both outputs, apart, as text", async () => {
    const args = scriptArgs(`console.log("out"); console.error("err"); process.exitCode = 3`);
    const done = await run(args, { captureOutput: true, encoding: "utf8" });
    expect(done).toBeInstanceOf(CompletedProcess);
    expect({ ...done }).toEqual({ args, returnCode: 3, stdout: "out\n", stderr: "err\n" });
  });

  test("bytes without an encoding, and nothing of what is not captured", async () => {
    const done = await run(["printf", "\\377\\000a"], { stdout: PIPE });
    expect(done.stdout).toEqual(Buffer.from([255, 0, 97]));
    expect(done.stderr).toBeUndefined();
    expect(await run(["true"])).toMatchObject({ returnCode: 0, stdout: undefined, stderr: undefined });
  });

  test("what it is given to read, 10 MB there and back, and as much on the error output", async () => {
    const input = Buffer.alloc(10 * MB, "0123456789abcde\n");
    const both = `process.stdin.on("data", (data) => { process.stdout.write(data); process.stderr.write(data); })`;
    const done = await run(scriptArgs(both), { input, captureOutput: true });
    expect(done.returnCode).toBe(0);
    expect([done.stdout.equals(input), done.stderr.equals(input)]).toEqual([true, true]);
  });

  test.each<[BufferEncoding, string]>([
    ["utf8", "grüße, 世界, 🌍"],
    ["utf16le", "grüße, 世界, 🌍"],
    ["latin1", "grüße"],
  ])("text that goes out and comes in by the encoding: %s", async (encoding, text) => {
    expect(await checkOutput(["cat"], { input: text, encoding })).toBe(text);
    expect(await checkOutput(["cat"], { input: Buffer.from(text, encoding), encoding })).toBe(text);
  });

  test("characters whole, wherever their bytes are cut", async () => {
    const bytewise = `
      for (const byte of Buffer.from("ü世🌍".repeat(20))) {
        await new Promise((resolve) => process.stdout.write(Buffer.of(byte), () => setImmediate(resolve)));
      }`;
    expect(await checkOutput(scriptArgs(bytewise), { encoding: "utf8" })).toBe("ü世🌍".repeat(20));
  });

  test("an end of the input at once, when the input is empty", async () => {
    expect(await checkOutput(["cat"], { input: "", encoding: "utf8" })).toBe("");
    expect(await checkOutput(["cat"], { stdin: DEVNULL, encoding: "utf8" })).toBe("");
  });

  test("minus the number of the signal that ended it", async () => {
    expect(await call("kill -9 $$", { shell: true })).toBe(-9);
    expect(await call("kill -TERM $$", { shell: true })).toBe(-15);
  });

  test("its folder and its environment", async () => {
    const [where, env] = [folder(), { PATH: process.env["PATH"], WHO: "Ada" }];
    const text = await checkOutput(`pwd; echo "$WHO"`, { shell: true, cwd: where, env, encoding: "utf8" });
    expect(text).toBe(`${where}\nAda\n`);
    expect(await getOutput("pwd", { cwd: pathToFileURL(where) as never })).toBe(where);
  });
});

describe("where output leads", () => {
  test("stderr: STDOUT is in the order of writing (there is one pipe, not two)", async () => {
    const line = "for n in 1 2 3 4 5; do echo out $n; echo err $n >&2; done";
    const { stdout, stderr } = await run(line, { shell: true, stdout: PIPE, stderr: STDOUT, encoding: "utf8" });
    expect(stdout).toBe([1, 2, 3, 4, 5].map((n) => `out ${n}\nerr ${n}\n`).join(""));
    expect(stderr).toBeUndefined();
  });

  test("the program that the joining shell becomes has its arguments as they are, its pid, its signals", async () => {
    const words = ["a b", "$HOME", '"', "'", "*", "", "-n", "\n"];
    const args = [...scriptArgs("console.log(JSON.stringify(process.argv.slice(1)))"), "--", ...words];
    const done = await run(args, { stdout: PIPE, stderr: STDOUT, encoding: "utf8" });
    expect(JSON.parse(done.stdout ?? "")).toEqual(words);
    expect(await run("kill -9 $$", { shell: true, stdout: PIPE, stderr: STDOUT })).toMatchObject({ returnCode: -9 });
    const error = await errorOf(StartError, run(["no-such-program"], { stdout: PIPE, stderr: STDOUT }));
    expect(error.code).toBe("ERR_PROGRAM_NOT_FOUND");
  });

  test("nowhere, and with stderr: STDOUT nowhere together", async () => {
    const done = await run("echo a; echo b >&2", { shell: true, stdout: DEVNULL, stderr: STDOUT });
    expect(done).toMatchObject({ returnCode: 0, stdout: undefined });
  });

  test("into and from files: a descriptor, or what has one", async () => {
    const file = join(folder(), "lines");
    const writing = await open(file, "w");
    await run("echo b; echo a >&2", { shell: true, stdout: writing, stderr: STDOUT });
    await writing.close();
    expect(readFileSync(file, "utf8")).toBe("b\na\n");
    const reading = await open(file);
    expect(await checkOutput(["sort"], { stdin: reading.fd, encoding: "utf8" })).toBe("a\nb\n");
    await reading.close();
  });

  test("where this program's own output goes, unless it is told otherwise", async () => {
    const inner = `
      import { run, STDOUT } from "manyhands/subprocess";
      await run(["echo", "inherited"]);
      await run("echo error >&2", { shell: true, stderr: STDOUT });
    `;
    expect(await checkOutput(scriptArgs(inner), { encoding: "utf8" })).toBe("inherited\nerror\n");
  });
});

describe("check", () => {
  test("a return code other than 0 is an error that has it, and what was captured", async () => {
    const args = scriptArgs(`console.log("half"); console.error("first\\nno such table"); process.exitCode = 7`);
    const error = await errorOf(CalledProcessError, run(args, { captureOutput: true, encoding: "utf8", check: true }));
    expect(error).toBeInstanceOf(ManyhandsError);
    expect(error).toMatchObject({
      code: "ERR_CALLED_PROCESS",
      args,
      returnCode: 7,
      stdout: "half\n",
      output: "half\n",
    });
    expect(error.message).toMatch(/ended with exit code 7: no such table$/);
  });

  test("so is a signal, by its name", async () => {
    const error = await errorOf(CalledProcessError, checkCall("kill -TERM $$", { shell: true }));
    expect([error.returnCode, error.message]).toEqual([-15, '"kill -TERM $$" was ended by SIGTERM']);
  });

  test("checkOutput gives what was written, or that error", async () => {
    expect(await checkOutput(["echo", "a"], { encoding: "utf8" })).toBe("a\n");
    const error = await errorOf(CalledProcessError, checkOutput("echo part; exit 1", { shell: true }));
    expect(error.stdout).toEqual(Buffer.from("part\n"));
  });

  test("without it the return code is only told, and can be checked later", async () => {
    const done = await run(["false"]);
    expect(done.returnCode).toBe(1);
    expect(() => done.checkReturnCode()).toThrow(CalledProcessError);
    (await run(["true"])).checkReturnCode();
    expect(await call(["false"])).toBe(1);
    await checkCall(["true"]);
  });

  test("getStatusOutput gives code and text, both outputs in order, without the last end of a line", async () => {
    expect(await getStatusOutput("echo a; echo b >&2; exit 3")).toEqual([3, "a\nb"]);
    expect(await getOutput("printf 'x\\n\\n'")).toBe("x\n");
    expect((await getStatusOutput("no-such-program-anywhere"))[0]).toBe(127);
  });
});

describe("what cannot be started", () => {
  const inFolder = (name: string, text: string, mode: number): string => {
    const path = join(folder(), name);
    writeFileSync(path, text, { mode });
    return path;
  };
  const CASES: Readonly<Record<string, readonly [string, RegExp, () => [Command, RunOptions?]]>> = {
    "a missing program": ["ERR_PROGRAM_NOT_FOUND", /no-such-program: no such .*PATH/, () => [["no-such-program", "x"]]],
    "a line given as the name of a program": [
      "ERR_PROGRAM_NOT_FOUND",
      /"ls -l": .*\[program, argument, …\].*shell: true/,
      () => ["ls -l"],
    ],
    "a missing path": ["ERR_PROGRAM_NOT_FOUND", /\/no\/such\/program/, () => [["/no/such/program"]]],
    "an empty PATH": ["ERR_PROGRAM_NOT_FOUND", /ls: no such/, () => [["ls"], { env: { PATH: "/no/where" } }]],
    "a missing folder, though the program is there": [
      "ERR_FOLDER_NOT_FOUND",
      /ls in "\/no\/such\/folder": .*does not exist.*cwd/,
      () => [["ls"], { cwd: "/no/such/folder" }],
    ],
    "a folder that is a file": [
      "ERR_FOLDER_NOT_FOUND",
      /is a file/,
      () => [["ls"], { cwd: inFolder("file", "", 0o644) }],
    ],
    "a file that may not be executed": ["ERR_NOT_EXECUTABLE", /no right/, () => [[inFolder("data", "", 0o644)]]],
    "a folder": ["ERR_NOT_EXECUTABLE", /is a folder/, () => [[folder()]]],
    "a script without its interpreter": [
      "ERR_START_REFUSED",
      /interpreter/,
      () => [[inFolder("script", "#!/no/such/interpreter\n", 0o755)]],
    ],
    "more arguments than the system takes": ["ERR_START_REFUSED", /E2BIG/, () => [["ls", "x".repeat(3 * MB)]]],
  };

  test.each(Object.entries(CASES))("%s is told apart", async (_name, [code, message, make]) => {
    const [args, options] = make();
    const error = await errorOf(StartError, run(args, options));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.program).toBe(typeof args === "string" ? args : args[0]);
  });

  test("and leaves no descriptors behind", async () => {
    const count = (): Promise<string> => getOutput(`ls /proc/${process.pid}/fd | wc -l`);
    const before = await count();
    for (let n = 0; n < 50; n += 1) await failureOf(run(["no-such-program"], { input: "x", captureOutput: true }));
    await new Promise((resolve) => setImmediate(resolve));
    // The pipes of the counting itself may be among them, or not yet closed; one left behind each time would be fifty more.
    expect(Number(await count())).toBeLessThan(Number(before) + 50);
  });

  test("in a shell it is the shell's affair: 127", async () => {
    expect(await run("no-such-program", { shell: true, stderr: DEVNULL })).toMatchObject({ returnCode: 127 });
  });
});

describe("what is refused before anything is started (N06)", () => {
  const MISTAKES: Readonly<Record<string, readonly [options: object, RegExp]>> = {
    "input and stdin": [{ input: "x", stdin: PIPE }, /input and stdin/],
    "captureOutput and stdout": [{ captureOutput: true, stdout: PIPE }, /captureOutput excludes/],
    "captureOutput and stderr": [{ captureOutput: true, stderr: STDOUT }, /captureOutput excludes/],
    "stdout: STDOUT": [{ stdout: STDOUT }, /stdout must be .*STDOUT is for stderr only/],
    "stdin: STDOUT": [{ stdin: STDOUT }, /stdin must be .*STDOUT is for stderr only/],
    "an option that there is not": [{ capture_output: true }, /did you mean captureOutput\?/],
    "a bare number": [5 as never, /options must be an object/],
    "a stream that is none": [{ stdout: "file.txt" }, /stdout must be PIPE, .*got "file.txt"/],
    "a descriptor that is none": [{ stderr: -1 }, /stderr must be PIPE/],
    "an unknown encoding": [{ encoding: "klingon" }, /encoding must be .*"klingon"/],
    "a time-out that is none": [{ timeout: "5s" }, /timeout must be a number of milliseconds/],
    "a signal that is none": [{ signal: "SIGTERM" }, /signal must be an AbortSignal/],
    "input that is none": [{ input: 5 }, /input must be a string or/],
    "a shell that is none": [{ shell: 1 }, /shell must be/],
    "an environment of numbers": [{ env: { PORT: 80 } }, /env.PORT must be a string, got 80/],
    "a folder that is no path": [{ cwd: 5 }, /cwd must be/],
    "a killTree that is no yes or no": [{ killTree: "yes" }, /killTree must be a boolean/],
  };

  test.each(Object.entries(MISTAKES))("%s", async (_name, [options, message]) => {
    const file = join(folder(), "trace");
    const error = await errorOf(InvalidOptionError, run(["touch", file], wrong(options)));
    expect(error.message).toMatch(message);
    expect(existsSync(file)).toBe(false);
  });

  test.each<[string, unknown, object, RegExp]>([
    ["no program", [], {}, /args must be \[program/],
    ["an empty name", "", {}, /args must be/],
    ["a number among the arguments", ["ls", 5], {}, /args\[1\] must be a string, got 5/],
    ["a character 0", ["ls", "a\0b"], {}, /args\[1\] has a character 0/],
    ["an array for a shell", ["echo", "a"], { shell: true }, /one string/],
  ])("%s", async (_name, args, options, message) => {
    expect((await errorOf(InvalidOptionError, run(wrong(args), options))).message).toMatch(message);
  });

  test("what the short forms decide themselves", async () => {
    await errorOf(InvalidOptionError, call(["true"], wrong({ check: true })));
    await errorOf(InvalidOptionError, checkCall(["true"], wrong({ captureOutput: true })));
    const error = await errorOf(InvalidOptionError, checkOutput(["true"], wrong({ stdout: PIPE })));
    expect(error.message).toMatch(/checkOutput has no option stdout/);
    await errorOf(InvalidOptionError, getOutput("true", wrong({ shell: "bash" })));
  });
});

/** Until the time-out was long enough for the program to get as far as `seen`: how fast a machine is must not decide. */
async function timedOut(args: Command, options: RunOptions, seen: string): Promise<TimeoutExpired> {
  for (let timeout = 50; ; timeout *= 2) {
    const error = await errorOf(TimeoutExpired, run(args, { ...options, timeout, stdout: PIPE, encoding: "utf8" }));
    if (String(error.stdout).includes(seen)) return error;
  }
}

describe("time-outs", () => {
  test("the program is killed and has ended, and the error has what it wrote so far", async () => {
    const args = scriptArgs(`console.log("pid " + process.pid + " so far"); setInterval(() => {}, 1000)`);
    const error = await timedOut(args, {}, "so far");
    expect(error).toMatchObject({ code: "ERR_TIMEOUT_EXPIRED", args, stderr: undefined });
    expect(error.output).toBe(error.stdout);
    expect(error.message).toMatch(new RegExp(`has not ended within ${error.timeout} ms$`));
    expect(isAlive(Number(/pid (\d+)/.exec(String(error.stdout))?.[1]))).toBe(false);
  });

  test("one that ignores SIGTERM as well", async () => {
    const error = await timedOut("trap '' TERM INT; echo $$; while :; do sleep 1; done", { shell: true }, "\n");
    expect(isAlive(Number(error.stdout))).toBe(false);
  });

  test("of a shell, whose own children go on, the call ends all the same", async () => {
    const error = await timedOut("sleep 1000 & echo $!; wait", { shell: true }, "\n");
    const grandchild = Number(error.stdout);
    expect(isAlive(grandchild)).toBe(true);
    process.kill(grandchild, "SIGKILL");
  });

  test("with killTree nobody is left: neither children nor theirs", async () => {
    const line = `sleep 1000 & echo $!; sh -c 'sleep 1000 & echo $!; wait' & wait`;
    const error = await timedOut(line, { shell: true, killTree: true }, "\n");
    for (const pid of String(error.stdout).trim().split("\n").map(Number)) {
      // The signal is on its way to all of them; of their end nobody tells us.
      await until(() => !isAlive(pid), `${pid} should have ended`);
    }
  });

  test("nor those that the shell has left behind when it ended, and who still hold its output", async () => {
    const error = await timedOut("sleep 1000 & echo $!", { shell: true, killTree: true }, "\n");
    await until(() => !isAlive(Number(error.stdout)), "the grandchild should have ended");
  });

  test("0 is a look: it has not ended", async () => {
    await errorOf(TimeoutExpired, run(["sleep", "1000"], { timeout: 0 }));
  });

  test("a program that ends in time leaves no timer to wait for", async () => {
    const inner = `import { run } from "manyhands/subprocess"; await run(["true"], { timeout: 1e8 }); console.log("end")`;
    expect(await within(checkOutput(scriptArgs(inner), { encoding: "utf8" }), "the program should end")).toBe("end\n");
  });
});

describe("aborting", () => {
  test("a signal that has aborted starts nothing", async () => {
    const file = join(folder(), "trace");
    const error = await errorOf(CancelledError, run(["touch", file], { signal: AbortSignal.abort("no") }));
    expect(error.cause).toBe("no");
    expect(existsSync(file)).toBe(false);
  });

  test("one that aborts in the same turn kills what has just been started, before it rejects (N10)", async () => {
    const stop = new AbortController();
    const ended = failureOf(run(["sleep", "1000"], { signal: stop.signal }));
    const kill = vi.spyOn(process, "kill");
    stop.abort("enough");
    expect(await ended).toMatchObject({ code: "ERR_CANCELLED", cause: "enough" });
    const [[pid = 0, signal] = []] = kill.mock.calls;
    kill.mockRestore();
    expect(signal).toBe("SIGKILL");
    expect(isAlive(pid)).toBe(false);
  });

  test("with killTree the whole tree", async () => {
    const stop = new AbortController();
    const file = join(folder(), "pid");
    const line = `sleep 1000 & echo $! > ${file}.new; mv ${file}.new ${file}; wait`;
    const ended = failureOf(run(line, { shell: true, killTree: true, signal: stop.signal }));
    await until(() => existsSync(file), "the shell should have started its child");
    stop.abort();
    expect(await ended).toBeInstanceOf(CancelledError);
    const pid = Number(readFileSync(file, "utf8"));
    await until(() => !isAlive(pid), "the grandchild should have ended");
  });

  test("a task that is cancelled does so too, without a signal: run kills, wait lets live", async () => {
    const kill = vi.spyOn(process, "kill");
    const task = asyncio.createTask(() => run(["sleep", "1000"]));
    const child = keepChild(new Popen(["sleep", "1000"]));
    const waiting = asyncio.createTask(() => child.wait());
    await new Promise((resolve) => setImmediate(resolve));
    for (const each of [task, waiting]) each.cancel();
    for (const each of [task, waiting]) await errorOf(CancelledError, each);
    const killed = kill.mock.calls.filter(([, signal]) => signal === "SIGKILL").map(([pid]) => pid);
    kill.mockRestore();
    expect(killed.map(isAlive)).toEqual([false]);
    expect(isAlive(child.pid)).toBe(true);
  });

  test("leaves nothing with a signal that lives long", async () => {
    const { signal } = new AbortController();
    await Promise.all([1, 2, 3].map(() => run(["true"], { signal, captureOutput: true })));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

test("fifty at once, each with its own", async () => {
  const all = await Promise.all(
    Array.from({ length: 50 }, (_, n) => checkOutput(["cat"], { input: `input ${n}`, encoding: "utf8" })),
  );
  expect(all).toEqual(Array.from({ length: 50 }, (_, n) => `input ${n}`));
});
