/** The threads of this program that are alive, for all of them to see: `enumerate()` and `isAlive()` look here.
 *
 *  Guarantees: a row speaks of one thread until that thread has ended, and then of nothing; a ticket that has been given
 *  for it never speaks of another (the word holds a generation); threads that end with their starter end here with it.
 *  When all rows are taken, further threads run all the same, and only those that started them know of them.
 *
 *  Layout, in 32-bit words: a header of 16 (numbers given to threads and to processes), then ROWS rows of 32: state
 *  (generation << 2 | phase), thread id, starter's row, starter's word, daemon, length of the name, name in UTF-8. All but
 *  the state is written before the row becomes alive, and read between two looks at the state. */
import { type Cells, sharedCells } from "./cells.js";

const ROWS = 1024;
const HEADER_WORDS = 16;
const ROW_WORDS = 32;
const IDENT = 1;
const STARTER_ROW = 2;
const STARTER_WORD = 3;
const DAEMON = 4;
const NAME_LENGTH = 5;
const NAME = 6;
const NAME_BYTES = (ROW_WORDS - NAME) * 4;

const FREE = 0;
const CLAIMED = 1;
const ALIVE = 2;
const PHASE_MASK = 3;
const GENERATION = 4;

/** Names one thread for ever. */
export interface ThreadTicket {
  readonly row: number;
  /** The row's state while it is alive. */
  readonly word: number;
}

/** A thread that is alive. */
export interface ListedThread {
  readonly ticket: ThreadTicket;
  /** Node's thread id. */
  readonly ident: number;
  readonly name: string;
  readonly daemon: boolean;
}

const NUMBERS = { thread: 0, process: 1 } as const;

export class ThreadTable {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Cells;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer((HEADER_WORDS + ROWS * ROW_WORDS) * 4)) {
    this.buffer = buffer;
    this.#cells = sharedCells(buffer);
  }

  /** 1 for the first thread or process of this program, 2 for the second, and so on, whichever thread asks. */
  nextNumber(of: keyof typeof NUMBERS): number {
    for (;;) {
      const given = this.#cells.load(NUMBERS[of]);
      if (this.#cells.replace(NUMBERS[of], given, given + 1)) return given + 1;
    }
  }

  /** A thread begins to live. @returns nothing when every row is taken. */
  enter(name: string, daemon: boolean, starter: ThreadTicket | undefined): ThreadTicket | undefined {
    for (let row = 0; row < ROWS; row += 1) {
      const at = this.#at(row);
      const word = this.#cells.load(at);
      if ((word & PHASE_MASK) !== FREE || !this.#cells.replace(at, word, word | CLAIMED)) continue;
      this.#cells.store(at + IDENT, -1);
      this.#cells.store(at + STARTER_ROW, starter?.row ?? -1);
      this.#cells.store(at + STARTER_WORD, starter?.word ?? 0);
      this.#cells.store(at + DAEMON, daemon ? 1 : 0);
      this.#cells.store(at + NAME_LENGTH, this.#nameBytes(at).write(name));
      this.#cells.store(at, word | ALIVE);
      return { row, word: word | ALIVE };
    }
    return undefined;
  }

  /** Tells the thread id, which is known only when the thread has been made. */
  identify({ row }: ThreadTicket, ident: number): void {
    this.#cells.store(this.#at(row) + IDENT, ident);
  }

  isAlive({ row, word }: ThreadTicket): boolean {
    return this.#cells.load(this.#at(row)) === word;
  }

  /** The thread has ended; what it has started goes on. */
  retire({ row, word }: ThreadTicket): void {
    this.#cells.replace(this.#at(row), word, (((word & ~PHASE_MASK) + GENERATION) | 0) + FREE);
  }

  /** The thread has ended, and all that it had started with it. */
  bury(ticket: ThreadTicket): void {
    this.retire(ticket);
    for (let row = 0; row < ROWS; row += 1) {
      const at = this.#at(row);
      const word = this.#cells.load(at);
      if ((word & PHASE_MASK) !== ALIVE) continue;
      if (this.#cells.load(at + STARTER_ROW) !== ticket.row) continue;
      if (this.#cells.load(at + STARTER_WORD) === ticket.word) this.bury({ row, word });
    }
  }

  /** All threads that are alive, the main thread left out. */
  list(): readonly ListedThread[] {
    const found: ListedThread[] = [];
    for (let row = 0; row < ROWS; row += 1) {
      const at = this.#at(row);
      const word = this.#cells.load(at);
      if ((word & PHASE_MASK) !== ALIVE) continue;
      const ident = this.#cells.load(at + IDENT);
      const daemon = this.#cells.load(at + DAEMON) === 1;
      const name = this.#nameBytes(at).toString("utf8", 0, this.#cells.load(at + NAME_LENGTH));
      // It may have ended while it was read, and its row be another's.
      if (this.#cells.load(at) === word) found.push({ ticket: { row, word }, ident, name, daemon });
    }
    return found;
  }

  #at(row: number): number {
    return HEADER_WORDS + row * ROW_WORDS;
  }

  #nameBytes(at: number): Buffer {
    return Buffer.from(this.buffer, (at + NAME) * 4, NAME_BYTES);
  }
}
