/** Tasks that see what came along with their call, and spans that they make. */
import { AsyncLocalStorage } from "node:async_hooks";
import { appendFileSync, readFileSync } from "node:fs";
import { trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { type Executor, ThreadPoolExecutor } from "manyhands";
import { carry } from "manyhands/observe";

export const request: AsyncLocalStorage<{ readonly id: string }> = new AsyncLocalStorage();
export const user: AsyncLocalStorage<string> = new AsyncLocalStorage();
/** Nobody carries it. */
export const stranger: AsyncLocalStorage<string> = new AsyncLocalStorage();

/** Carries both. */
export function carryBoth(): Disposable {
  const ends = [carry(request, import.meta.url, "request"), carry(user, import.meta.url, "user")];
  return {
    [Symbol.dispose]: () => {
      for (const end of ends) end[Symbol.dispose]();
    },
  };
}

export interface Seen {
  readonly request: string | undefined;
  readonly user: string | undefined;
  readonly stranger: string | undefined;
}

function seen(): Seen {
  return { request: request.getStore()?.id, user: user.getStore(), stranger: stranger.getStore() };
}

export function seenNow(): Seen {
  return seen();
}

export async function seenLater(): Promise<Seen> {
  await new Promise((resolve) => setImmediate(resolve));
  return seen();
}

export function seenByItem(n: number): { readonly n: number; readonly seen: Seen } {
  return { n, seen: seen() };
}

/** Notes what it sees, and fails until it has been run so many times. */
export function seenEachTime(log: string, times: number): readonly string[] {
  appendFileSync(log, `${seen().request}\n`);
  const lines = readFileSync(log, "utf8").trim().split("\n");
  if (lines.length < times) throw new Error(`run ${lines.length} times`);
  return lines;
}

/** What a task sees that this task submits to a pool of its own. */
export async function seenFurther(): Promise<Seen> {
  await using pool: Executor = new ThreadPoolExecutor({ maxWorkers: 1 });
  using _ = carryBoth();
  return await pool.submit(seenNow);
}

/** Fails at odd numbers. */
export function failAtOdd(n: number): number {
  if (n % 2 === 1) throw new RangeError(`odd: ${n}`);
  return n;
}

const exporter = new InMemorySpanExporter();
let registered: NodeTracerProvider | undefined;

/** Registers an SDK that keeps the spans of this thread. */
export function registerTracing(): void {
  if (registered !== undefined) return;
  registered = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  registered.register();
}

export interface SpanFacts {
  readonly name: string;
  readonly kind: number;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly status: number;
  readonly pid: unknown;
}

const factsOf = (span: ReadableSpan): SpanFacts => ({
  name: span.name,
  kind: span.kind,
  trace: span.spanContext().traceId,
  id: span.spanContext().spanId,
  parent: span.parentSpanContext?.spanId,
  status: span.status.code,
  pid: span.attributes["process.pid"],
});

/** Takes the spans that have ended in this thread. */
export function takeSpans(): readonly SpanFacts[] {
  const spans = exporter.getFinishedSpans().map(factsOf);
  exporter.reset();
  return spans;
}

/** Makes a span of its own, after an await. */
export async function withOwnSpan(fate: "ends" | "fails"): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  trace.getTracer("test").startSpan("inner").end();
  if (fate === "fails") throw new Error("after the span");
}
