/** One `manyhands worker` from start to end: waits for Redis, runs what clients send, drains.
 *
 *  Guarantees: the agent's name is all that is written to standard output, when it takes calls; trouble is told when it is
 *  new, not each time that it is met; what runs is finished before the end, or its clients are told. */
import type { WriteStream } from "node:tty";
import { openAgent, type RunningAgent } from "./cluster-package.js";
import type { ConsoleVoice } from "./console-voice.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT, oneLine } from "./exit-code.js";
import { Stop, stopOnEitherSignal } from "./stop.js";
import type { WorkerRequest } from "./worker-command.js";

/** Runs an agent until a signal comes; resolves to the exit code. Throws a UsageError for what the user has to mend. */
export async function runWorker(request: WorkerRequest, voice: ConsoleVoice, stdout: WriteStream): Promise<ExitCode> {
  const agent = await openAgent({ ...request, onTrouble: sayOnce(voice) });
  const stop = new Stop();
  using _signals = stopOnEitherSignal(stop);
  const ended = endOn(stop, agent, voice);
  await agent.start();
  if (stop.state.kind === "running") stdout.write(`${agent.name}\n`);
  // Awaited here: the signals are ours until then.
  return await ended;
}

/** Resolves when the agent has ended. */
function endOn(stop: Stop, agent: RunningAgent, voice: ConsoleVoice): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    stop.onChange(({ kind }) => {
      if (kind === "stopping") return void agent.terminate().then(() => resolve(EXIT.failed), reject);
      voice.say("ending: no more calls are taken; waiting for those that run, interrupt again to end them");
      agent.shutdown().then(() => {
        if (stop.state.kind === "draining") resolve(EXIT.succeeded);
      }, reject);
    });
  });
}

/** Trouble that lasts is met by every attempt; it is said when it begins, and when it changes. */
function sayOnce(voice: ConsoleVoice): (error: unknown) => void {
  let said = "";
  return (error) => {
    const text = oneLine(error);
    if (text === said) return;
    said = text;
    voice.say(text);
  };
}
