/** One line for each executor: what waits, and what can be done to it. */
import type { VNode } from "preact";
import type { Control, ExecutorRow } from "../../../src/dashboard/protocol.js";
import { count, counted } from "../format.js";
import { perform, steady } from "../state.js";

export function Executors(): VNode {
  const executors = steady.value?.executors ?? [];
  return (
    <ul class="executors" aria-label="Executors">
      {executors.map((executor) => (
        <li key={executor.id} data-executor={executor.id}>
          <strong>{executor.name}</strong>
          <span class="note">
            {executor.kind}, {count(executor.waiting)} waiting, {counted(executor.atWorkers, "call")} at workers
          </span>
          {executor.control === null ? null : <Controls executor={executor} control={executor.control} />}
        </li>
      ))}
    </ul>
  );
}

function Controls({ executor, control }: { readonly executor: ExecutorRow; readonly control: Control }): VNode {
  const paused = control.flow === "paused";
  return (
    <span class="buttons">
      {paused ? <span class="chip warn">paused</span> : null}
      <button
        type="button"
        class="small"
        data-do={paused ? "resume-executor" : "pause-executor"}
        aria-label={`${paused ? "Resume" : "Pause"} ${executor.name}`}
        onClick={() => void perform({ action: paused ? "resume" : "pause", executor: executor.id })}
      >
        {paused ? "Resume" : "Pause"}
      </button>
      <SizeForm executor={executor} control={control} />
    </span>
  );
}

function SizeForm({ executor, control }: { readonly executor: ExecutorRow; readonly control: Control }): VNode {
  const id = `size-${executor.id}`;
  return (
    <form
      class="size"
      onSubmit={(event) => {
        event.preventDefault();
        const size = Number(new FormData(event.currentTarget).get("size"));
        if (Number.isInteger(size) && size > 0) void perform({ action: "resize", executor: executor.id, size });
      }}
    >
      <label for={id}>{control.unit === "workers" ? "Workers" : "Calls at once"}</label>
      <input id={id} name="size" type="number" min={1} max={100_000} required defaultValue={control.size ?? ""} />
      <button type="submit" class="small" aria-label={`Resize ${executor.name}`}>
        Resize
      </button>
    </form>
  );
}
