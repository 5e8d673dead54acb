/** All that is known of the attempt that is picked in the stream. */
import type { VNode } from "preact";
import type { Bar, Picture, RunningCall } from "../../../src/dashboard/protocol.js";
import { age, duration, preciseClock } from "../format.js";
import { CancelButton, FunctionName } from "../parts.js";
import { picked, steady, streamed } from "../state.js";
import { find } from "./pick.js";

export function BarDetails(): VNode {
  return (
    <div class="details" aria-live="polite" data-part="details">
      <Picked />
    </div>
  );
}

function Picked(): VNode | null {
  const chosen = picked.value;
  // Twice a second is enough for what is read; what was halted is shown as it was.
  const picture = steady.value === undefined ? undefined : (streamed.value ?? steady.value);
  if (chosen === undefined || picture === undefined) return null;
  const bar = find(picture.bars, chosen);
  const open = find(picture.running, chosen);
  if (bar !== undefined) return <Ended picture={picture} bar={bar} />;
  if (open !== undefined) return <Open picture={picture} call={open} />;
  return <p class="note">Call {chosen.call} is not kept any more.</p>;
}

function Fact({ name, children }: { readonly name: string; readonly children: VNode | string }): VNode {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Ended({ picture, bar }: { readonly picture: Picture; readonly bar: Bar }): VNode {
  const worker = picture.workers.find(({ row }) => row === bar.row)?.name ?? "";
  const failure = picture.failures.find(({ id }) => id === bar.failure);
  return (
    <>
      <dl class="facts">
        <Fact name="Function">
          <FunctionName picture={picture} fn={bar.fn} />
        </Fact>
        <Fact name="Outcome">{bar.outcome}</Fact>
        <Fact name="Call">{bar.attempt > 1 ? `${bar.call}, attempt ${bar.attempt}` : String(bar.call)}</Fact>
        <Fact name="Worker">{worker}</Fact>
        <Fact name="Waited">{duration(Math.max(0, bar.startedAt - bar.submittedAt))}</Fact>
        <Fact name="Ran">{duration(bar.duration)}</Fact>
        <Fact name="Started">{preciseClock(picture.origin + bar.startedAt)}</Fact>
      </dl>
      {failure === undefined ? null : (
        <p class="error-text" data-part="details-error">
          <strong>{failure.name}</strong>: {failure.message}
        </p>
      )}
    </>
  );
}

function Open({ picture, call }: { readonly picture: Picture; readonly call: RunningCall }): VNode {
  const worker = picture.workers.find(({ row }) => row === call.row)?.name ?? "";
  const since = call.startedAt ?? call.handedAt;
  return (
    <>
      <dl class="facts">
        <Fact name="Function">
          <FunctionName picture={picture} fn={call.fn} />
        </Fact>
        <Fact name="Outcome">{call.startedAt === null ? "at its worker" : "running"}</Fact>
        <Fact name="Call">{call.attempt > 1 ? `${call.call}, attempt ${call.attempt}` : String(call.call)}</Fact>
        <Fact name="Worker">{worker}</Fact>
        <Fact name="For">
          {/* Not read out: it changes every second. */}
          <span aria-live="off">{age(picture.at - since)}</span>
        </Fact>
      </dl>
      <CancelButton call={call.call} />
    </>
  );
}
