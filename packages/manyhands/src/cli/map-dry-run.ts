/** `--dry-run`: the calls that would be made, one line each, and none of them made. */
import { once } from "node:events";
import type { Writable } from "node:stream";
import type { EarlierRun } from "./earlier-run.js";
import type { ExitCode } from "./exit-code.js";
import { EXIT } from "./exit-code.js";
import type { MapRequest } from "./map-request.js";
import type { Target } from "./target.js";

export interface DryRun {
  readonly batches: AsyncIterable<readonly unknown[]>;
  readonly earlier: EarlierRun | undefined;
  readonly stdout: Writable;
}

/** Prints the calls; those that an earlier run finished are left out. */
export async function printCalls(
  request: MapRequest,
  target: Target,
  { batches, earlier, stdout }: DryRun,
): Promise<ExitCode> {
  let seq = 0;
  for await (const batch of batches) {
    let text = "";
    for (const value of batch) {
      seq += 1;
      if (earlier?.stands(seq) !== true) text += `${target.ref.name}(${argumentsText(value, request)})\n`;
    }
    if (stdout.destroyed) return EXIT.succeeded;
    if (!stdout.write(text)) await Promise.race([once(stdout, "drain"), once(stdout, "close")]);
  }
  return EXIT.succeeded;
}

function argumentsText(value: unknown, request: MapRequest): string {
  const args: readonly unknown[] = request.plan.shape === "spread" && Array.isArray(value) ? value : [value];
  return args.map((each) => JSON.stringify(each)).join(", ");
}
