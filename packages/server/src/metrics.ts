/** `GET /metrics`: the text format of Prometheus, version 0.0.4.
 *
 *  Guarantees: base units (seconds, bytes); names and labels never change between releases; the label values are the
 *  server's own routes and statuses, so that no client can make more of them. */
import type { ExecutorStats, Histogram } from "manyhands";

/** What is told of the server itself. */
export interface ServerCounts {
  /** Calls under way. */
  readonly calls: number;
  /** Jobs that are kept, ended ones included. */
  readonly jobs: number;
  readonly sockets: number;
  /** Answers by route and status. */
  readonly responses: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** The whole text. */
export function metricsText(stats: ExecutorStats, counts: ServerCounts): string {
  const on = { executor: stats.name, kind: stats.kind };
  const of = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(values).map(([value, count]) => [{ ...on, [label]: value }, count]);
  const { completed, failed, cancelled, idle, busy, booting } = stats;
  const parts = [
    metric("calls_total", "counter", "Calls that ended, by outcome", of("status", { completed, failed, cancelled })),
    metric("retries_total", "counter", "Attempts after the first", [[on, stats.retried]]),
    metric("workers_lost_total", "counter", "Workers that ended unasked", [[on, stats.lost]]),
    metric("queued_calls", "gauge", "Calls that have not started", [[on, stats.queued]]),
    metric("running_calls", "gauge", "Calls that have started and not ended", [[on, stats.running]]),
    metric("workers", "gauge", "Workers, by state", of("state", { idle, busy, booting })),
    histogram("call_wait_seconds", "Time between submit and start", on, stats.wait),
    histogram("call_run_seconds", "Time between start and end", on, stats.run),
    metric("server_calls", "gauge", "Calls under way that came over the network", [[{}, counts.calls]]),
    metric("server_jobs", "gauge", "Jobs that are kept", [[{}, counts.jobs]]),
    metric("server_sockets", "gauge", "Open WebSockets", [[{}, counts.sockets]]),
    metric("server_responses_total", "counter", "Answers, by route and status", responses(counts.responses)),
  ];
  return parts.join("");
}

function responses(byRoute: ServerCounts["responses"]): Sample[] {
  return [...byRoute].flatMap(([route, byStatus]) =>
    [...byStatus].map(([status, count]): Sample => [{ route, status: String(status) }, count]),
  );
}

function metric(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `manyhands_${name}${labelText(labels)} ${value}\n`);
  return `# HELP manyhands_${name} ${help}\n# TYPE manyhands_${name} ${type}\n${lines.join("")}`;
}

function histogram(name: string, help: string, labels: Readonly<Record<string, string>>, data: Histogram): string {
  let below = 0;
  const buckets = data.bounds.map((bound, index) => {
    below += data.counts[index] ?? 0;
    const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : String(bound / 1000);
    return `manyhands_${name}_bucket${labelText({ ...labels, le })} ${below}\n`;
  });
  const sum = `manyhands_${name}_sum${labelText(labels)} ${data.sum / 1000}\n`;
  const count = `manyhands_${name}_count${labelText(labels)} ${data.count}\n`;
  return `${metric(name, "histogram", help, [])}${buckets.join("")}${sum}${count}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
