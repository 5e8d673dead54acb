/** What has to be said before anything else: that the page is not connected, is behind, is locked; and how actions went. */
import type { VNode } from "preact";
import { count } from "../format.js";
import { forgetToken, keepToken } from "../live/place.js";
import { connection, notices, putAway } from "../state.js";

export function Banners(): VNode {
  return (
    <div class="banners">
      <LinkBanner />
      <BehindBanner />
      <Notices />
    </div>
  );
}

function LinkBanner(): VNode | null {
  const link = connection.link.value;
  switch (link.kind) {
    case "lost":
      return (
        <div class="banner warn" role="alert" data-banner="lost">
          <p>
            The server cannot be reached. What you see is as it was last; this page tries again by itself
            {link.attempt > 1 ? ` (attempt ${link.attempt + 1})` : ""}.
          </p>
          <button type="button" onClick={() => connection.retryNow()}>
            Try now
          </button>
        </div>
      );
    case "over":
      return (
        <div class="banner calm" role="status" data-banner="over">
          <p>The run has ended. This is its last picture.</p>
        </div>
      );
    case "locked":
      return <TokenForm why={link.why} />;
    case "connecting":
    case "live":
      return null;
  }
}

function BehindBanner(): VNode | null {
  const skipped = connection.known.value?.skipped ?? 0;
  if (skipped === 0) return null;
  return (
    <div class="banner calm" role="status" data-banner="behind">
      <p>
        This page was too slow for the server: it skipped {count(skipped)} messages and shows the present again. Sums
        and charts are whole; some bars may be missing.
      </p>
      <button type="button" onClick={() => connection.caughtUp()}>
        Good
      </button>
    </div>
  );
}

function TokenForm({ why }: { readonly why: "no-token" | "wrong-token" }): VNode {
  return (
    <form
      class="banner calm token"
      data-banner="locked"
      onSubmit={(event) => {
        event.preventDefault();
        const token = new FormData(event.currentTarget).get("token");
        if (typeof token !== "string" || token === "") return;
        forgetToken();
        keepToken(token);
        connection.connect();
      }}
    >
      <label for="token">
        {why === "no-token" ? "This server wants its token." : "That is not this server's token."} It is kept for this
        tab only.
      </label>
      <input
        id="token"
        name="token"
        type="password"
        autocomplete="off"
        spellcheck={false}
        required
        aria-invalid={why === "wrong-token"}
      />
      <button type="submit">Unlock</button>
    </form>
  );
}

function Notices(): VNode {
  return (
    <div class="notices" aria-live="polite">
      {notices.value.map(({ id, kind, text }) => (
        <div key={id} class={`banner ${kind === "done" ? "good" : "warn"}`} data-notice={kind}>
          <p>{text}</p>
          <button type="button" class="small" aria-label="Put this message away" onClick={() => putAway(id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
