/** The report: what the dashboard shows at one moment, as one HTML file that needs nothing else and runs no script.
 *
 *  Guarantees: every text passes `escaped`, so that names and messages of users are never markup. Pure. */
import type { Bar, Picture, Sample } from "./protocol.js";

const STYLE =
  "body{font:14px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#17202c;background:#fff}" +
  "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{padding:.25rem .6rem;border-bottom:1px solid #dfe4ea;text-align:left}" +
  "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}pre{white-space:pre-wrap;background:#f3f5f8;padding:.6rem}" +
  "svg{width:100%;height:auto;background:#f3f5f8}h1{font-size:1.3rem}h2{font-size:1rem}";

/** Should something ever slip through: no script runs, and nothing is loaded. */
const POLICY = "default-src 'none';style-src 'unsafe-inline'";

/** For text and for attributes in double quotes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

type Cell = string | number | null;

/** The whole file. */
export function reportOf(picture: Picture): string {
  const title = escaped(`${picture.subject.title} – manyhands`);
  const made = escaped(new Date(picture.origin + picture.at).toISOString());
  const parts = [
    `<h1>${title}</h1><p>${made}</p>`,
    totalsPart(picture),
    `<h2>Task stream</h2>${streamPart(picture)}`,
    chartsPart(picture),
    executorsPart(picture),
    workersPart(picture),
    functionsPart(picture),
    slowPart(picture),
    runningPart(picture),
    waitingPart(picture),
    failuresPart(picture),
  ];
  const head = `<meta charset="utf-8"><meta http-equiv="content-security-policy" content="${POLICY}"><title>${title}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head><body>${parts.join("\n")}</body></html>\n`;
}

function table(caption: string, headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return `<h2>${caption}</h2><p>Nothing.</p>`;
  const cell = (tag: string, value: Cell): string => {
    const text = value === null ? "–" : typeof value === "number" ? String(Math.round(value * 1000) / 1000) : value;
    return `<${tag}${typeof value === "number" ? ' class="n"' : ""}>${escaped(text)}</${tag}>`;
  };
  const head = headings.map((heading) => cell("th", heading)).join("");
  const body = rows.map((row) => `<tr>${row.map((value) => cell("td", value)).join("")}</tr>`).join("\n");
  return `<h2>${caption}</h2><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function totalsPart({ totals }: Picture): string {
  return table("Calls", Object.keys(totals), [Object.values(totals)]);
}

function executorsPart({ executors }: Picture): string {
  const rows = executors.map(({ name, kind, waiting, atWorkers, control }) => {
    return [name, kind, waiting, atWorkers, control?.size ?? null, control?.flow ?? null];
  });
  return table("Executors", ["executor", "kind", "waiting", "at workers", "size", "flow"], rows);
}

function runningPart({ running, functions, workers, at }: Picture): string {
  const names = new Map(workers.map(({ row, name }) => [row, name]));
  const rows = running.map(({ call, fn, row, startedAt, handedAt }) => {
    return [call, functions[fn]?.name ?? "", names.get(row) ?? "", at - (startedAt ?? handedAt)];
  });
  return table("At workers", ["call", "function", "worker", "for ms"], rows);
}

function waitingPart({ waiting, functions, at }: Picture): string {
  const rows = waiting.map(({ call, fn, submittedAt }) => [call, functions[fn]?.name ?? "", at - submittedAt]);
  return table("Waiting longest", ["call", "function", "for ms"], rows);
}

function workersPart({ workers, origin }: Picture): string {
  const rows = workers.map(({ name, state, utilisation, loopDelay, heap, runs, restarts, lastCrash }) => [
    name,
    state,
    utilisation * 100,
    loopDelay,
    heap === null ? null : heap / 1e6,
    runs,
    restarts,
    lastCrash === null ? "" : `${new Date(origin + lastCrash.at).toISOString()} ${lastCrash.cause ?? ""}`,
  ]);
  const headings = ["worker", "state", "busy %", "loop delay ms", "heap MB", "runs", "restarts", "last crash"];
  return table("Workers", headings, rows);
}

function functionsPart({ functions }: Picture): string {
  const rows = functions.map(({ name, succeeded, failed, cancelled, retried, perSecond, wait, run }) => {
    const counts = [succeeded, failed, cancelled, retried, perSecond];
    return [name, ...counts, wait.p50, wait.p95, wait.p99, run.p50, run.p95, run.p99, run.max];
  });
  const counts = ["function", "succeeded", "failed", "cancelled", "retried", "per second"];
  const times = ["wait p50", "p95", "p99", "run p50 ms", "p95", "p99", "max"];
  return table("Functions", [...counts, ...times], rows);
}

function slowPart({ slow, functions }: Picture): string {
  const rows = slow.map(({ call, fn, worker, duration }) => [call, functions[fn]?.name ?? "", worker, duration]);
  return table("Slowest", ["call", "function", "worker", "ran ms"], rows);
}

function failuresPart({ failures, functions }: Picture): string {
  const groups = failures.map(({ fn, name, code, message, stack, count }) => {
    const head = `${count}× ${name}${code === null ? "" : ` (${code})`} in ${functions[fn]?.name ?? ""}: ${message}`;
    return `<details><summary>${escaped(head)}</summary><pre>${escaped(stack ?? "")}</pre></details>`;
  });
  return `<h2>Failures</h2>${groups.length === 0 ? "<p>None.</p>" : groups.join("\n")}`;
}

const WIDTH = 1000;
const ROW = 14;
const FILLS: Readonly<Record<Bar["outcome"], string>> = {
  succeeded: "#365fe8",
  failed: "#c8102e",
  retried: "#c8102e",
  cancelled: "#8a93a0",
};

/** The last bars, at most as many as an SVG bears. Failures are as high as their row, others lower. */
function streamPart({ bars, workers, functions }: Picture): string {
  const shown = bars.slice(-2000);
  const from = Math.min(...shown.map(({ startedAt }) => startedAt));
  const to = Math.max(...shown.map(({ startedAt, duration }) => startedAt + duration));
  if (shown.length === 0) return "<p>Nothing has ended yet.</p>";
  const places = new Map(workers.map(({ row }, place) => [row, place]));
  const scale = WIDTH / Math.max(1, to - from);
  const rects = shown.map(({ row, fn, startedAt, duration, outcome }) => {
    const place = places.get(row);
    if (place === undefined) return "";
    const inset = outcome === "failed" || outcome === "retried" ? 0 : 2;
    const [x, width] = [(startedAt - from) * scale, Math.max(1, duration * scale)].map((value) => value.toFixed(1));
    const size = `x="${x}" y="${place * (ROW + 2) + inset}" width="${width}" height="${ROW - 2 * inset}"`;
    const title = escaped(`${functions[fn]?.name ?? ""}: ${outcome}, ${duration.toFixed(1)} ms`);
    return `<rect ${size} fill="${FILLS[outcome]}"><title>${title}</title></rect>`;
  });
  const height = Math.max(1, workers.length) * (ROW + 2);
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Task stream">${rects.join("")}</svg>`;
}

const LINES = ["#0b5cad", "#c67101", "#7533a4"];
const DASHES = ["", "6 4", "2 3"];
const HEIGHT = 90;

type Line = readonly [name: string, value: (sample: Sample) => number | null];

const CHARTS: readonly (readonly [title: string, ...lines: Line[]])[] = [
  ["Ended a second", ["ended", ({ perSecond }) => perSecond]],
  ["Queue", ["waiting", ({ waiting }) => waiting], ["at workers", ({ atWorkers }) => atWorkers]],
  [
    "Wait, ms",
    ["p50", ({ wait }) => wait?.p50 ?? null],
    ["p95", ({ wait }) => wait?.p95 ?? null],
    ["p99", ({ wait }) => wait?.p99 ?? null],
  ],
  [
    "Run, ms",
    ["p50", ({ run }) => run?.p50 ?? null],
    ["p95", ({ run }) => run?.p95 ?? null],
    ["p99", ({ run }) => run?.p99 ?? null],
  ],
  ["Failed a second", ["failed", ({ failedPerSecond }) => failedPerSecond]],
];

/** The strip charts, each with its highest value and, for who cannot see it, its last ones. */
function chartsPart({ samples }: Picture): string {
  if (samples.length < 2) return "";
  return CHARTS.map(([title, ...lines]) => {
    const most = Math.max(...lines.flatMap(([, value]) => samples.map((sample) => value(sample) ?? 0)), 1e-9);
    const paths = lines.map(([, value], place) => {
      const stroke = `stroke="${LINES[place]}" stroke-dasharray="${DASHES[place]}"`;
      return `<path fill="none" stroke-width="1.5" ${stroke} d="${pathOf(samples, value, most)}"/>`;
    });
    const last = lines.map(
      ([name, value]) =>
        `${name} ${shortly(
          samples.findLast((each) => value(each) !== null),
          value,
        )}`,
    );
    const caption = `${title}: at most ${Number(most.toPrecision(3))}; at the end ${last.join(", ")}`;
    return `<h2>${escaped(caption)}</h2><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(caption)}">${paths.join("")}</svg>`;
  }).join("\n");
}

function shortly(sample: Sample | undefined, value: Line[1]): string {
  const number = sample === undefined ? null : value(sample);
  return number === null ? "–" : String(Number(number.toPrecision(3)));
}

/** A line with gaps where nothing is known. */
function pathOf(samples: readonly Sample[], value: Line[1], most: number): string {
  const first = samples[0]?.at ?? 0;
  const scale = WIDTH / Math.max(1, (samples.at(-1)?.at ?? 0) - first);
  let pen = "M";
  const steps: string[] = [];
  for (const sample of samples) {
    const number = value(sample);
    if (number === null) {
      pen = "M";
      continue;
    }
    const [x, y] = [(sample.at - first) * scale, HEIGHT - (number / most) * (HEIGHT - 4) - 2];
    steps.push(`${pen}${x.toFixed(1)} ${y.toFixed(1)}`);
    pen = "L";
  }
  return steps.join("");
}
