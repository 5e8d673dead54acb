/** The submitting side of `openTelemetry()`. Loaded when its API is known to be there.
 *
 *  Guarantees: each producer span is ended, with its call or with the observation. */
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { addCarrier, type DepartingCall } from "../base/carriers.js";
import type { TaskEnded } from "../pool/watch-messages.js";
import { consumerSpans, type SpanLuggage } from "./consumer-spans.js";
import { subscribe } from "./subscribe.js";

/** The way from here and from where the joined library has this module (`dist/rooms`). */
const CONSUMER = new URL("../observe/consumer-spans.js", import.meta.url).href;

export function startSpans(): Disposable {
  const open = new Map<number, Span>();
  const carrier = addCarrier({
    module: CONSUMER,
    name: "consumerSpans",
    capture: (call) => startProducer(call, open),
    around: consumerSpans.around,
  });
  const listening = subscribe({
    task: (message) => {
      const span = message.type === "ended" ? open.get(message.id) : undefined;
      if (message.type !== "ended" || span === undefined) return;
      open.delete(message.id);
      endProducer(span, message);
    },
  });
  return {
    [Symbol.dispose]: () => {
      carrier[Symbol.dispose]();
      listening[Symbol.dispose]();
      for (const span of open.values()) span.end();
      open.clear();
    },
  };
}

function startProducer({ id, task, executor }: DepartingCall, open: Map<number, Span>): SpanLuggage {
  const attributes = {
    "code.function.name": task,
    "manyhands.executor.name": executor.name,
    "manyhands.executor.kind": executor.kind,
  };
  const active = context.active();
  const span = trace
    .getTracer("manyhands")
    .startSpan(`submit ${task}`, { kind: SpanKind.PRODUCER, attributes }, active);
  open.set(id, span);
  const headers: Record<string, string> = {};
  propagation.inject(trace.setSpan(active, span), headers);
  return { task, headers };
}

function endProducer(span: Span, message: TaskEnded): void {
  span.setAttributes({ "manyhands.outcome": message.outcome, "manyhands.attempts": message.attempt });
  if (message.run !== undefined) span.setAttribute("manyhands.worker", message.run.worker.name);
  if (message.outcome !== "succeeded") {
    const { error } = message;
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
  }
  span.end();
}
