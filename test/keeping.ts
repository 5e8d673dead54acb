/** What a test makes and need not undo itself: executors, folders, gates.
 *
 *  Guarantees: undone after the test, whatever became of it, the last made first. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Executor } from "manyhands";
import { afterEach } from "vitest";
import { Gate, within } from "./conformance/support.js";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Has `step` run after the test. */
export function later(step: () => unknown): void {
  undo.push(step);
}

/** Ends the executor after the test. */
export function keep<E extends Executor>(executor: E): E {
  undo.push(() => within(executor.terminate(), "terminate()"));
  return executor;
}

/** A folder of the test's own. */
export function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "manyhands-")));
  undo.push(() => rmSync(path, { recursive: true }));
  return path;
}

/** A gate of the test's own. */
export async function newGate(): Promise<Gate> {
  const gate = await Gate.at(join(folder(), "gate"));
  undo.push(() => gate.close());
  return gate;
}
