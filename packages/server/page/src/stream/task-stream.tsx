/** The panel of the task stream: its canvas, its buttons and keys, the table behind it, and the details of what is picked. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Picture } from "../../../src/dashboard/protocol.js";
import { count } from "../format.js";
import { Panel } from "../parts.js";
import { connection, frozen, pause, resume, steady, streamed, view } from "../state.js";
import { BarDetails } from "./bar-details.js";
import { BarTable } from "./bar-table.js";
import { listen } from "./hands.js";
import { Legend } from "./legend.js";
import { facts, Painter } from "./painter.js";

const HELP =
  "Arrow keys go from bar to bar, Shift and arrow keys move through time, plus and minus zoom, Space pauses and resumes, " +
  "Home and End go to the oldest and to now, Escape lets go of the bar.";

/** How much closer one step of zooming gets. */
const CLOSER = 1 / 1.5;
const FARTHER = 1.5;

export function TaskStream(): VNode {
  const table = useSignal(false);
  return (
    <Panel title="Task stream" part="stream" aside={<Buttons table={table} />}>
      <Canvas />
      <Legend />
      <BarDetails />
      {table.value ? <BarTable /> : null}
    </Panel>
  );
}

/** The painter that is at work: buttons zoom by it. */
let painter: Painter | undefined;

function Buttons({ table }: { readonly table: { value: boolean } }): VNode {
  const held = view.value.kind === "held";
  return (
    <div class="buttons" role="toolbar" aria-label="Task stream">
      <HeldNote />
      <button type="button" data-do="pause" aria-pressed={held} onClick={() => (held ? resume() : pause())}>
        {held ? "Resume" : "Pause"}
      </button>
      <button type="button" data-do="closer" aria-label="Zoom in" onClick={() => painter?.zoom(CLOSER)}>
        +
      </button>
      <button type="button" data-do="farther" aria-label="Zoom out" onClick={() => painter?.zoom(FARTHER)}>
        −
      </button>
      <button
        type="button"
        data-do="bar-table"
        aria-expanded={table.value}
        onClick={() => {
          table.value = !table.value;
        }}
      >
        Table
      </button>
    </div>
  );
}

function HeldNote(): VNode | null {
  const halted = frozen.value;
  const picture = steady.value;
  if (halted === undefined || picture === undefined) return null;
  const ended = ({ totals }: Picture): number => totals.succeeded + totals.failed + totals.cancelled + totals.retried;
  const newer = Math.max(0, ended(picture) - ended(halted));
  return <span class="note">Halted, {count(newer)} newer</span>;
}

function Canvas(): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d") ?? null;
    if (element === null || context === null) return;
    const made = new Painter(element, context);
    painter = made;
    const forget = listen(element, made);
    return () => {
      forget();
      made[Symbol.dispose]();
      painter = undefined;
    };
  }, []);
  const picture = streamed.value;
  return (
    <div class="stream-frame">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a picture that is worked with by keys of its own. */}
      <canvas
        ref={canvas}
        id="stream-canvas"
        tabIndex={0}
        role="application"
        aria-label="Task stream: one row for each worker. The button Table shows the same as a table."
        aria-describedby="stream-help"
        data-view={view.value.kind}
        data-link={connection.link.value.kind}
        {...facts(picture)}
      />
      <p id="stream-help" class="unseen">
        {HELP}
      </p>
      {picture !== undefined && picture.workers.length === 0 ? (
        <p class="empty">No worker has started yet: the first call starts one.</p>
      ) : null}
    </div>
  );
}
