/** The page: its parts in order. */
import { useSignalEffect } from "@preact/signals";
import type { VNode } from "preact";
import { CHARTS } from "./charts/kinds.js";
import { StripChart } from "./charts/strip-chart.js";
import { Banners } from "./panels/banners.js";
import { CallsNow, Failures, Slow } from "./panels/calls.js";
import { Functions } from "./panels/functions.js";
import { Header } from "./panels/header.js";
import { Tiles } from "./panels/tiles.js";
import { Workers } from "./panels/workers.js";
import { connection, live } from "./state.js";
import { TaskStream } from "./stream/task-stream.js";
import { theme } from "./theme.js";

export function Page(): VNode {
  useSignalEffect(() => {
    document.documentElement.dataset["theme"] = theme.value.name;
  });
  useSignalEffect(() => {
    const title = live.value?.subject.title;
    document.title = title === undefined ? "manyhands" : `${title} – manyhands`;
  });
  return (
    <>
      <Header />
      <Banners />
      <main id="main" tabIndex={-1}>
        {live.value === undefined ? <Nothing /> : <Panels />}
      </main>
    </>
  );
}

/** Before the first picture. */
function Nothing(): VNode {
  const { kind } = connection.link.value;
  return (
    <p class="nothing">
      {kind === "locked" ? "Nothing is shown without the token." : "Waiting for the first picture…"}
    </p>
  );
}

function Panels(): VNode {
  return (
    <>
      <Tiles />
      <TaskStream />
      <section class="charts" aria-label="Strip charts">
        {CHARTS.map((kind) => (
          <StripChart key={kind.part} kind={kind} />
        ))}
      </section>
      <Workers />
      <div class="columns">
        <Functions />
        <Failures />
        <Slow />
        <CallsNow />
      </div>
    </>
  );
}
