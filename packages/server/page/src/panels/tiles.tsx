/** The numbers that are looked at first. */
import type { VNode } from "preact";
import type { Picture, Progress } from "../../../src/dashboard/protocol.js";
import { CHARTS, valueAt } from "../charts/kinds.js";
import { count, decimal, duration, percent, UNKNOWN } from "../format.js";
import { steady } from "../state.js";

export function Tiles(): VNode | null {
  const picture = steady.value;
  if (picture === undefined) return null;
  const { totals, executors, samples } = picture;
  const last = samples.at(-1);
  const [ended] = CHARTS[0]?.series ?? [];
  const rate = ended === undefined ? null : valueAt(ended, samples, samples.length - 1);
  const waiting = executors.reduce((sum, executor) => sum + executor.waiting, 0);
  const running = executors.reduce((sum, executor) => sum + executor.atWorkers, 0);
  const failures = totals.failed === 0 ? "calm" : "bad";
  return (
    <dl class="tiles">
      {picture.progress === null ? null : <ProgressTile progress={picture.progress} />}
      <Tile name="Workers busy" value={busyOf(picture)} />
      <Tile name="At workers" value={count(running)} part="at-workers" />
      <Tile name="Waiting" value={count(waiting)} part="waiting" />
      <Tile name="Per second" value={rate === null ? UNKNOWN : decimal(rate)} />
      <Tile name="Run, p95" value={last?.run ? duration(last.run.p95) : UNKNOWN} />
      <Tile name="Succeeded" value={count(totals.succeeded)} part="succeeded" />
      <Tile name="Failed" value={count(totals.failed)} part="failed" mood={failures} />
      <Tile name="Retried" value={count(totals.retried)} />
      <Tile name="Cancelled" value={count(totals.cancelled)} part="cancelled" />
      <Tile name="Crashes" value={count(totals.crashes)} mood={totals.crashes === 0 ? "calm" : "bad"} />
    </dl>
  );
}

function busyOf({ workers }: Picture): string {
  const there = workers.filter(({ state }) => state !== "gone");
  return `${there.filter(({ state }) => state === "busy").length} / ${there.length}`;
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly mood?: "calm" | "bad";
  readonly part?: string;
}

function Tile({ name, value, mood = "calm", part }: TileProps): VNode {
  return (
    <div class={`tile ${mood}`} data-tile={part}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function ProgressTile({ progress: { done, total } }: { readonly progress: Progress }): VNode {
  const share = total === null || total === 0 ? undefined : done / total;
  return (
    <div class="tile progress" data-tile="progress">
      <dt>Done</dt>
      <dd>
        {count(done)}
        {total === null ? null : <span class="of"> of {count(total)}</span>}
        {share === undefined ? null : <span class="of"> · {percent(Math.min(1, share))}</span>}
      </dd>
      {share === undefined ? null : <progress max={1} value={Math.min(1, share)} aria-label="Done" />}
    </div>
  );
}
