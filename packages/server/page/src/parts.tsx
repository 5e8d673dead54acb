/** Small parts that several panels show. */
import type { ComponentChildren, VNode } from "preact";
import type { Picture } from "../../src/dashboard/protocol.js";
import { colours, functionOf, names, perform } from "./state.js";
import { theme } from "./theme.js";

interface PanelProps {
  readonly title: string;
  readonly part: string;
  /** Beside the title. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A framed part of the page under a heading. */
export function Panel({ title, part, aside, children }: PanelProps): VNode {
  return (
    <section class={`panel ${part}`} aria-labelledby={`${part}-title`}>
      <header class="panel-head">
        <h2 id={`${part}-title`}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** A function's name with its colour in the stream; its full name is the title. */
export function FunctionName({ picture, fn }: { readonly picture: Picture; readonly fn: number }): VNode {
  const full = functionOf(picture, fn)?.name ?? "";
  return (
    <span class="function" title={full}>
      <span class="swatch" aria-hidden="true" style={{ background: theme.value.functions[colours.value[fn] ?? 0] }} />
      <code>{names.value[fn] ?? "?"}</code>
    </span>
  );
}

/** Cancels a call. */
export function CancelButton({ call }: { readonly call: number }): VNode {
  return (
    <button
      type="button"
      class="small"
      data-cancel={call}
      aria-label={`Cancel call ${call}`}
      onClick={() => void perform({ action: "cancel", call })}
    >
      Cancel
    </button>
  );
}

/** A share as a bar with its number beside it. */
export function Meter({ share, text }: { readonly share: number; readonly text: string }): VNode {
  return (
    <span class="meter">
      <span class="track" aria-hidden="true">
        <span class="fill" style={{ width: `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%` }} />
      </span>
      <span class="meter-text">{text}</span>
    </span>
  );
}
