/** A child's life: waiting, signals, and how it is given up. */
import { constants } from "node:os";
import { CancelledError, InvalidOptionError, InvalidStateError } from "manyhands";
import { DEVNULL, PIPE, Popen, StartError, TimeoutExpired } from "manyhands/subprocess";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Reach } from "../packages/manyhands/dist/subprocess/reach.js";
import { keepChild, script, scriptArgs, shell } from "./children.js";
import { errorOf, until, within } from "./conformance/support.js";
import { isAlive } from "./pids.js";

afterEach(() => vi.restoreAllMocks());

describe("waiting", () => {
  test("gives the exit code, as often as it is asked for", async () => {
    const child = shell("exit 5");
    expect([child.poll(), child.returnCode]).toEqual([undefined, undefined]);
    expect(await within(Promise.all([child.wait(), child.wait()]), "both")).toEqual([5, 5]);
    expect([child.poll(), child.returnCode, await child.wait({ timeout: 0 })]).toEqual([5, 5, 5]);
    expect(child.args).toBe("exit 5");
  });

  test("a time-out leaves the child alive", async () => {
    const child = keepChild(new Popen(["sleep", "1000"]));
    const error = await errorOf(TimeoutExpired, child.wait({ timeout: 1 }));
    expect({ ...error }).toMatchObject({ args: ["sleep", "1000"], timeout: 1, stdout: undefined, stderr: undefined });
    expect([child.poll(), isAlive(child.pid)]).toEqual([undefined, true]);
  });

  test("so does a signal (N10)", async () => {
    const child = keepChild(new Popen(["sleep", "1000"]));
    const stop = new AbortController();
    const wait = errorOf(CancelledError, child.wait({ signal: stop.signal }));
    stop.abort("why");
    expect((await wait).cause).toBe("why");
    await errorOf(CancelledError, child.wait({ signal: stop.signal }));
    expect(isAlive(child.pid)).toBe(true);
  });

  test("many waits of one child, one after another and at once, leave nothing behind", async () => {
    const warnings: unknown[] = [];
    const warn = (warning: unknown): void => void warnings.push(warning);
    process.on("warning", warn);
    const child = keepChild(new Popen(["cat"], { stdin: PIPE, stdout: PIPE, stderr: PIPE }));
    await Promise.all(Array.from({ length: 50 }, () => errorOf(TimeoutExpired, child.wait({ timeout: 1 }))));
    child.stdin.close();
    for (let n = 0; n < 50; n += 1) await child.communicate();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warn);
    expect(warnings).toEqual([]);
  });

  test("the constructor throws when there is nothing to start", () => {
    expect(() => new Popen(["no-such-program"])).toThrow(StartError);
    expect(() => new Popen(["ls"], { stout: PIPE } as never)).toThrow(
      /Popen has no option stout: did you mean stdout\?/,
    );
  });
});

describe("signals", () => {
  test("terminate, kill, and any other by name or number", async () => {
    const ends: readonly [(child: Popen) => void, NodeJS.Signals][] = [
      [(child) => child.terminate(), "SIGTERM"],
      [(child) => child.kill(), "SIGKILL"],
      [(child) => child.sendSignal("SIGHUP"), "SIGHUP"],
      [(child) => child.sendSignal(constants.signals.SIGQUIT), "SIGQUIT"],
    ];
    for (const [end, signal] of ends) {
      const child = keepChild(new Popen(["sleep", "1000"]));
      end(child);
      expect(await within(child.wait(), signal)).toBe(-constants.signals[signal]);
    }
  });

  test("one that it handles, it handles", async () => {
    const child = script(
      `process.once("SIGUSR2", () => process.exit(9)); console.log("ready"); setInterval(() => {}, 1000)`,
      {
        stdout: PIPE,
        encoding: "utf8",
      },
    );
    expect(await within(child.stdout.readLine(), "readLine()")).toBe("ready");
    child.sendSignal("SIGUSR2");
    expect(await within(child.wait(), "wait()")).toBe(9);
  });

  test("what is no signal is refused by name", () => {
    const child = keepChild(new Popen(["sleep", "1000"]));
    for (const signal of ["SIGNOTHING", "kill", 1.5, 12345, undefined]) {
      expect(() => child.sendSignal(signal as never)).toThrow(InvalidOptionError);
    }
    child.sendSignal(0);
  });

  test.each(["alone", "with its tree"])("to a child that has ended are silently nothing: %s (N08)", async (how) => {
    const child = keepChild(new Popen(["true"], { killTree: how !== "alone" }));
    await child.wait();
    const kill = vi.spyOn(process, "kill");
    child.terminate();
    child.kill();
    child.sendSignal("SIGUSR1");
    await child.close();
    // Not even asked of the system: the id may be somebody else's by now.
    expect(kill).not.toHaveBeenCalled();
    expect(child.returnCode).toBe(0);
  });

  test("with killTree they reach all that it has started", async () => {
    const line = `sleep 1000 & echo $!; sh -c 'sleep 1000 & echo $!; wait' & wait`;
    const child = shell(line, { stdout: PIPE, encoding: "utf8", killTree: true });
    const lines = child.stdout.lines();
    const pids = [await lines.next(), await lines.next()].map(({ value }) => Number(value));
    child.terminate();
    expect(await within(child.wait(), "wait()")).toBe(-15);
    for (const pid of pids) await until(() => !isAlive(pid), "all should have ended");
  });

  test("without it they reach itself alone", async () => {
    const child = shell("sleep 1000 & echo $!; wait", { stdout: PIPE, encoding: "utf8" });
    const grandchild = Number(await within(child.stdout.readLine(), "readLine()"));
    child.sendSignal("SIGKILL");
    expect(await within(child.wait(), "wait()")).toBe(-9);
    expect(isAlive(grandchild)).toBe(true);
    process.kill(grandchild, "SIGKILL");
  });
});

describe("a tree whose first process has ended", () => {
  /** The system, as far as the reach of signals is concerned. */
  function system(...alive: readonly number[]): (number | string)[][] {
    const sent: (number | string)[][] = [];
    vi.spyOn(process, "kill").mockImplementation((pid, signal = "SIGTERM") => {
      if (!alive.includes(pid)) throw Object.assign(new Error("kill ESRCH"), { code: "ESRCH" });
      if (signal !== 0) sent.push([pid, signal]);
      return true;
    });
    return sent;
  }

  test("is reached as long as it has members", () => {
    const reach = new Reach(4711, "tree");
    const sent = system(-4711);
    reach.leaderEnded();
    reach.send("SIGTERM");
    expect(sent).toEqual([[-4711, "SIGTERM"]]);
  });

  test("is nobody when it had none then, whoever has the id later (N08)", () => {
    const reach = new Reach(4711, "tree");
    system();
    reach.leaderEnded();
    vi.restoreAllMocks();
    const sent = system(4711, -4711);
    reach.send("SIGKILL");
    expect(sent).toEqual([]);
  });

  test("is nobody once another process has the id, for good (N08)", () => {
    const reach = new Reach(4711, "tree");
    system(-4711);
    reach.leaderEnded();
    vi.restoreAllMocks();
    const sent = system(4711, -4711);
    reach.send("SIGKILL");
    vi.restoreAllMocks();
    sent.push(...system(-4711));
    reach.send("SIGKILL");
    expect(sent).toEqual([]);
  });

  test("a child alone is never signalled by its group", () => {
    const reach = new Reach(4711, "child");
    const sent = system(4711, -4711);
    reach.send("SIGTERM");
    reach.leaderEnded();
    reach.send("SIGTERM");
    expect(sent).toEqual([[4711, "SIGTERM"]]);
  });
});

describe("giving up", () => {
  test("close() kills a child that runs, and has waited for its end (N10)", async () => {
    const child = new Popen(["cat"], { stdin: PIPE, stdout: PIPE });
    await within(child.close(), "close()");
    expect(child.returnCode).toBe(-9);
    expect(isAlive(child.pid)).toBe(false);
    await within(child.close(), "close() again");
  });

  test("of one that has ended it does not change the return code (N10)", async () => {
    const child = shell("exit 3", { stdout: PIPE });
    await child.wait();
    await within(child.close(), "close()");
    expect(child.returnCode).toBe(3);
    await errorOf(InvalidStateError, child.stdout.readAll());
  });

  test("with killTree it leaves nobody", async () => {
    const child = shell("sleep 1000 & echo $!", { stdout: PIPE, encoding: "utf8", killTree: true });
    const grandchild = Number(await within(child.stdout.readLine(), "readLine()"));
    await child.wait();
    expect(isAlive(grandchild)).toBe(true);
    await within(child.close(), "close()");
    await until(() => !isAlive(grandchild), "the grandchild should have ended");
  });

  test("the end of a scope closes the pipes and waits, as Python's with: a child that reads ends by itself", async () => {
    let child: Popen;
    {
      await using cat = new Popen(scriptArgs(`process.stdin.on("end", () => process.exit(6)).resume()`), {
        stdin: PIPE,
      });
      child = cat;
      void cat.stdin.write("x");
    }
    expect(child.returnCode).toBe(6);
  });

  test("one that writes on is told that nobody reads", async () => {
    let child: Popen;
    {
      await using yes = new Popen(["yes"], { stdout: PIPE, stderr: DEVNULL });
      child = yes;
    }
    expect([undefined, 0]).not.toContain(child.returnCode);
  });

  test("pending waits of readers and writers end with close()", async () => {
    const child = new Popen(["sleep", "1000"], { stdin: PIPE, stdout: PIPE });
    const read = errorOf(InvalidStateError, child.stdout.readLine());
    const write = child.stdin.write(Buffer.alloc(1024 * 1024)).catch((error: unknown) => error);
    const wait = child.wait();
    await within(child.close(), "close()");
    await read;
    expect(await within(write, "write()")).toMatchObject({ code: "ERR_BROKEN_PIPE" });
    expect(await within(wait, "wait()")).toBe(-9);
  });
});
