/** `lives.js WAY [PLACE]`: programs that come to their end while threads and processes of theirs live, or that are killed. */
import { Process } from "manyhands/multiprocessing";
import { setExcepthook, Thread, Timer } from "manyhands/threading";
import * as lives from "#tasks/lives.js";
import { made } from "../conformance/support.js";

const [, , way = "", place = "", more = ""] = process.argv;

const WAYS: Readonly<Record<string, () => Promise<void> | void>> = {
  thread() {
    new Thread(lives.passGateAndPrint, [place, "thread"]).start();
    console.log("main ends");
  },
  "thread-of-thread"() {
    new Thread(lives.startThreadAtGate, [place]).start();
    console.log("main ends");
  },
  async "thread-of-daemon"() {
    const daemon = new Thread(lives.startThreadAtGate, [place, false], { daemon: true });
    daemon.start();
    await daemon.join();
    console.log("main ends");
  },
  async "daemon-thread"() {
    new Thread(lives.sleepForEver, [`${place}/started`], { daemon: true }).start();
    await made(`${place}/started`);
    new Timer(3_600_000, lives.fail, ["never"], { daemon: true }).start();
    console.log("main ends");
  },
  async "joined-daemon"() {
    const daemon = new Thread(lives.passGateAndPrint, [place, "daemon"], { daemon: true });
    daemon.start();
    await daemon.join();
    console.log("main ends");
  },
  "failing-thread"() {
    new Thread(lives.fail, ["oh"], { name: "unlucky" }).start();
  },
  "failing-thread-of-thread"() {
    new Thread(lives.startThreadThatFails, ["oh"]).start();
  },
  "failing-hook"() {
    setExcepthook(() => {
      throw new RangeError("the hook");
    });
    new Thread(lives.fail, ["oh"], { name: "unlucky" }).start();
  },
  async "exiting-thread"() {
    const thread = new Thread(lives.exitWith, [7]);
    thread.start();
    await thread.join();
    console.log("main goes on");
  },
  async "printing-thread"() {
    new Thread(lives.printLines, [Number(place)]).start();
  },
  async "printing-process"() {
    new Process(lives.printLines, [Number(place)]).start();
  },
  async process() {
    new Process(lives.passGateAndPrint, [place, "process"]).start();
    console.log("main ends");
  },
  async "daemon-process"() {
    new Process(lives.noteSigterm, [`${place}/started`, `${place}/log`], { daemon: true }).start();
    await made(`${place}/started`);
    console.log("main ends");
  },
  async "exit-with-processes"() {
    for (const daemon of [true, false]) {
      new Process(lives.sleepForEver, [`${place}/started-${daemon}`], { daemon }).start();
      await made(`${place}/started-${daemon}`);
    }
    process.exit(4);
  },
  async "process-of-thread"() {
    new Thread(lives.startProcessAtGate, [place]).start();
    console.log("main ends");
  },
  async code() {
    const ways: Readonly<Record<string, Process<never[], unknown>>> = {
      returns: new Process(lives.whichProcess),
      throws: new Process(lives.fail, ["oh"], { name: "unlucky" }),
      exits: new Process(lives.exitWith, [8]),
      sets: new Process(lives.setExitCode, [9]),
      timer: new Process(lives.failElsewhere, ["timer", "elsewhere"], { name: "unlucky" }),
      rejection: new Process(lives.failElsewhere, ["rejection", "elsewhere"], { name: "unlucky" }),
      number: new Process(lives.leaveWith, [8]),
      text: new Process(lives.leaveWith, ["the text"]),
      true: new Process(lives.leaveWith, [true]),
      false: new Process(lives.leaveWith, [false]),
      null: new Process(lives.leaveWith, [null]),
      nothing: new Process(lives.leaveWith),
      function: new Process(lives.giveFunction),
      unsendable: new Process(() => more, [], { name: "unlucky" }),
    };
    const child = ways[place];
    if (child === undefined) throw new RangeError(`no child is called ${place}`);
    child.start();
    await child.join();
    console.log(child.exitCode);
  },
  async family() {
    const child = new Process(lives.startFamily, [place], { daemon: true });
    child.start();
    const daemon = new Process(lives.spin, [`${place}/busy-daemon`], { daemon: true });
    daemon.start();
    const regular = new Process(lives.spin, [`${place}/busy-regular`]);
    regular.start();
    await new Promise(() => {});
  },
  async watched() {
    const child = new Process(lives.startWatcher, [place], { name: "middle" });
    child.start();
    console.log(`middle ${child.pid}`);
    await child.join();
  },
  async interrupted() {
    const child = new Process(lives.passGateAndPrint, [place, "child"]);
    child.start();
    process.once("SIGINT", () => console.log("interrupted"));
    await child.join();
    console.log(child.exitCode);
  },
};

const run = WAYS[way];
if (run === undefined) throw new RangeError(`no way is called ${way}`);
await run();
