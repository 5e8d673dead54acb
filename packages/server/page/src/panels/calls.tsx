/** Calls that are worth a look: those under way, those that wait, the slowest, and those that failed. */
import type { VNode } from "preact";
import type { FailureGroup, Picture, RunningCall, SlowCall, WaitingCall } from "../../../src/dashboard/protocol.js";
import { type Column, DataTable } from "../data-table.js";
import { age, clock, count, counted, duration } from "../format.js";
import { CancelButton, FunctionName, Panel } from "../parts.js";
import { picked, steady } from "../state.js";

/** Of running and waiting calls; the rest is a number. */
const MOST = 20;

export function CallsNow(): VNode {
  const picture = steady.value;
  const running = picture?.running ?? [];
  const waiting = picture?.waiting ?? [];
  const all = picture?.executors.reduce((sum, executor) => sum + executor.waiting, 0) ?? 0;
  return (
    <Panel title="Calls now" part="calls">
      <DataTable
        caption="Calls at workers, the oldest first"
        name="running"
        columns={picture === undefined ? [] : runningColumns(picture)}
        rows={running.slice(0, MOST)}
        keyOf={({ call, attempt }) => `${call}.${attempt}`}
        empty="Nothing runs."
      />
      {waiting.length === 0 ? null : (
        <>
          <h3 class="between">Waiting, {counted(all, "call")}</h3>
          <DataTable
            caption="Calls that have waited longest"
            name="waiting"
            columns={picture === undefined ? [] : waitingColumns(picture)}
            rows={waiting.slice(0, MOST)}
            keyOf={({ call }) => call}
            empty=""
          />
        </>
      )}
    </Panel>
  );
}

function runningColumns(picture: Picture): readonly Column<RunningCall>[] {
  const workers = new Map(picture.workers.map(({ row, name }) => [row, name]));
  return [
    { title: "Call", kind: "number", cell: ({ call }) => call },
    { title: "Function", cell: ({ fn }) => <FunctionName picture={picture} fn={fn} /> },
    { title: "Worker", cell: ({ row }) => workers.get(row) ?? "" },
    {
      title: "For",
      kind: "number",
      cell: ({ startedAt, handedAt }) => age(picture.at - (startedAt ?? handedAt)),
      order: ({ startedAt, handedAt }) => picture.at - (startedAt ?? handedAt),
    },
    { title: "Action", kind: "action", cell: ({ call }) => <CancelButton call={call} /> },
  ];
}

function waitingColumns(picture: Picture): readonly Column<WaitingCall>[] {
  return [
    { title: "Call", kind: "number", cell: ({ call }) => call },
    { title: "Function", cell: ({ fn }) => <FunctionName picture={picture} fn={fn} /> },
    { title: "For", kind: "number", cell: ({ submittedAt }) => age(picture.at - submittedAt) },
    { title: "Action", kind: "action", cell: ({ call }) => <CancelButton call={call} /> },
  ];
}

export function Slow(): VNode {
  const picture = steady.value;
  return (
    <Panel title="Slowest" part="slow">
      <DataTable
        caption="The slowest attempts of late"
        name="slow"
        columns={picture === undefined ? [] : slowColumns(picture)}
        rows={picture?.slow ?? []}
        keyOf={({ call, attempt }) => `${call}.${attempt}`}
        empty="Nothing has ended of late."
      />
    </Panel>
  );
}

function slowColumns(picture: Picture): readonly Column<SlowCall>[] {
  return [
    {
      title: "Ran",
      kind: "number",
      cell: (slow) => duration(slow.duration),
    },
    { title: "Function", cell: ({ fn }) => <FunctionName picture={picture} fn={fn} /> },
    { title: "Worker", cell: ({ worker }) => worker },
    { title: "Started", kind: "number", cell: ({ startedAt }) => clock(picture.origin + startedAt) },
    {
      title: "Show in the stream",
      kind: "action",
      cell: ({ call, attempt }) => (
        <button
          type="button"
          class="small"
          aria-label={`Show call ${call} in the task stream`}
          onClick={() => {
            picked.value = { call, attempt };
          }}
        >
          Show
        </button>
      ),
    },
  ];
}

export function Failures(): VNode {
  const picture = steady.value;
  const groups = picture?.failures ?? [];
  return (
    <Panel title="Failures" part="failures" aside={<span class="note">grouped by error, the latest first</span>}>
      {picture === undefined || groups.length === 0 ? (
        <p class="empty">Nothing has failed.</p>
      ) : (
        <ul class="failures-list">
          {groups.map((group) => (
            <li key={group.id} data-failure={group.id}>
              <Failure picture={picture} group={group} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Failure({ picture, group }: { readonly picture: Picture; readonly group: FailureGroup }): VNode {
  const { name, code, message, stack, retried, firstAt, lastAt, calls } = group;
  const at = (time: number): string => clock(picture.origin + time);
  return (
    <details>
      <summary>
        <span class="bad-count">{count(group.count)}×</span>
        <strong class="error-name">{name}</strong>
        {code === null ? null : <code class="note">{code}</code>}
        <span class="error-message">{message}</span>
        <FunctionName picture={picture} fn={group.fn} />
        <span class="note">{at(lastAt)}</span>
      </summary>
      <p class="error-text">{message}</p>
      <p class="note">
        First at {at(firstAt)}, last at {at(lastAt)}
        {retried > 0 ? `; ${count(retried)} were tried again` : ""}. Latest calls: {calls.join(", ")}.
      </p>
      {stack === null ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by keys, which needs the focus.
        <pre class="stack" tabIndex={0}>
          {stack}
        </pre>
      )}
    </details>
  );
}
