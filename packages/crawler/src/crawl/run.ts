/** One run of a crawl: starts requests while there is room, has pages read, and holds them for the consumer.
 *
 *  ```
 *   Turns ─► visit: fetch (this event loop) ─► verdict ─► read (executor) ─► shelf ─► consumer
 *     ▲                                          │          │                  at most `bufferSize` from start to consumer
 *     └──────────── Gate ◄── links, redirects ◄──┴──────────┘
 *  ```
 *
 *  Guarantees: nothing starts that there is no room for, so a consumer that stops taking stops the fetching; every visit that began
 *  ends, and moves its address on exactly once; when the run is over nothing of it is left: no request, no timer, no file. */
import { InvariantError } from "manyhands";
import type { Address, AddressBook } from "../frontier/address-book.js";
import type { Settings } from "./options.js";
import type { CrawlEnd, Page } from "./page.js";
import type { Turns } from "./turns.js";

/** How a run stands. */
type Phase =
  | { readonly kind: "running" }
  /** Nothing more starts; what is under way is finished and given. */
  | { readonly kind: "draining"; readonly end: CrawlEnd }
  | { readonly kind: "over"; readonly end: CrawlEnd }
  | { readonly kind: "broken"; readonly error: unknown };

type PhaseKind = Phase["kind"];

const NEXT: Readonly<Record<PhaseKind, readonly PhaseKind[]>> = {
  running: ["draining", "over", "broken"],
  draining: ["over", "broken"],
  over: [],
  broken: [],
};

/** What a run has to do, done elsewhere; each resolves when it has ended, and rejects only for what breaks the crawl. */
export interface Deeds {
  visit(address: Address): Promise<Page | undefined>;
  askRobots(host: string): Promise<void>;
}

export class CrawlRun {
  readonly #settings: Settings;
  readonly #book: AddressBook;
  readonly #turns: Turns;
  readonly #deeds: Deeds;
  readonly #abort: AbortController;
  readonly #underWay = new Set<Promise<void>>();
  readonly #shelf: Page[] = [];
  #phase: Phase = { kind: "running" };
  /** Whether the consumer has a page in its hands. */
  #hands: "empty" | "full" = "empty";
  #wake: (() => void) | undefined;
  #alarm: { readonly at: number; readonly timer: Disposable } | undefined;

  constructor(settings: Settings, book: AddressBook, turns: Turns, deeds: Deeds, abort: AbortController) {
    this.#settings = settings;
    this.#book = book;
    this.#turns = turns;
    this.#deeds = deeds;
    this.#abort = abort;
  }

  /** Pages that wait for the consumer. */
  get ready(): number {
    return this.#shelf.length;
  }

  /** Why the run has ended, once it has. */
  get end(): CrawlEnd | undefined {
    return this.#phase.kind === "over" ? this.#phase.end : undefined;
  }

  /** The next page; `undefined` when there are no more.
   *  @throws (rejects) what broke the crawl. */
  async take(): Promise<Page | undefined> {
    for (;;) {
      if (this.#phase.kind === "broken") throw this.#phase.error;
      const page = this.#shelf.shift();
      if (page !== undefined) {
        this.#hands = "full";
        // The page before has made room.
        this.#pump();
        return page;
      }
      this.#pump();
      this.#endIfDone();
      // Pages of an earlier moment may stand on the shelf by now, and the phase may be another.
      if (this.#shelf.length > 0 || this.#state() === "broken") continue;
      if (this.#state() === "over") return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The consumer has done with its page. */
  release(page: Page): void {
    this.#hands = "empty";
    this.#book.move(page.url, { kind: "done" }, this.#settings.position?.());
  }

  /** Starts nothing more; what is under way is finished and given. */
  drain(end: CrawlEnd): void {
    if (this.#phase.kind !== "running") return;
    this.#move({ kind: "draining", end });
    this.#turns[Symbol.dispose]();
    this.notify();
  }

  /** Ends it at once; pages on the shelf are dropped. Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    if (this.#phase.kind === "running" || this.#phase.kind === "draining") this.#move({ kind: "over", end: "stopped" });
    await this.#leave();
  }

  /** Fails the crawl with `error`. */
  breakOff(error: unknown): void {
    if (this.#phase.kind === "over" || this.#phase.kind === "broken") return;
    this.#move({ kind: "broken", error });
    this.#abort.abort(error);
    this.notify();
  }

  #pump(): void {
    while (this.#phase.kind === "running" && this.#hasRoom()) {
      const turn = this.#turns.next();
      if (turn.do === "nothing") return;
      if (turn.do === "wait") return this.#wakeAt(turn.until);
      if (turn.do === "robots") this.#begin(this.#deeds.askRobots(turn.host));
      else this.#begin(this.#visit(turn.item));
    }
  }

  #hasRoom(): boolean {
    const { concurrency, bufferSize, maxPages } = this.#settings;
    const coming = this.#underWay.size + this.#shelf.length + (this.#hands === "full" ? 1 : 0);
    if (this.#underWay.size >= concurrency || coming >= bufferSize) return false;
    return this.#book.counts.done + coming < maxPages;
  }

  async #visit(address: Address): Promise<void> {
    const page = await this.#deeds.visit(address);
    if (page !== undefined) this.#shelf.push(page);
  }

  #begin(deed: Promise<void>): void {
    const tracked = deed
      .catch((error: unknown) => this.breakOff(error))
      .then(() => {
        this.#underWay.delete(tracked);
        this.notify();
      });
    this.#underWay.add(tracked);
  }

  /** Something has happened: what may start starts, and a consumer that waits looks again. */
  notify(): void {
    this.#pump();
    this.#endIfDone();
    const wake = this.#wake;
    if (wake === undefined || (this.#shelf.length === 0 && !isFinal(this.#phase.kind))) return;
    this.#wake = undefined;
    wake();
  }

  #endIfDone(): void {
    if (this.#phase.kind !== "running" && this.#phase.kind !== "draining") return;
    if (this.#underWay.size > 0 || this.#shelf.length > 0) return;
    if (this.#phase.kind === "draining") return this.#move({ kind: "over", end: this.#phase.end });
    if (this.#book.counts.done >= this.#settings.maxPages) return this.#move({ kind: "over", end: "max-pages" });
    // What is queued waits for its host, or for another attempt.
    if (this.#book.level === undefined && this.#hands === "empty") this.#move({ kind: "over", end: "complete" });
  }

  #wakeAt(at: number): void {
    if (this.#alarm !== undefined && this.#alarm.at <= at) return;
    this.#alarm?.timer[Symbol.dispose]();
    const { clock } = this.#settings;
    const timer = clock.after(at - clock.now(), () => {
      this.#alarm = undefined;
      this.notify();
    });
    this.#alarm = { at, timer };
  }

  async #leave(): Promise<void> {
    this.#alarm?.timer[Symbol.dispose]();
    this.#alarm = undefined;
    this.#turns[Symbol.dispose]();
    this.#abort.abort();
    this.#shelf.length = 0;
    await Promise.all(this.#underWay);
    this.notify();
  }

  #state(): PhaseKind {
    return this.#phase.kind;
  }

  #move(to: Phase): void {
    invariantMove(this.#phase.kind, to.kind);
    this.#phase = to;
  }
}

const isFinal = (kind: PhaseKind): boolean => NEXT[kind].length === 0;

function invariantMove(from: PhaseKind, to: PhaseKind): void {
  if (!NEXT[from].includes(to)) throw new InvariantError(`A crawl cannot go from ${from} to ${to}`);
}
