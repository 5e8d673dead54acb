/** One strip chart with its values, and the table behind it. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Sample } from "../../../src/dashboard/protocol.js";
import { type Column, DataTable } from "../data-table.js";
import { clock, UNKNOWN } from "../format.js";
import { live, steady } from "../state.js";
import { theme } from "../theme.js";
import { Chart, toneOf } from "./chart.js";
import { type ChartKind, valueAt } from "./kinds.js";

export function StripChart({ kind }: { readonly kind: ChartKind }): VNode {
  const face = useSignal<"chart" | "table">("chart");
  const pointed = useSignal<number | undefined>(undefined);
  const title = `${kind.part}-chart-title`;
  return (
    <section class="panel chart" aria-labelledby={title} data-chart={kind.part}>
      <header class="panel-head">
        <h3 id={title}>{kind.title}</h3>
        <button
          type="button"
          class="small"
          aria-expanded={face.value === "table"}
          aria-label={`${kind.title} as a table`}
          onClick={() => {
            face.value = face.value === "chart" ? "table" : "chart";
          }}
        >
          Table
        </button>
      </header>
      <Values kind={kind} at={pointed.value} />
      {face.value === "chart" ? (
        <Picture
          kind={kind}
          point={(at) => {
            pointed.value = at;
          }}
        />
      ) : (
        <Samples kind={kind} />
      )}
    </section>
  );
}

/** The latest values, or those at the cursor; they are the legend too. */
function Values({ kind, at }: { readonly kind: ChartKind; readonly at: number | undefined }): VNode {
  const samples = (at === undefined ? steady : live).value?.samples ?? [];
  const place = at ?? samples.length - 1;
  return (
    <dl class="values">
      {kind.series.map((series) => {
        const { label, tone, dash } = series;
        const number = valueAt(series, samples, place);
        const colour = toneOf(theme.value, tone);
        return (
          <div key={label}>
            <dt>
              <svg class="line" viewBox="0 0 16 4" aria-hidden="true">
                <line x1="0" y1="2" x2="16" y2="2" stroke={colour} stroke-width="2" stroke-dasharray={dash.join(" ")} />
              </svg>
              {label}
            </dt>
            <dd>{number === null ? UNKNOWN : `${kind.format(number)}${kind.unit}`}</dd>
          </div>
        );
      })}
    </dl>
  );
}

interface PictureProps {
  readonly kind: ChartKind;
  point(at: number | undefined): void;
}

function Picture({ kind, point }: PictureProps): VNode {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | undefined>(undefined);
  const tones = theme.value;
  useEffect(() => {
    if (frame.current === null) return;
    const made = new Chart(frame.current, kind, tones, point);
    chart.current = made;
    const picture = live.peek();
    if (picture !== undefined) made.feed(picture);
    return () => {
      chart.current = undefined;
      made[Symbol.dispose]();
    };
    // The callback is another one with each rendering, and means the same.
  }, [kind, tones]);
  const picture = live.value;
  useEffect(() => {
    if (picture !== undefined) chart.current?.feed(picture);
  }, [picture]);
  const count = picture?.samples.length ?? 0;
  return (
    <div
      ref={frame}
      class="plot"
      role="img"
      aria-label={`${kind.title} over time. The button Table shows it as a table.`}
      data-samples={count}
    />
  );
}

/** Rows of the table: a sample every second or so can be read. */
const MOST = 60;
const APART = 1000;

function Samples({ kind }: { readonly kind: ChartKind }): VNode {
  const picture = steady.value;
  const samples = picture?.samples ?? [];
  const columns: readonly Column<Sample>[] = [
    { title: "Time", cell: ({ at }) => clock((picture?.origin ?? 0) + at) },
    ...kind.series.map((series) => ({
      title: series.label,
      kind: "number" as const,
      cell: (sample: Sample): string => {
        const number = valueAt(series, samples, samples.indexOf(sample));
        return number === null ? UNKNOWN : `${kind.format(number)}${kind.unit}`;
      },
    })),
  ];
  return (
    <DataTable
      caption={`${kind.title}, the latest first`}
      name={kind.part}
      columns={columns}
      rows={thinned(samples)}
      keyOf={({ at }) => at}
      empty="Nothing has been measured yet."
    />
  );
}

/** The last sample of each second, the latest first. */
export function thinned(samples: readonly Sample[]): readonly Sample[] {
  const kept: Sample[] = [];
  for (const sample of samples.toReversed()) {
    const last = kept.at(-1);
    if (last === undefined || Math.floor(last.at / APART) !== Math.floor(sample.at / APART)) kept.push(sample);
    if (kept.length === MOST) break;
  }
  return kept;
}
