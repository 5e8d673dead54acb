/** The picture of what executors do, kept tick by tick, and the pages that are told it.
 *
 *  Guarantees: every page gets every delta in order, or a snapshot that stands for those it did not get; the latest deltas are
 *  kept, so that a page that was away for a moment gets just those; nothing runs once it is disposed of. */
import { randomUUID } from "node:crypto";
import { type RecentTrace, traceRecent } from "manyhands/observe";
import { applied } from "./apply.js";
import { PageLine, type PageSocket } from "./page-line.js";
import { sinceOrigin } from "./places.js";
import type { Farewell, Keeps, Picture, Progress, Subject, ToPage } from "./protocol.js";
import { Watcher, type WatcherOptions } from "./watcher.js";

export interface HubOptions {
  readonly subject: Subject;
  /** Shown also while nothing is known of it. */
  readonly executor: WatcherOptions["executor"];
  /** How far a map is; null of a server. */
  progress(): Progress | null;
}

/** What a page has that comes back. */
export interface Place {
  readonly hub: string;
  readonly after: number;
}

const TICK_MS = 150;
const WINDOW_MS = 60_000;
const KEEPS: Keeps = { bars: 4000, samples: 600, running: 64, waiting: 64 };
/** Deltas that are kept for pages that come back: some seconds. */
const MOST_DELTAS = 64;

export class Hub implements Disposable {
  readonly watcher: Watcher;
  readonly #trace: RecentTrace;
  readonly #pages = new Set<PageLine>();
  readonly #deltas: { readonly seq: number; readonly text: string }[] = [];
  readonly #timer: NodeJS.Timeout;
  #picture: Picture;
  #seq = 0;

  constructor({ subject, executor, progress }: HubOptions) {
    const origin = performance.timeOrigin + performance.now();
    const options = { origin, window: WINDOW_MS, keeps: KEEPS, executor, progress };
    this.watcher = new Watcher(options);
    this.#trace = traceRecent();
    this.#picture = emptyPicture(subject, origin);
    this.#tick();
    // Watching keeps no program alive.
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** As of the last tick. */
  get picture(): Picture {
    return this.#picture;
  }

  /** Pages that are connected. */
  get pages(): number {
    return this.#pages.size;
  }

  /** The recent past, as Perfetto reads it. */
  trace(): string {
    return this.#trace.json();
  }

  /** Tells a page from now on.
   *  @param place what it has already, if it has been here. @param left is called when the page has gone. */
  join(socket: PageSocket, place: Place | undefined, left: () => void): void {
    const line = new PageLine(socket, () => {
      this.#pages.delete(line);
      left();
    });
    this.#pages.add(line);
    const missed = place === undefined ? undefined : this.#behind(place);
    if (missed === undefined) line.send(this.#snapshot());
    else for (const text of missed) line.send(text);
  }

  /** Says goodbye to all pages. What is new is told first. */
  leave(why: Farewell["why"]): void {
    this.#tick();
    const text = JSON.stringify({ type: "farewell", why } satisfies ToPage);
    for (const page of this.#pages) {
      page.send(text);
      page.close();
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#trace[Symbol.dispose]();
    this.watcher[Symbol.dispose]();
  }

  #tick(): void {
    const changes = this.watcher.changes();
    this.#seq += 1;
    this.#picture = applied(this.#picture, changes);
    const text = JSON.stringify({ type: "delta", seq: this.#seq, changes } satisfies ToPage);
    this.#deltas.push({ seq: this.#seq, text });
    if (this.#deltas.length > MOST_DELTAS) this.#deltas.shift();
    // Made once for all that need it, and only if one does.
    let snapshot: string | undefined;
    for (const page of this.#pages) {
      page.tell(text, () => {
        snapshot ??= this.#snapshot();
        return snapshot;
      });
    }
  }

  #snapshot(): string {
    return JSON.stringify({ type: "snapshot", seq: this.#seq, picture: this.#picture } satisfies ToPage);
  }

  /** The deltas behind a place; `undefined` when they are not all here any more, or never were. */
  #behind({ hub, after }: Place): readonly string[] | undefined {
    const first = this.#deltas[0]?.seq ?? this.#seq + 1;
    if (hub !== this.#picture.hub || after > this.#seq || after + 1 < first) return undefined;
    return this.#deltas.filter(({ seq }) => seq > after).map(({ text }) => text);
  }
}

function emptyPicture(subject: Subject, origin: number): Picture {
  return {
    hub: randomUUID(),
    subject,
    origin,
    tick: TICK_MS,
    window: WINDOW_MS,
    keeps: KEEPS,
    at: sinceOrigin(origin, origin),
    progress: null,
    totals: { submitted: 0, succeeded: 0, failed: 0, cancelled: 0, retried: 0, crashes: 0 },
    executors: [],
    workers: [],
    functions: [],
    running: [],
    waiting: [],
    bars: [],
    barsLeftOut: 0,
    samples: [],
    slow: [],
    failures: [],
  };
}
