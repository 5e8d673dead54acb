/** The head of the page: what is watched, whether the page is connected, and what concerns the whole of it. */
import type { VNode } from "preact";
import { connection, download, live } from "../state.js";
import { CHOICES, choice, choose, type ThemeChoice } from "../theme.js";

export function Header(): VNode {
  const subject = live.value?.subject;
  const title = subject === undefined ? "" : subject.kind === "map" ? `map ${subject.title}` : subject.title;
  return (
    <header class="top">
      <a class="skip" href="#main">
        Skip to the task stream
      </a>
      <h1>
        <Mark /> manyhands
        {title === "" ? null : <span class="subject">{title}</span>}
      </h1>
      <Status />
      <div class="buttons">
        <button type="button" data-do="trace" onClick={() => void download("trace.json")}>
          Trace<span class="wide-only"> for Perfetto</span>
        </button>
        <button type="button" data-do="report" onClick={() => void download("report.html")}>
          Report
        </button>
        <ThemeSwitch />
      </div>
    </header>
  );
}

function Mark(): VNode {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path class="m1" d="M4 8h11M21 8h7" />
      <path class="m2" d="M4 16h4M14 16h14" />
      <path class="m3" d="M4 24h14" />
      <path class="m4" d="M24 24h4" />
    </svg>
  );
}

const STATUS = {
  connecting: "Connecting…",
  live: "Live",
  lost: "Disconnected",
  locked: "Locked",
  over: "Ended",
} as const;

function Status(): VNode {
  const { kind } = connection.link.value;
  return (
    <p class={`status ${kind}`} role="status" data-part="status" data-link={kind}>
      <span class="dot" aria-hidden="true" />
      {STATUS[kind]}
    </p>
  );
}

const NAMES: Readonly<Record<ThemeChoice, string>> = { system: "Auto", light: "Light", dark: "Dark" };

function ThemeSwitch(): VNode {
  return (
    <label class="theme">
      <span class="unseen">Colours</span>
      <select
        data-do="theme"
        value={choice.value}
        onChange={({ currentTarget }) => {
          const chosen = CHOICES.find((each) => each === currentTarget.value);
          if (chosen !== undefined) choose(chosen);
        }}
      >
        {CHOICES.map((each) => (
          <option key={each} value={each}>
            {NAMES[each]}
          </option>
        ))}
      </select>
    </label>
  );
}
