/** A value on its way into shared memory and out of it: always a copy, made when the item is made.
 *
 *  Numbers, booleans, null, undefined and short strings are written as they are; bytes may be (a message of a pipe);
 *  everything else goes through V8's serialiser, which costs some microseconds. */
import { serializer } from "../base/serializer.js";
import { orderKey } from "./order-key.js";
import type { Slab } from "./slab.js";
import { UNIT } from "./slab.js";

export const KIND = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  number: 4,
  /** A string whose every code unit fits a byte. */
  latin1: 5,
  twoByte: 6,
  /** The bytes themselves. */
  bytes: 7,
  /** V8's serialisation. */
  value: 8,
} as const;

/** Longer strings are left to the serialiser: to look at each code unit here would cost more than it saves. */
const SHORT = 256;

const NO_BYTES = new Uint8Array();

/** An item as a plain value. */
export interface WireItem {
  readonly kind: number;
  readonly length: number;
  readonly content: number | string | Uint8Array;
  readonly key: Uint8Array | undefined;
}

export class Item {
  readonly kind: number;
  /** The length of its payload in bytes. */
  readonly length: number;
  /** What a priority queue compares. */
  key: Uint8Array | undefined;
  /** For an item that goes back: its order among equals. */
  sequence: number | undefined;
  readonly #content: number | string | Uint8Array;

  private constructor(kind: number, length: number, content: number | string | Uint8Array) {
    this.kind = kind;
    this.length = length;
    this.#content = content;
  }

  /** @throws what V8's serialiser throws when a part cannot be copied. */
  static of(value: unknown): Item {
    switch (typeof value) {
      case "number":
        return new Item(KIND.number, UNIT, value);
      case "undefined":
        return new Item(KIND.undefined, 0, 0);
      case "boolean":
        return new Item(value ? KIND.true : KIND.false, 0, 0);
      case "string":
        if (value.length > SHORT) break;
        return isLatin1(value)
          ? new Item(KIND.latin1, value.length, value)
          : new Item(KIND.twoByte, value.length * 2, value);
      default:
        if (value === null) return new Item(KIND.null, 0, 0);
    }
    const bytes = serializer().serialize(value);
    return new Item(KIND.value, bytes.length, bytes);
  }

  /** An item with its order.
   *  @throws UnorderableError when the value is or contains NaN, else as {@link Item.of}. */
  static ordered(value: unknown): Item {
    const item = Item.of(value);
    item.key = orderKey(value);
    return item;
  }

  /** The bytes themselves, copied now. */
  static ofBytes(bytes: Uint8Array): Item {
    return new Item(KIND.bytes, bytes.length, bytes.slice());
  }

  /** An item as it stands in memory: for one that goes back to where it was taken from. */
  static at(slab: Slab, unit: number, kind: number, length: number): Item {
    switch (kind) {
      case KIND.number:
        return new Item(kind, length, slab.double(unit));
      case KIND.latin1:
        return new Item(kind, length, slab.latin1At(unit, length));
      case KIND.twoByte:
        return new Item(kind, length, slab.twoByteAt(unit, length));
      case KIND.bytes:
      case KIND.value:
        return new Item(kind, length, length === 0 ? NO_BYTES : slab.bytesAt(unit, length));
      default:
        return new Item(kind, length, 0);
    }
  }

  /** An item that has come from another process. */
  static fromWire({ kind, length, content, key }: WireItem): Item {
    const item = new Item(kind, length, content);
    item.key = key;
    return item;
  }

  /** The item on its way to another process. */
  toWire(): WireItem {
    return { kind: this.kind, length: this.length, content: this.#content, key: this.key };
  }

  /** Writes the payload. */
  write(slab: Slab, unit: number): void {
    const content = this.#content;
    if (typeof content === "number") {
      if (this.kind === KIND.number) slab.setDouble(unit, content);
    } else if (typeof content === "string") {
      if (this.kind === KIND.latin1) slab.setLatin1(unit, content);
      else slab.setTwoByte(unit, content);
    } else slab.setBytes(unit, content);
  }

  /** The value, made anew for an item that was read from memory. Bytes come as they are. */
  value(): unknown {
    switch (this.kind) {
      case KIND.undefined:
        return undefined;
      case KIND.null:
        return null;
      case KIND.true:
        return true;
      case KIND.false:
        return false;
      case KIND.value:
        return serializer().deserialize(this.#content as Uint8Array);
      default:
        return this.#content;
    }
  }
}

function isLatin1(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) > 255) return false;
  }
  return true;
}
