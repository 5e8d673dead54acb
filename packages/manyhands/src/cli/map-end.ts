/** How a map ended: what is told, what becomes of the output, and the exit code. */
import type { ConsoleVoice } from "./console-voice.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT, oneLine, UsageError } from "./exit-code.js";
import type { LineSink } from "./line-sink.js";
import type { MapRequest } from "./map-request.js";
import type { ProgressView } from "./progress-line.js";
import { shownDuration } from "./progress-line.js";
import type { StopState } from "./stop.js";

export interface MapEnd {
  readonly state: StopState;
  readonly view: ProgressView;
  /** Inputs that were read. */
  readonly read: number;
  /** What went wrong with the input. */
  readonly failure: { readonly error: unknown } | undefined;
}

/** The exit code of a run that was not ended by its input or by us. */
export function exitCodeOf(state: StopState, failed: number): ExitCode {
  if (state.kind !== "running" && state.cause.kind === "signal") {
    return state.cause.name === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
  }
  if (state.kind !== "running" && state.cause.kind === "halt") return EXIT.failed;
  return failed > 0 ? EXIT.failed : EXIT.succeeded;
}

/** Completes or abandons the output, and tells what there is to tell. */
export async function tellEnd(
  end: MapEnd,
  request: MapRequest,
  sink: LineSink,
  voice: ConsoleVoice,
): Promise<ExitCode> {
  if (end.failure !== undefined) throw end.failure.error;
  const { state, view } = end;
  if (state.kind === "running") {
    await sink.complete();
    if (view.failed > 0) voice.say(`${view.failed} of ${view.done} failed, in ${shownDuration(view.elapsed)}`);
    return exitCodeOf(state, view.failed);
  }
  const partial = await sink.abandon(request.joblog === undefined ? "keep-partial" : "discard");
  if (state.cause.kind === "broken") throw asUsageError(state.cause.error);
  if (state.cause.kind !== "output-closed") voice.say(stoppedText(end, state.cause.kind, partial, request));
  return exitCodeOf(state, view.failed);
}

function stoppedText(
  { view }: MapEnd,
  cause: "signal" | "halt",
  partial: string | undefined,
  request: MapRequest,
): string {
  const why = cause === "halt" ? "halted by --halt" : "stopped";
  const of = view.total === undefined ? "" : ` of ${view.total}`;
  const failed = view.failed === 0 ? "" : `, ${view.failed} failed`;
  const kept = partial === undefined ? "" : `; the results so far are in ${partial}`;
  const resume = request.joblog === undefined ? "" : `; go on with --resume --joblog ${request.joblog}`;
  return `${why} after ${view.done}${of} calls${failed}${kept}${resume}`;
}

/** The pool broke, or the disk is full: nothing that another line of stack would explain. */
function asUsageError(error: unknown): UsageError {
  return error instanceof UsageError ? error : new UsageError(oneLine(error), { cause: error });
}
