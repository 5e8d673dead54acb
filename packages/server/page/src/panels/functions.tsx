/** The table of functions. */
import type { VNode } from "preact";
import type { FunctionRow, Picture, Quantiles } from "../../../src/dashboard/protocol.js";
import { type Column, DataTable } from "../data-table.js";
import { count, decimal, duration, UNKNOWN } from "../format.js";
import { FunctionName, Panel } from "../parts.js";
import { steady } from "../state.js";

export function Functions(): VNode {
  const picture = steady.value;
  const seconds = Math.round((picture?.window ?? 0) / 1000);
  return (
    <Panel title="Functions" part="functions" aside={<span class="note">times of the last {seconds} s</span>}>
      <DataTable
        caption="Functions"
        name="functions"
        columns={picture === undefined ? [] : columnsFor(picture)}
        rows={picture?.functions ?? []}
        keyOf={({ id }) => id}
        empty="No function has been called yet."
      />
    </Panel>
  );
}

function columnsFor(picture: Picture): readonly Column<FunctionRow>[] {
  const executors = new Map(picture.executors.map(({ id, name }) => [id, name]));
  const several = picture.executors.length > 1;
  return [
    { title: "Function", cell: ({ id }) => <FunctionName picture={picture} fn={id} />, order: ({ name }) => name },
    ...(several ? [{ title: "Executor", cell: (row: FunctionRow) => executors.get(row.executor) ?? "" }] : []),
    {
      title: "/s",
      hint: "Attempts that ended a second",
      kind: "number",
      cell: ({ perSecond }) => decimal(perSecond),
      order: ({ perSecond }) => perSecond,
    },
    counted("Ended", ({ succeeded, failed, cancelled }) => succeeded + failed + cancelled),
    {
      title: "Failed",
      kind: "number",
      cell: ({ failed }) => <span class={failed > 0 ? "bad-number" : ""}>{count(failed)}</span>,
      order: ({ failed }) => failed,
    },
    counted("Retried", ({ retried }) => retried),
    timed("Wait p50", ({ wait }) => wait, "p50"),
    timed("Wait p95", ({ wait }) => wait, "p95"),
    timed("Run p50", ({ run }) => run, "p50"),
    timed("Run p95", ({ run }) => run, "p95"),
    timed("Run p99", ({ run }) => run, "p99"),
    timed("Run max", ({ run }) => run, "max"),
  ];
}

function counted(title: string, value: (row: FunctionRow) => number): Column<FunctionRow> {
  return { title, kind: "number", cell: (row) => count(value(row)), order: value };
}

function timed(
  title: string,
  of: (row: FunctionRow) => Quantiles,
  which: "p50" | "p95" | "p99" | "max",
): Column<FunctionRow> {
  return {
    title,
    kind: "number",
    cell: (row) => (of(row).count === 0 ? UNKNOWN : duration(of(row)[which])),
    order: (row) => of(row)[which],
  };
}
