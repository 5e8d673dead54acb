/** What the colours of the stream mean. */
import type { VNode } from "preact";
import { count } from "../format.js";
import { colours, live, names } from "../state.js";
import { theme } from "../theme.js";

export function Legend(): VNode {
  const picture = live.value;
  const tones = theme.value;
  return (
    <ul class="legend" aria-label="Colours of the task stream">
      <li>
        <span class="swatch waiting" aria-hidden="true" style={{ background: tones.waiting }} /> waiting
      </li>
      <li>
        <span class="swatch failed" aria-hidden="true" /> failed
      </li>
      <li>
        <span class="swatch cancelled" aria-hidden="true" /> cancelled
      </li>
      <LegendOfFunctions />
      {picture !== undefined && picture.barsLeftOut > 0 ? (
        <li class="note" title="More ended than a message to this page holds; sums and charts count them all.">
          {count(picture.barsLeftOut)} bars left out
        </li>
      ) : null}
    </ul>
  );
}

const MOST_IN_LEGEND = 12;

function LegendOfFunctions(): VNode {
  const tones = theme.value;
  const all = names.value;
  return (
    <>
      {all.slice(0, MOST_IN_LEGEND).map((name, fn) => (
        <li key={fn} title={live.value?.functions[fn]?.name}>
          <span class="swatch" aria-hidden="true" style={{ background: tones.functions[colours.value[fn] ?? 0] }} />
          <code>{name}</code>
        </li>
      ))}
      {all.length > MOST_IN_LEGEND ? <li class="note">and {all.length - MOST_IN_LEGEND} more</li> : null}
    </>
  );
}
