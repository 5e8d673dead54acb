/** The report: what the dashboard shows at one moment, as one HTML file that needs nothing else and runs no script.
 *
 *  Guarantees: every text passes `escaped`, so that names and messages of users are never markup. Pure. */
import type { Bar, Picture } from "./protocol.js";

const STYLE =
  "body{font:14px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#17202c;background:#fff}" +
  "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{padding:.25rem .6rem;border-bottom:1px solid #dfe4ea;text-align:left}" +
  "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}pre{white-space:pre-wrap;background:#f3f5f8;padding:.6rem}" +
  "svg{width:100%;height:auto;background:#f3f5f8}h1{font-size:1.3rem}h2{font-size:1rem}";

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
    workersPart(picture),
    functionsPart(picture),
    slowPart(picture),
    failuresPart(picture),
  ];
  const head = `<meta charset="utf-8"><title>${title}</title><style>${STYLE}</style>`;
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
