/** `subprocess.js WAY`: programs that end, or are interrupted, while children of theirs run. Each child prints its pid. */
import { DEVNULL, PIPE, Popen, run } from "manyhands/subprocess";

const [, , way = ""] = process.argv;
// Nobody may be left to end it when the test that started it was cut off.
setTimeout(() => process.exit(9), 30_000).unref();

const STUBBORN = "trap '' INT; echo pid $$; while :; do sleep 1; done";
const POLITE = "trap 'echo bye; exit 0' INT; echo pid $$; while :; do sleep 0.01; done";

/** Listens to SIGINT, and does not end before it has come. */
function decide(): void {
  const stays = setInterval(() => {}, 1000);
  process.once("SIGINT", () => {
    console.log("I decide");
    clearInterval(stays);
  });
}

const WAYS: Readonly<Record<string, () => Promise<void> | void>> = {
  async "run stubborn"() {
    await run(STUBBORN, { shell: true });
  },
  async "run stubborn tree"() {
    await run(STUBBORN, { shell: true, killTree: true });
  },
  async "run that interrupts at once"() {
    await run(`kill -INT $PPID; ${STUBBORN}`, { shell: true });
  },
  async "run polite"() {
    await run(POLITE, { shell: true });
  },
  async "run polite tree"() {
    await run(POLITE, { shell: true, killTree: true });
  },
  async "run two"() {
    await Promise.all([
      run(POLITE, { shell: true }).then(() => console.log("went on")),
      run(STUBBORN.replace("pid", "other"), { shell: true }),
    ]);
  },
  async "wait stubborn"() {
    await new Popen(STUBBORN, { shell: true }).wait();
  },
  async "wait polite"() {
    await new Popen(POLITE, { shell: true }).wait();
  },
  async "communicate stubborn"() {
    await new Popen(STUBBORN, { shell: true, stdin: PIPE }).communicate({ input: "x" });
  },
  async "listens itself"() {
    decide();
    console.log(`code ${(await run(POLITE, { shell: true })).returnCode}`);
  },
  async "listens later"() {
    const running = run(POLITE, { shell: true });
    decide();
    console.log(`code ${(await running).returnCode}`);
  },
  async "stops by its signal"() {
    const stop = new AbortController();
    process.once("SIGINT", () => stop.abort("interrupted"));
    try {
      await run(STUBBORN, { shell: true, killTree: true, signal: stop.signal });
    } catch (error) {
      console.log(`stopped: ${error instanceof Error && error.cause}`);
    }
  },
  async "nothing left of a wait"() {
    const listeners = (): number => process.listenerCount("SIGINT") + process.listenerCount("exit");
    const before = listeners();
    await run(["true"]);
    await new Promise((resolve) => setImmediate(resolve));
    console.log(`listeners ${listeners() - before}`);
  },
  async "exits in run"() {
    process.once("SIGUSR2", () => process.exit(3));
    void run(STUBBORN, { shell: true, killTree: true });
  },
  async "fails in run"() {
    process.once("SIGUSR2", () => {
      throw new Error("oh");
    });
    void run(STUBBORN, { shell: true });
  },
  "waits for nobody"() {
    const child = new Popen(["sleep", "1000"], { stdin: PIPE, stdout: PIPE, stderr: DEVNULL });
    console.log(`pid ${child.pid}`);
  },
  async "waited once"() {
    const child = new Popen(["sleep", "1000"], { stdout: PIPE, stderr: DEVNULL });
    console.log(`pid ${child.pid}`);
    const waits = [child.wait({ timeout: 1 }), child.communicate({ timeout: 1 })];
    for (const end of await Promise.allSettled(waits)) console.log(end.status);
  },
  async "holds while it waits"() {
    const child = new Popen(["cat"], { stdin: PIPE, stdout: PIPE, encoding: "utf8" });
    const line = child.stdout.readLine();
    await child.stdin.write("held\n");
    console.log(await line);
    child.stdin.close();
    console.log(`code ${await child.wait()}`);
  },
};

await WAYS[way]?.();
console.log("end");
