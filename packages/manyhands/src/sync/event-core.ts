/** An event in shared memory.
 *
 *  Guarantees: who waits when the event is set is released, even when it is cleared in the next instruction, for setting it
 *  also counts. See memory/PROTOCOL-WAITING.md.
 *
 *  Layout, in words: how often it was set << 1 | whether it is; then the waiting set. */
import type { WaitOptions } from "../base/wait-options.js";
import { WAITING_WORDS } from "../memory/waiting-set.js";
import { SharedCore } from "./shared-core.js";
import { OBJECT_HEADER, type Site } from "./site.js";
import { parkInLine, waitInLine } from "./waits.js";

const TRUTH = OBJECT_HEADER;
const WAITING = TRUTH + 1;
export const EVENT_WORDS: number = 1 + WAITING_WORDS;

const SET = 1;
const timesSet = (word: number): number => word >>> 1;

export interface EventCore {
  set(): void;
  clear(): void;
  isSet(): boolean;
  wait(options: WaitOptions): Promise<boolean>;
  waitSync(timeout: number): boolean;
}

export class SharedEvent extends SharedCore implements EventCore {
  constructor(site: Site) {
    super(site, WAITING);
  }

  isSet(): boolean {
    return (this.site.cells.load(TRUTH) & SET) !== 0;
  }

  set(): void {
    const { cells } = this.site;
    for (;;) {
      const word = cells.load(TRUTH);
      if ((word & SET) !== 0) return;
      if (cells.replace(TRUTH, word, ((timesSet(word) + 1) << 1) | SET)) break;
    }
    this.handToAll();
  }

  clear(): void {
    this.site.cells.and(TRUTH, ~SET);
  }

  /** An attempt of somebody who begins to wait now: whether it is set, or has been meanwhile. */
  attempt(): () => boolean {
    const { cells } = this.site;
    const before = timesSet(cells.load(TRUTH));
    return () => {
      const word = cells.load(TRUTH);
      return (word & SET) !== 0 || timesSet(word) !== before;
    };
  }

  async wait(options: WaitOptions): Promise<boolean> {
    return (await waitInLine(this.line, this.attempt(), options)) === "ready";
  }

  waitSync(timeout: number): boolean {
    return parkInLine(this.line, this.attempt(), timeout);
  }

  override passOn(): void {
    // Setting it wakes everybody: there is no wake that another could be waiting for.
  }
}
