/** One `manyhands serve` from start to end: loads the modules and the package that serves them, listens, drains.
 *
 *  Guarantees: the address is all that is written to standard output; nothing listens before every module has been found
 *  good; the executor is closed whatever happens. */
import type { WriteStream } from "node:tty";
import type { Executor } from "../mod.js";
import { loadAddOn } from "./add-on.js";
import type { ConsoleVoice } from "./console-voice.js";
import { makeExecutor } from "./executors.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT, UsageError } from "./exit-code.js";
import type { ServeRequest } from "./serve-command.js";
import { Stop, stopOnEitherSignal } from "./stop.js";
import { loadWhole, type WholeModule } from "./target.js";

/** What this command needs of `@manyhands/server`. Not its own declarations: the library is built without it. */
interface ServerPackage {
  serve(options: ServerOptions): Promise<RunningServer>;
  dashboard(options: { readonly title: string }): unknown;
}

interface ServerOptions extends Readonly<Record<string, unknown>> {
  readonly modules: readonly WholeModule[];
  readonly executor: Executor;
}

interface RunningServer {
  readonly url: string;
  readonly functions: readonly string[];
  drain(options: { timeout: number; signal: AbortSignal }): Promise<"all-answered" | "stopped">;
}

/** Serves until a signal comes; resolves to the exit code. Throws a UsageError for what the user has to mend. */
export async function runServe(request: ServeRequest, voice: ConsoleVoice, stdout: WriteStream): Promise<ExitCode> {
  const modules = await Promise.all(request.modules.map((module) => loadWhole(module, process.cwd())));
  const { serve, dashboard } = await loadAddOn<ServerPackage>("@manyhands/server", "manyhands serve", process.cwd());
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

/** What an option or a module is refused for, and an address that is taken, is the user's to mend. */
async function started(starting: Promise<RunningServer>): Promise<RunningServer> {
  try {
    return await starting;
  } catch (error) {
    throw error instanceof Error && "code" in error ? new UsageError(error.message, { cause: error }) : error;
  }
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
