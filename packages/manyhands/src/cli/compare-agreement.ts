/** Whether all rows of a comparison gave the same results.
 *
 *  Guarantees: pure; the first differing input in input order is the one that is named. */
import type { ComparedOutcome, Measured, RowName } from "./compare-measure.js";

export type Agreement =
  | { readonly kind: "agrees"; readonly failed: readonly { readonly index: number; readonly text: string }[] }
  | {
      readonly kind: "differs";
      readonly index: number;
      readonly row: RowName;
      readonly expected: string;
      readonly found: string;
    };

export function agreementOf(measured: ReadonlyMap<RowName, readonly Measured[]>): Agreement {
  const runs = [...measured].flatMap(([row, rounds]) => rounds.map(({ outcomes }) => ({ row, outcomes })));
  const expected = runs[0]?.outcomes ?? [];
  for (const [index, outcome] of expected.entries()) {
    for (const { row, outcomes } of runs) {
      const found = outcomes[index];
      if (found?.status === outcome.status && found.text === outcome.text) continue;
      return { kind: "differs", index, row, expected: shown(outcome), found: shown(found) };
    }
  }
  const failed = expected.flatMap(({ status, text }, index) => (status === "failed" ? [{ index, text }] : []));
  return { kind: "agrees", failed };
}

const LONGEST = 120;

function shown(outcome: ComparedOutcome | undefined): string {
  if (outcome === undefined) return "gave nothing";
  const text = outcome.text.length <= LONGEST ? outcome.text : `${outcome.text.slice(0, LONGEST - 1)}…`;
  return outcome.status === "ok" ? `gave ${text}` : `failed with ${text}`;
}
