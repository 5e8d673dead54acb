/** Every address that a crawl knows, and how it stands; with a journal, also after the process has been killed.
 *
 *  Guarantees: an address is entered once; states move by one table; what is entered and what has ended is in the journal when
 *  the method returns. */
import type { AddressEnd, AddressState } from "./address-state.js";
import { isEnd, moved } from "./address-state.js";
import type { AddressKind, Journal, JournalLine, Origin } from "./journal.js";

/** An address of the crawl. */
export interface Address {
  readonly url: string;
  /** Links followed from a seed to here. */
  readonly depth: number;
  readonly origin: Origin;
  readonly kind: AddressKind;
  /** Redirects in a row that led here. */
  readonly hops: number;
}

interface Entry {
  readonly address: Address;
  state: AddressState;
}

/** How many addresses stand how. */
export type Counts = Readonly<Record<AddressState["kind"], number>>;

export class AddressBook {
  readonly #entries = new Map<string, Entry>();
  readonly #journal: Journal | undefined;
  readonly #counts: Record<AddressState["kind"], number> = {
    ...{ queued: 0, fetching: 0, fetched: 0, done: 0, listed: 0, redirected: 0, skipped: 0, failed: 0 },
  };
  /** Addresses whose links are still to come, by depth. */
  readonly #awaited = new Map<number, number>();

  constructor(journal: Journal | undefined, lines: readonly JournalLine[]) {
    for (const line of lines) {
      if (line.t === "found") this.#enter(line);
      if (line.t === "ended") this.#replay(line.url, line.end);
    }
    this.#journal = journal;
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** Addresses that wait to be fetched, in the order in which they were found. */
  *queued(): Generator<Address> {
    for (const { address, state } of this.#entries.values()) if (state.kind === "queued") yield address;
  }

  /** All that were entered. */
  *addresses(): Generator<Address> {
    for (const { address } of this.#entries.values()) yield address;
  }

  has(url: string): boolean {
    return this.#entries.has(url);
  }

  stateOf(url: string): AddressState | undefined {
    return this.#entries.get(url)?.state;
  }

  /** Enters those of the addresses that are new, and returns them. */
  enter(addresses: readonly Address[]): readonly Address[] {
    const fresh = addresses.filter((address) => this.#enter(address));
    this.#journal?.append(
      fresh.map(({ url, depth, origin, kind, hops }) => ({ t: "found", url, depth, origin, kind, hops })),
    );
    return fresh;
  }

  /** Moves an address on.
   *  @param at how far the consumer's output has come, in bytes */
  move(url: string, to: AddressState, at?: number): void {
    const entry = this.#entries.get(url);
    if (entry === undefined) return;
    this.#moveEntry(entry, to);
    if (isEnd(to)) this.#journal?.append([{ t: "ended", url, end: to, ...(at !== undefined && { at }) }]);
  }

  /** The least depth at which an address is still to be fetched or on its way; `undefined` when none is. */
  get level(): number | undefined {
    return this.#awaited.size === 0 ? undefined : Math.min(...this.#awaited.keys());
  }

  /** Whether following redirects and canonical links from `url` leads to `goal`. */
  leadsTo(url: string, goal: string): boolean {
    const passed = new Set<string>();
    for (let here: string | undefined = url; here !== undefined && !passed.has(here); here = this.#nextOf(here)) {
      if (here === goal) return true;
      passed.add(here);
    }
    return false;
  }

  #nextOf(url: string): string | undefined {
    const state = this.stateOf(url);
    return state?.kind === "redirected" || state?.kind === "skipped" ? state.to : undefined;
  }

  #enter({ url, depth, origin, kind, hops }: Address): boolean {
    if (this.#entries.has(url)) return false;
    this.#entries.set(url, { address: { url, depth, origin, kind, hops }, state: { kind: "queued" } });
    this.#counts.queued += 1;
    this.#await(depth, 1);
    return true;
  }

  /** What an earlier run has written down happened by legal moves, of which the file has only the last. */
  #replay(url: string, end: AddressEnd): void {
    const entry = this.#entries.get(url);
    if (entry === undefined || isEnd(entry.state)) return;
    this.#settle(entry, end);
  }

  #moveEntry(entry: Entry, to: AddressState): void {
    this.#settle(entry, moved(entry.address.url, entry.state, to));
  }

  #settle(entry: Entry, to: AddressState): void {
    this.#counts[entry.state.kind] -= 1;
    this.#counts[to.kind] += 1;
    const { depth } = entry.address;
    this.#await(depth, Number(isAwaited(to)) - Number(isAwaited(entry.state)));
    entry.state = to;
  }

  #await(depth: number, more: number): void {
    const count = (this.#awaited.get(depth) ?? 0) + more;
    if (count > 0) this.#awaited.set(depth, count);
    else this.#awaited.delete(depth);
  }
}

const isAwaited = ({ kind }: AddressState): boolean => kind === "queued" || kind === "fetching";
