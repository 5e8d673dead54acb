/** What a `Value` or the elements of an `Array` can be: numbers of a width, and yes or no.
 *
 *  Guarantees: one element is read and written whole, never half, whoever else writes; what does not fit is refused or, for a
 *  whole number, wraps around as in a typed array. */
import { InvalidOptionError } from "../base/errors.js";
import { Elements, type WholeNumberArray } from "./cells.js";

/** Readable names, and the type codes of Python's `array` and `ctypes` that stand for them. `"l"` and `"L"` are 64 bits wide,
 *  as in C on Linux and macOS. */
const CODES = {
  i8: "i8",
  b: "i8",
  u8: "u8",
  B: "u8",
  c: "u8",
  i16: "i16",
  h: "i16",
  u16: "u16",
  H: "u16",
  i32: "i32",
  i: "i32",
  u32: "u32",
  I: "u32",
  i64: "i64",
  q: "i64",
  l: "i64",
  u64: "u64",
  Q: "u64",
  L: "u64",
  f32: "f32",
  f: "f32",
  f64: "f64",
  d: "f64",
  bool: "bool",
  "?": "bool",
} as const;

/** A readable name of an element type, or a type code of Python's. */
export type ElementCode = keyof typeof CODES;
/** A readable name of an element type. */
export type ElementName = (typeof CODES)[ElementCode];

/** What an element is in JavaScript. */
export type ElementOf<C extends ElementCode> = (typeof CODES)[C] extends "i64" | "u64"
  ? bigint
  : (typeof CODES)[C] extends "bool"
    ? boolean
    : number;

interface Views {
  i8: Int8Array;
  u8: Uint8Array;
  i16: Int16Array;
  u16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  i64: BigInt64Array;
  u64: BigUint64Array;
  f32: Float32Array;
  f64: Float64Array;
  bool: Uint8Array;
}

/** The typed array over elements of a type. */
export type ViewOf<C extends ElementCode> = Views[(typeof CODES)[C]];

type ViewClass = new (buffer: ArrayBuffer, byteOffset: number, length: number) => Views[ElementName];
type WordClass = new (buffer: ArrayBuffer, byteOffset: number, length: number) => WholeNumberArray;
type Value = number | bigint | boolean;
type Word = number | bigint;

/** How elements stand in memory: as words that can be exchanged at one stroke. */
interface Layout {
  readonly bytes: number;
  readonly view: ViewClass;
  readonly words: WordClass;
  /** @throws TypeError for a value of another kind. */
  encode(value: Value): Word;
  decode(word: Word): Value;
}

const scratch = new ArrayBuffer(8);
const doubles = new Float64Array(scratch);
const singles = new Float32Array(scratch);
const quads = new BigInt64Array(scratch);
const ints = new Int32Array(scratch);

function wrong(kind: string, value: unknown): never {
  throw new TypeError(`This element is a ${kind}, got ${typeof value} ${String(value)}`);
}

const numberOf = (value: Value): number => (typeof value === "number" ? value : wrong("number", value));

const whole = (bytes: number, array: ViewClass & WordClass): Layout => ({
  bytes,
  view: array,
  words: array,
  encode: numberOf,
  decode: (word) => word,
});

/** A number is taken too, as long as it is exact. */
const big = (array: ViewClass & WordClass): Layout => ({
  bytes: 8,
  view: array,
  words: array,
  encode: (value) =>
    typeof value === "bigint" || Number.isSafeInteger(value) ? BigInt(value) : wrong("bigint", value),
  decode: (word) => word,
});

const LAYOUTS: { readonly [N in ElementName]: Layout } = {
  i8: whole(1, Int8Array),
  u8: whole(1, Uint8Array),
  i16: whole(2, Int16Array),
  u16: whole(2, Uint16Array),
  i32: whole(4, Int32Array),
  u32: whole(4, Uint32Array),
  i64: big(BigInt64Array),
  u64: big(BigUint64Array),
  f32: {
    bytes: 4,
    view: Float32Array,
    words: Int32Array,
    encode: (value) => {
      singles[0] = numberOf(value);
      return ints[0] ?? 0;
    },
    decode: (word) => {
      ints[0] = word as number;
      return singles[0] ?? 0;
    },
  },
  f64: {
    bytes: 8,
    view: Float64Array,
    words: BigInt64Array,
    encode: (value) => {
      doubles[0] = numberOf(value);
      return quads[0] ?? 0n;
    },
    decode: (word) => {
      quads[0] = word as bigint;
      return doubles[0] ?? 0;
    },
  },
  bool: {
    bytes: 1,
    view: Uint8Array,
    words: Uint8Array,
    encode: (value) => (typeof value === "boolean" ? Number(value) : wrong("boolean", value)),
    decode: (word) => word !== 0,
  },
};

/** The readable name. @throws InvalidOptionError (`ERR_INVALID_OPTION`) when there is none. */
export function elementName(code: string): ElementName {
  if (Object.hasOwn(CODES, code)) return CODES[code as ElementCode];
  const names = Object.keys(CODES).join(", ");
  throw new InvalidOptionError("type", `There is no element type ${JSON.stringify(code)}; there are ${names}`);
}

/** In bytes. */
export const elementSize = (name: ElementName): number => LAYOUTS[name].bytes;

/** Elements of one type in a piece of memory. */
export class TypedElements<C extends ElementCode> {
  readonly view: ViewOf<C>;
  readonly #name: ElementName;
  readonly #layout: Layout;
  readonly #words: Elements<Word>;

  constructor(name: ElementName, buffer: ArrayBuffer, length: number) {
    this.#name = name;
    this.#layout = LAYOUTS[name];
    this.view = new this.#layout.view(buffer, 0, length) as ViewOf<C>;
    this.#words = new Elements(new this.#layout.words(buffer, 0, length));
  }

  get(index: number): ElementOf<C> {
    return this.#layout.decode(this.#words.load(index)) as ElementOf<C>;
  }

  set(index: number, value: ElementOf<C>): void {
    this.#words.store(index, this.#layout.encode(value));
  }

  /** @returns what was there before. */
  add(index: number, delta: ElementOf<C>): ElementOf<C> {
    if (this.#name === "bool") throw new TypeError("Cannot add to an element that is true or false: set it");
    const { encode, decode } = this.#layout;
    if (this.#layout.view === this.#layout.words) return this.#words.add(index, encode(delta)) as ElementOf<C>;
    // There is no adding of floating point numbers at one stroke: again until nobody has come in between.
    for (;;) {
      const before = this.#words.load(index);
      const after = encode((decode(before) as number) + (delta as number));
      if (this.#words.compareExchange(index, before, after) === before) return decode(before) as ElementOf<C>;
    }
  }

  /** Puts `next` in the place of `expected`. @returns what was there before: `expected` when it has happened. */
  compareExchange(index: number, expected: ElementOf<C>, next: ElementOf<C>): ElementOf<C> {
    const { encode, decode } = this.#layout;
    return decode(this.#words.compareExchange(index, encode(expected), encode(next))) as ElementOf<C>;
  }
}
