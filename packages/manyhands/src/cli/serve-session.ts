/** One `manyhands serve` from start to end: loads the modules and the package that serves them, listens, drains.
 *
 *  Guarantees: the address is all that is written to standard output; nothing listens before every module has been found
 *  good; the executor is closed whatever happens. */
import type { WriteStream } from "node:tty";
import type { ConsoleVoice } from "./console-voice.js";
import { makeExecutor } from "./executors.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT } from "./exit-code.js";
import type { ServeRequest } from "./serve-command.js";
import { loadServer, type RunningServer, started } from "./server-package.js";
import { Stop, stopOnEitherSignal } from "./stop.js";
import { loadWhole } from "./target.js";

/** Serves until a signal comes; resolves to the exit code. Throws a UsageError for what the user has to mend. */
export async function runServe(request: ServeRequest, voice: ConsoleVoice, stdout: WriteStream): Promise<ExitCode> {
  const modules = await Promise.all(request.modules.map((module) => loadWhole(module, process.cwd())));
  const { serve, dashboard } = await loadServer("manyhands serve", process.cwd());
  const root = dashboard({ title: request.modules.join(", ") });
  const stop = new Stop();
  using _signals = stopOnEitherSignal(stop);
  await using executor = makeExecutor(request.execution);
  const server = await started(serve({ ...request.options, modules, executor, root }));
  stdout.write(`${server.url}\n`);
  voice.say(`serving ${server.functions.join(", ")}`);
  const drained = await drainOn(stop, server, request.drain, voice);
  await executor.terminate();
  return drained === "all-answered" ? EXIT.succeeded : EXIT.failed;
}

async function drainOn(
  stop: Stop,
  server: RunningServer,
  timeout: number,
  voice: ConsoleVoice,
): Promise<"all-answered" | "stopped"> {
  const now = new AbortController();
  await new Promise<void>((resolve) => {
    stop.onChange(({ kind }) => {
      if (kind === "stopping") now.abort();
      resolve();
    });
    // It may have come while the server started.
    if (stop.state.kind !== "running") resolve();
  });
  if (stop.state.kind === "stopping") now.abort();
  voice.say("ending: no more calls are taken; waiting for those under way, interrupt again to stop them");
  return server.drain({ timeout, signal: now.signal });
}
