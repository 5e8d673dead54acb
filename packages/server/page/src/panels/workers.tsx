/** The table of workers. */
import type { VNode } from "preact";
import type { Crash, Picture, WorkerRow } from "../../../src/dashboard/protocol.js";
import { type Column, DataTable } from "../data-table.js";
import { age, bytes, clock, count, duration, percent, UNKNOWN } from "../format.js";
import { CancelButton, FunctionName, Meter, Panel } from "../parts.js";
import { steady } from "../state.js";
import { Executors } from "./executors.js";

export function Workers(): VNode {
  const picture = steady.value;
  return (
    <Panel title="Workers" part="workers">
      <Executors />
      <DataTable
        caption="Workers"
        name="workers"
        columns={picture === undefined ? [] : columnsFor(picture)}
        rows={picture?.workers ?? []}
        keyOf={({ row }) => row}
        empty="No worker has started yet."
      />
    </Panel>
  );
}

function columnsFor(picture: Picture): readonly Column<WorkerRow>[] {
  return [
    {
      title: "Worker",
      cell: ({ name, id }) => <span title={id === null ? "" : `id ${id}`}>{name}</span>,
      order: ({ name }) => name,
    },
    { title: "State", cell: ({ state }) => <span class={`chip ${state}`}>{state}</span>, order: ({ state }) => state },
    {
      title: "Utilisation",
      hint: "The share of the last seconds in which it ran something",
      kind: "number",
      cell: ({ utilisation }) => <Meter share={utilisation} text={percent(utilisation)} />,
      order: ({ utilisation }) => utilisation,
    },
    {
      title: "Current",
      hint: "What it runs, and for how long",
      cell: (worker) => <Current picture={picture} worker={worker} />,
    },
    {
      title: "Loop delay",
      hint: "How long its event loop let the latest question wait",
      kind: "number",
      cell: ({ loopDelay }) => (loopDelay === null ? UNKNOWN : duration(loopDelay)),
      order: ({ loopDelay }) => loopDelay ?? -1,
    },
    {
      title: "Heap",
      kind: "number",
      cell: ({ heap }) => (heap === null ? UNKNOWN : bytes(heap)),
      order: ({ heap }) => heap ?? -1,
    },
    { title: "Runs", kind: "number", cell: ({ runs }) => count(runs), order: ({ runs }) => runs },
    { title: "Restarts", kind: "number", cell: ({ restarts }) => count(restarts), order: ({ restarts }) => restarts },
    { title: "Last crash", cell: ({ lastCrash }) => <LastCrash picture={picture} crash={lastCrash} /> },
  ];
}

function Current({ picture, worker }: { readonly picture: Picture; readonly worker: WorkerRow }): VNode {
  const { current, held } = worker;
  if (current === null) return <span class="note">{held > 0 ? `${held} at once` : UNKNOWN}</span>;
  return (
    <span class="current">
      <FunctionName picture={picture} fn={current.fn} />
      <span class="note">{current.startedAt === null ? "about to" : age(picture.at - current.startedAt)}</span>
      {held > 1 ? <span class="note">+{held - 1}</span> : null}
      <CancelButton call={current.call} />
    </span>
  );
}

function LastCrash({ picture, crash }: { readonly picture: Picture; readonly crash: Crash | null }): VNode {
  if (crash === null) return <span class="note">{UNKNOWN}</span>;
  const how = crash.signal ?? (crash.exitCode === null ? "" : `exit code ${crash.exitCode}`);
  return (
    <span class="crash" title={crash.cause ?? undefined}>
      {clock(picture.origin + crash.at)} {how}
      {crash.cause === null ? null : <span class="note cut">{crash.cause}</span>}
    </span>
  );
}
