/** One `manyhands compare` from start to end: measures the rows in turn, checks that they agree, reports. */
import { availableParallelism, loadavg } from "node:os";
import type { WriteStream } from "node:tty";
import { agreementOf } from "./compare-agreement.js";
import type { CompareRequest } from "./compare-command.js";
import type { Measured, RowName } from "./compare-measure.js";
import { measureOneByOne, measurePlace, ROWS } from "./compare-measure.js";
import { reportOf } from "./compare-report.js";
import { tableOf } from "./compare-table.js";
import type { ConsoleVoice } from "./console-voice.js";
import { lookOf } from "./console-voice.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT, UsageError } from "./exit-code.js";
import { checkSources, inputsOf } from "./input-plan.js";
import { keyOf, shownKey } from "./record-key.js";
import type { Target } from "./target.js";
import { loadTarget } from "./target.js";

/** Runs a comparison; resolves to the exit code. Signals keep their own meaning: there is nothing to save. */
export async function runCompare(request: CompareRequest, voice: ConsoleVoice, stdout: WriteStream): Promise<ExitCode> {
  await checkSources(request.plan);
  const target = await loadTarget(request.target, process.cwd());
  const inputs: unknown[] = [];
  for await (const batch of inputsOf(request.plan)) for (const value of batch) inputs.push(value);
  if (inputs.length === 0) throw new UsageError("nothing to compare: there are no inputs");
  const [busy = 0] = loadavg();
  const measured = await measureAll(request, target, inputs, voice);
  voice[Symbol.dispose]();
  const agreement = agreementOf(measured);
  const nameOf = (index: number): string =>
    `input ${index + 1} (${shownKey(keyOf(inputs[index], request.plan.keyField))})`;
  if (agreement.kind === "differs") {
    const { index, row, expected, found } = agreement;
    voice.say(`results disagree at ${nameOf(index)}: one after another ${expected}, ${row} ${found}`);
    return EXIT.failed;
  }
  const setting = {
    label: target.label,
    inputs: inputs.length,
    cores: availableParallelism(),
    workers: request.workers,
  };
  const report = reportOf(setting, measured, agreement.failed.length);
  const look = lookOf(stdout, process.env);
  stdout.write(request.report === "json" ? `${JSON.stringify(report)}\n` : tableOf(report, look));
  // Other work takes from every row, and most from those that want all cores. Said to people only.
  if (stdout.isTTY && busy >= 1) {
    voice.say(`the machine was busy before (load ${busy.toFixed(1)}): compare again when it is not`);
  }
  const [first] = agreement.failed;
  if (first === undefined) return EXIT.succeeded;
  voice.say(
    `${agreement.failed.length} of ${inputs.length} calls failed, in every row; ${nameOf(first.index)}: ${first.text}`,
  );
  return EXIT.failed;
}

async function measureAll(
  request: CompareRequest,
  target: Target,
  inputs: readonly unknown[],
  voice: ConsoleVoice,
): Promise<ReadonlyMap<RowName, readonly Measured[]>> {
  const measured = new Map<RowName, Measured[]>(ROWS.map((row) => [row, []]));
  const begin = performance.now();
  let done = 0;
  const total = request.rounds * ROWS.length * inputs.length;
  const view = (): { done: number; failed: 0; total: number; ownDone: number; elapsed: number } => ({
    ...{ done, failed: 0, total, ownDone: done },
    elapsed: performance.now() - begin,
  });
  if (request.progress === "shown") voice.startProgress(view);
  // Round after round, not row after row: what disturbs the machine for a while then disturbs every row.
  for (let round = 0; round < request.rounds; round++) {
    for (const row of ROWS) {
      const onEnd = (): void => {
        done += 1;
      };
      // A function that changes its argument must not change the next row's.
      const own = inputs.map((input) => structuredClone(input));
      const work = { target, inputs: own, shape: request.plan.shape, onEnd };
      const result = row === "one after another" ? await measureOneByOne(work) : await measurePlace(row, work, request);
      measured.get(row)?.push(result);
    }
  }
  return measured;
}
