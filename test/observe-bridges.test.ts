/** Metrics for prom-client, and spans for OpenTelemetry. */
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { MissingPackageError, openTelemetry, prometheus } from "manyhands/observe";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { square } from "#tasks/basic.js";
import { passGate } from "#tasks/gate.js";
import { registerTracing, type SpanFacts, takeSpans, withOwnSpan } from "#tasks/observing.js";
import { CANDIDATES } from "./conformance/executors.js";
import { outcomeOf, outputOf, program, within } from "./conformance/support.js";
import { keep, later, newGate } from "./keeping.js";
import { allSortsOf } from "./observing.js";

type Sample = {
  readonly value: number;
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, unknown>>;
};

async function samples(registry: Registry, name: string): Promise<readonly Sample[]> {
  const metric = registry.getSingleMetric(name);
  if (metric === undefined) throw new Error(`no metric is called ${name}`);
  return (await metric.get()).values as readonly Sample[];
}

async function total(
  registry: Registry,
  name: string,
  which: (sample: Sample) => boolean = () => true,
): Promise<number> {
  return (await samples(registry, name)).filter(which).reduce((sum, { value }) => sum + value, 0);
}

const counts = ({ metricName }: Sample): boolean => metricName?.endsWith("_count") === true;

describe.each(Object.entries(CANDIDATES))("prometheus (%s)", (kind, { make }) => {
  test("metrics are those of stats()", async () => {
    const registry = new Registry();
    const metrics = await prometheus(registry);
    later(() => metrics[Symbol.dispose]());
    const pool = keep(make({ maxWorkers: 2 }));
    await allSortsOf(pool, await newGate());
    const stats = pool.stats();
    const ended = (status: string): Promise<number> =>
      total(registry, "manyhands_tasks_total", ({ labels }) => labels["status"] === status);
    expect({
      completed: await ended("succeeded"),
      failed: await ended("failed"),
      cancelled: await ended("cancelled"),
      retried: await total(registry, "manyhands_task_retries_total"),
      lost: await total(registry, "manyhands_worker_crashes_total"),
      waits: await total(registry, "manyhands_task_wait_seconds", counts),
    }).toEqual({
      completed: stats.completed,
      failed: stats.failed,
      cancelled: stats.cancelled,
      retried: stats.retried,
      lost: stats.lost,
      waits: stats.wait.count,
    });
    const seconds = await total(registry, "manyhands_task_run_seconds", (s) => s.metricName?.endsWith("_sum") === true);
    expect(seconds * 1000).toBeCloseTo(stats.run.sum, 3);
    const labels = (await samples(registry, "manyhands_tasks_total")).map((sample) => sample.labels);
    for (const each of labels) expect(each).toMatchObject({ executor: stats.name, kind });
    expect(await registry.metrics()).toMatch(/^manyhands_tasks_total\{.*task="square",status="succeeded"\} \d+$/m);
  });

  test("gauges tell the calls that wait, and what workers do, as it is now", async () => {
    const registry = new Registry();
    const metrics = await prometheus(registry, { prefix: "my_" });
    later(() => metrics[Symbol.dispose]());
    const gate = await newGate();
    const pool = keep(make({ maxWorkers: 1 }));
    const futures = [passGate, passGate, passGate].map((task, n) => pool.submit(task, gate.path, `${n}`));
    await gate.arrived(1);
    const state = (name: string) => total(registry, "my_workers", ({ labels }) => labels["state"] === name);
    expect(await total(registry, "my_tasks_waiting")).toBe(2);
    expect(await state("busy")).toBe(1);
    gate.open();
    await within(Promise.all(futures), "the calls");
    expect(await total(registry, "my_tasks_waiting")).toBe(0);
    expect({ busy: await state("busy"), idle: await state("idle") }).toEqual({ busy: 0, idle: 1 });
    await within(pool.shutdown(), "shutdown()");
    expect(await state("idle")).toBe(0);
  });
});

test("metrics leave the registry when the counting ends", async () => {
  const registry = new Registry();
  (await prometheus(registry))[Symbol.dispose]();
  expect(await registry.metrics()).not.toContain("manyhands");
  (await prometheus(registry))[Symbol.dispose]();
});

function one(spans: readonly SpanFacts[], kind: SpanKind, name: string): SpanFacts {
  const found = spans.filter((span) => span.kind === kind && span.name === name);
  expect(found.length, `${name} among ${JSON.stringify(spans)}`).toBe(1);
  return found[0] as SpanFacts;
}

describe.each(Object.entries(CANDIDATES))("openTelemetry (%s)", (kind, { make }) => {
  async function spansOf(
    fate: "ends" | "fails",
  ): Promise<{ readonly spans: readonly SpanFacts[]; readonly root: string }> {
    registerTracing();
    takeSpans();
    const spanning = await openTelemetry();
    later(() => spanning[Symbol.dispose]());
    const pool = keep(make({ maxWorkers: 1, initializer: registerTracing }));
    const root = trace.getTracer("test").startSpan("root");
    const call = context.with(trace.setSpan(context.active(), root), () => pool.submit(withOwnSpan, fate));
    await outcomeOf(call);
    root.end();
    spanning[Symbol.dispose]();
    const there = kind === "event-loop" ? [] : await within(pool.submit(takeSpans), "the worker's spans");
    return { spans: [...takeSpans(), ...there], root: root.spanContext().spanId };
  }

  test("root, producer, consumer and the task's own span are a chain", async () => {
    const { spans, root } = await spansOf("ends");
    const producer = one(spans, SpanKind.PRODUCER, "submit withOwnSpan");
    const consumer = one(spans, SpanKind.CONSUMER, "withOwnSpan");
    const inner = one(spans, SpanKind.INTERNAL, "inner");
    expect([producer.parent, consumer.parent, inner.parent]).toEqual([root, producer.id, consumer.id]);
    expect(new Set(spans.map(({ trace: id }) => id)).size).toBe(1);
    expect(consumer.pid === process.pid).toBe(kind !== "process");
    for (const { status } of [producer, consumer]) expect(status).toBe(SpanStatusCode.UNSET);
  });

  test("a call that fails marks both its spans", async () => {
    const { spans } = await spansOf("fails");
    for (const [of, name] of [
      [SpanKind.PRODUCER, "submit withOwnSpan"],
      [SpanKind.CONSUMER, "withOwnSpan"],
    ] as const) {
      expect(one(spans, of, name).status).toBe(SpanStatusCode.ERROR);
    }
  });

  test("items of a map are children of the span that was active where the map was made", async () => {
    registerTracing();
    takeSpans();
    const spanning = await openTelemetry();
    later(() => spanning[Symbol.dispose]());
    const pool = keep(make({ maxWorkers: 2 }));
    const root = trace.getTracer("test").startSpan("root");
    const items = Array.from({ length: 100 }, (_, n) => n);
    const results = context.with(trace.setSpan(context.active(), root), () => pool.map(square, items));
    await within(results, "the map");
    const producers = takeSpans().filter((span) => span.kind === SpanKind.PRODUCER);
    expect(producers.length).toBe(100);
    expect(new Set(producers.map(({ parent }) => parent))).toEqual(new Set([root.spanContext().spanId]));
    expect(propagation.fields()).toContain("traceparent");
  });
});

test.each([
  ["prometheus", "prom-client"],
  ["openTelemetry", "@opentelemetry/api"],
])("%s says which package it misses", async (bridge, name) => {
  const told = JSON.parse(await outputOf(program("without-packages", bridge))) as { code: string; package: string };
  expect(told).toMatchObject({ code: "ERR_MISSING_PACKAGE", package: name });
  expect(new MissingPackageError(name, `${bridge}()`).message).toContain(`npm install ${name}`);
});
