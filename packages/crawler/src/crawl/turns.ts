/** What starts next, and when: hosts in turn at their pace, levels one after the other, the rate of the whole crawl.
 *
 *  Guarantees: with a limit of depth no address of a level starts before all of the level above have been read, so that an
 *  address's depth is its distance from the seeds whatever order answers come in; an address that waits for another attempt is in
 *  no line meanwhile, and holds nothing up but its level. */
import type { Clock } from "../clock.js";
import type { Address, AddressBook } from "../frontier/address-book.js";
import { HostLines, type NextTurn } from "../frontier/host-lines.js";
import type { Settings } from "./options.js";

export class Turns implements Disposable {
  readonly #book: AddressBook;
  readonly #clock: Clock;
  readonly #lines: HostLines<Address>;
  readonly #levels: "together" | "one by one";
  /** Addresses of levels that have not come yet. */
  readonly #later = new Map<number, Address[]>();
  /** Timers of those that wait for another attempt. */
  readonly #retries = new Set<Disposable>();
  readonly #interval: number;
  #nextStart = Number.NEGATIVE_INFINITY;
  #level = -1;

  constructor(settings: Settings, book: AddressBook) {
    this.#book = book;
    this.#clock = settings.clock;
    this.#lines = new HostLines(settings, settings.robots === "obey" ? "closed" : "open");
    this.#levels = settings.maxDepth === Number.POSITIVE_INFINITY ? "together" : "one by one";
    this.#interval = 1000 / settings.rate;
  }

  get hosts(): number {
    return this.#lines.hosts;
  }

  /** Addresses that have just become queued. */
  add(addresses: readonly Address[]): void {
    for (const address of addresses) {
      if (this.#levels === "together" || address.depth <= this.#level) this.#lines.add(hostOf(address.url), address);
      else this.#putOff(address);
    }
  }

  /** An address again, so many ms from now; `ready` is called when it is in line. */
  addLater(address: Address, ms: number, ready: () => void): void {
    const timer = this.#clock.after(ms, () => {
      this.#retries.delete(timer);
      this.#lines.add(hostOf(address.url), address);
      ready();
    });
    this.#retries.add(timer);
  }

  /** What to do now. What is returned has begun. */
  next(): NextTurn<Address> {
    const now = this.#clock.now();
    if (now < this.#nextStart) return { do: "wait", until: this.#nextStart };
    this.#openLevel();
    const turn = this.#lines.next(now);
    if (turn.do === "fetch" || turn.do === "robots") this.#nextStart = now + this.#interval;
    return turn;
  }

  /** A request to the host has ended. */
  ended(host: string): void {
    this.#lines.ended(host);
  }

  pause(host: string, ms: number): void {
    this.#lines.pause(host, this.#clock.now() + ms);
  }

  /** The rules of a host are known. @returns addresses in line that they forbid, which are in line no longer */
  open(host: string, age: number, delay: number, allows: (address: Address) => boolean): readonly Address[] {
    this.#lines.open(host, this.#clock.now() + age, delay);
    return this.#lines.sift(host, allows);
  }

  /** The host's robots.txt is asked for again when its turn comes. */
  close(host: string): void {
    this.#lines.close(host);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#retries) timer[Symbol.dispose]();
    this.#retries.clear();
  }

  #putOff(address: Address): void {
    const level = this.#later.get(address.depth);
    if (level === undefined) this.#later.set(address.depth, [address]);
    else level.push(address);
  }

  #openLevel(): void {
    if (this.#levels === "together") return;
    const level = this.#book.level ?? this.#level;
    if (level <= this.#level) return;
    this.#level = level;
    for (const [depth, addresses] of [...this.#later]) {
      if (depth > level) continue;
      this.#later.delete(depth);
      for (const address of addresses) this.#lines.add(hostOf(address.url), address);
    }
  }
}

/** Host and port, by scheme: what has one robots.txt, and one pace. */
export const hostOf = (url: string): string => new URL(url).origin;
