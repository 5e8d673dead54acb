/** The running side of `openTelemetry()`: workers load this module when the first call comes that has a span.
 *
 *  It imports no other of ours, nor is it joined with any (`tools/join.mjs`): what it shared with the public rooms would be cut
 *  out of them, and be one more file for each to load. It has no state, for the submitting side has it once more. */
import { threadId } from "node:worker_threads";
import { context, propagation, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Around } from "../base/carriers.js";

/** What goes along with a call. */
export interface SpanLuggage {
  readonly task: string;
  /** As the propagator wrote them. */
  readonly headers: Readonly<Record<string, string>>;
}

export const consumerSpans: Around = {
  around<R>(value: unknown, run: () => R): R {
    const { task, headers } = value as SpanLuggage;
    // On the event loop a call begins in the context of whoever came before it.
    const parent = propagation.extract(ROOT_CONTEXT, headers);
    const attributes = { "code.function.name": task, "process.pid": process.pid, "thread.id": threadId };
    const span = trace.getTracer("manyhands").startSpan(task, { kind: SpanKind.CONSUMER, attributes }, parent);
    return context.with(trace.setSpan(parent, span), () => spanned(span, run));
  },
};

function spanned<R>(span: Span, run: () => R): R {
  let result: R;
  try {
    result = run();
  } catch (error) {
    fail(span, error);
    throw error;
  }
  if (!hasThen(result)) {
    span.end();
    return result;
  }
  const ended = Promise.resolve(result).then(
    (value) => {
      span.end();
      return value;
    },
    (error: unknown) => {
      fail(span, error);
      throw error;
    },
  );
  // What an executor makes of a thenable is what it makes of this promise.
  return ended as R;
}

function hasThen(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function fail(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
  span.end();
}
