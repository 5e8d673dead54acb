/** Bars of downloads: one for each file under way and one for all of them, on a terminal; elsewhere a line now and then.
 *
 *  Guarantees: the lines are pure text, never wider than the terminal; names from strangers cannot move the cursor; bars are gone
 *  before anything else is written. */
import { bar, shownDuration } from "./progress-line.js";

/** How downloads stand, as the package tells it. */
export interface DownloadView {
  readonly active: readonly { readonly name: string; readonly done: number; readonly total: number | undefined }[];
  readonly ended: number;
  readonly failed: number;
  readonly known: number;
  readonly received: number;
}

const MOST_FILES = 8;
const REDRAW_MS = 100;
const PLAIN_MS = 5000;

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `3.1 MiB` */
export function shownBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** How all of them stand, in words. */
export function totalText(view: DownloadView, elapsed: number): string {
  const failed = view.failed === 0 ? "" : `, ${view.failed} failed`;
  const rate = elapsed > 0 ? `, ${shownBytes((view.received / elapsed) * 1000)}/s` : "";
  return `${view.ended}/${view.known} files${failed}, ${shownBytes(view.received)}${rate}, ${shownDuration(elapsed)}`;
}

/** What is drawn on a terminal of so many columns. */
export function barLines(view: DownloadView, elapsed: number, columns: number): readonly string[] {
  const files = view.active.slice(0, MOST_FILES).map(({ name, done, total }) => {
    const share = total === undefined || total === 0 ? 0 : done / total;
    const amount = total === undefined ? shownBytes(done) : `${Math.floor(share * 100)} % of ${shownBytes(total)}`;
    // Names are safe already; this is about their width.
    return `${bar(share, 20)} ${name.replace(/[^\x20-\x7e]/g, "?")}  ${amount}`;
  });
  return [...files, totalText(view, elapsed)].map((line) => line.slice(0, Math.max(0, columns - 1)));
}

export class DownloadBars implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  readonly #view: () => DownloadView;
  readonly #say: (text: string) => void;
  readonly #begun = performance.now();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;

  constructor(stream: NodeJS.WriteStream, view: () => DownloadView, say: (text: string) => void) {
    this.#stream = stream;
    this.#view = view;
    this.#say = say;
    const draws = stream.isTTY === true;
    this.#timer = setInterval(() => (draws ? this.#draw() : this.#tell()), draws ? REDRAW_MS : PLAIN_MS);
    this.#timer.unref();
  }

  /** Takes the bars away, so that something else can be written. */
  clear(): void {
    if (this.#drawn > 0) this.#stream.write(`\x1b[${this.#drawn}F\x1b[0J`);
    this.#drawn = 0;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #tell(): void {
    this.#say(totalText(this.#view(), performance.now() - this.#begun));
  }

  #draw(): void {
    const lines = barLines(this.#view(), performance.now() - this.#begun, this.#stream.columns || 80);
    this.clear();
    this.#stream.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }
}
