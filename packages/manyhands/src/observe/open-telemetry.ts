/** Spans of calls for OpenTelemetry. */
import { needPackage } from "./optional-package.js";

/** Makes two spans of every call that this thread submits from now on, by the API of OpenTelemetry and whatever SDK you have
 *  registered with it: a *producer* span, child of the span that was active at the submit, from there to the call's end, with
 *  its outcome; and inside the task a *consumer* span, child of the producer. The consumer is active while the task runs, so the
 *  task's own spans are its children, in threads and processes too: the context travels as your propagator writes it (W3C
 *  `traceparent` and `tracestate`, unless you have chosen another).
 *
 *  Spans in workers are made by the SDK that is registered *there*: register it in the executor's `initializer`. Without one
 *  there are the producer spans alone.
 *
 *  @returns ends it when disposed of; the producer spans of calls that have not ended are ended then. Rejects with
 *  `MissingPackageError` (`ERR_MISSING_PACKAGE`) when `@opentelemetry/api` is not installed.
 *  @example
 *  ```ts
 *  new NodeTracerProvider({ spanProcessors }).register();
 *  using _ = await openTelemetry();
 *  await using pool = new ThreadPoolExecutor({ initializer: registerTracing });
 *  await tracer.startActiveSpan("request", (span) => pool.submit(render, page).finally(() => span.end()));
 *  ``` */
export async function openTelemetry(): Promise<Disposable> {
  await needPackage(() => import("@opentelemetry/api"), "@opentelemetry/api", "openTelemetry()");
  const { startSpans } = await import("./producer-spans.js");
  return startSpans();
}
