/** The table behind the stream: the attempts that are to be seen in it, the latest first. */
import type { VNode } from "preact";
import type { Bar, Picture } from "../../../src/dashboard/protocol.js";
import { type Column, DataTable } from "../data-table.js";
import { duration, preciseClock } from "../format.js";
import { FunctionName } from "../parts.js";
import { frozen, nowAtServer, steady, view } from "../state.js";
import { stretchOf } from "./view.js";

/** More are not read, and would take long to lay out. */
const MOST = 200;

export function BarTable(): VNode {
  const picture = frozen.value ?? steady.value;
  if (picture === undefined) return <p class="empty">Nothing has ended yet.</p>;
  const { from, to } = stretchOf(view.value, nowAtServer());
  const bars = picture.bars
    .filter(({ startedAt, duration }) => startedAt + duration >= from && startedAt <= to)
    .slice(-MOST)
    .reverse();
  return (
    <DataTable
      caption={`Attempts in the stream, the latest first, ${MOST} at most`}
      name="bars"
      columns={columnsFor(picture)}
      rows={bars}
      keyOf={({ call, attempt }) => `${call}.${attempt}`}
      empty="Nothing has ended in this stretch of time."
    />
  );
}

function columnsFor(picture: Picture): readonly Column<Bar>[] {
  const workers = new Map(picture.workers.map(({ row, name }) => [row, name]));
  return [
    { title: "Call", kind: "number", cell: ({ call }) => call },
    { title: "Function", cell: ({ fn }) => <FunctionName picture={picture} fn={fn} /> },
    { title: "Worker", cell: ({ row }) => workers.get(row) ?? "" },
    { title: "Started", kind: "number", cell: ({ startedAt }) => preciseClock(picture.origin + startedAt) },
    {
      title: "Waited",
      kind: "number",
      cell: ({ submittedAt, startedAt }) => duration(Math.max(0, startedAt - submittedAt)),
      order: ({ submittedAt, startedAt }) => startedAt - submittedAt,
    },
    { title: "Ran", kind: "number", cell: (bar) => duration(bar.duration), order: (bar) => bar.duration },
    {
      title: "Outcome",
      cell: ({ outcome }) => <span class={`outcome ${outcome}`}>{outcome}</span>,
      order: ({ outcome }) => outcome,
    },
  ];
}
