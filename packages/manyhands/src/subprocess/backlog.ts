/** What has been read from a pipe and not been taken yet, as bytes or as text.
 *
 *  Guarantees: no character is split, wherever the pipe splits its bytes; each byte is searched for a line's end once, however
 *  many pieces a long line comes in. */
import { StringDecoder } from "node:string_decoder";

/** What one piece is made of. */
export type Piece = string | Buffer;

/** Makes pieces of bytes, and joins and cuts them. */
interface Material<P extends Piece> {
  /** What can be said for certain now; the rest waits for the bytes to come. */
  decode(bytes: Buffer): P;
  /** What is left when no more bytes come: of half a character, the sign that replaces it. */
  rest(): P;
  join(pieces: readonly P[]): P;
  cut(piece: P, from: number, to?: number): P;
}

function bytes(): Material<Buffer> {
  return {
    decode: (each) => each,
    rest: () => Buffer.alloc(0),
    join: (pieces) => (pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)),
    cut: (piece, from, to) => piece.subarray(from, to),
  };
}

function text(encoding: BufferEncoding): Material<string> {
  const decoder = new StringDecoder(encoding);
  return {
    decode: (each) => decoder.write(each),
    rest: () => decoder.end(),
    join: (pieces) => pieces.join(""),
    cut: (piece, from, to) => piece.slice(from, to),
  };
}

/** A backlog of text in `encoding`, or of bytes when there is none. */
export function newBacklog(encoding: BufferEncoding | undefined): Backlog<string> | Backlog<Buffer> {
  return encoding === undefined ? new Backlog(bytes()) : new Backlog(text(encoding));
}

export class Backlog<P extends Piece> {
  readonly #material: Material<P>;
  #pieces: P[] = [];
  /** Where in the oldest piece it begins: what is before has been taken as lines. */
  #from = 0;
  /** How many of the pieces are known to have no line's end in them. */
  #searched = 0;
  #state: "open" | "ended" = "open";

  constructor(material: Material<P>) {
    this.#material = material;
  }

  /** Whether no more will be added. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  add(bytesRead: Buffer): void {
    this.#keep(this.#material.decode(bytesRead));
  }

  /** No more will be added. */
  end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#keep(this.#material.rest());
  }

  /** The oldest piece; `undefined` when there is none. */
  takePiece(): P | undefined {
    this.#trim();
    this.#searched = Math.max(0, this.#searched - 1);
    return this.#pieces.shift();
  }

  /** The next line, without its end (LF or CR LF); after the last end of a line what is left. `undefined` when there is no
   *  whole line. */
  takeLine(): P | undefined {
    for (; this.#searched < this.#pieces.length; this.#searched += 1) {
      const piece = this.#pieces[this.#searched];
      const at = piece?.indexOf("\n", this.#searched === 0 ? this.#from : 0) ?? -1;
      if (piece !== undefined && at >= 0) return this.#withoutReturn(this.#takeUpTo(piece, at));
    }
    return this.ended && this.#pieces.length > 0 ? this.takeAll() : undefined;
  }

  /** All there is, perhaps nothing. */
  takeAll(): P {
    const all = this.peek();
    this.#pieces = [];
    this.#searched = 0;
    return all;
  }

  /** All there is; it stays. */
  peek(): P {
    this.#trim();
    const all = this.#material.join(this.#pieces);
    // Joined once: who looks again and again must not pay for all of it each time.
    this.#searched = 0;
    this.#pieces = all.length > 0 ? [all] : [];
    return all;
  }

  /** Takes what is before the end of a line, which is at `at` in the last of the pieces that have been searched, and drops that
   *  end. */
  #takeUpTo(piece: P, at: number): P {
    const before = this.#pieces.splice(0, this.#searched);
    const [first] = before;
    if (first !== undefined) before[0] = this.#material.cut(first, this.#from);
    const rest = this.#material.cut(piece, first === undefined ? this.#from : 0, at);
    this.#searched = 0;
    this.#from = at + 1;
    if (this.#from === piece.length) this.#trim();
    return first === undefined ? rest : this.#material.join([...before, rest]);
  }

  /** Lets go of what has been taken of the oldest piece. */
  #trim(): void {
    const [oldest] = this.#pieces;
    if (this.#from === 0 || oldest === undefined) return;
    if (this.#from === oldest.length) this.#pieces.shift();
    else this.#pieces[0] = this.#material.cut(oldest, this.#from);
    this.#from = 0;
  }

  #keep(piece: P): void {
    if (piece.length > 0) this.#pieces.push(piece);
  }

  #withoutReturn(line: P): P {
    const last = line.length - 1;
    const code = typeof line === "string" ? line.charCodeAt(last) : line[last];
    return code === 13 ? this.#material.cut(line, 0, last) : line;
  }
}
