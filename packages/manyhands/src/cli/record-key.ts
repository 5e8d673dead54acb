/** What an input is called: in the log, in failures, and in the names of files.
 *
 *  Guarantees: a key is text without control characters; different keys give different file names; no file name has a
 *  separator, starts with a dot, or is longer than a file system takes. */
import { hash } from "node:crypto";

const LONGEST_KEY = 200;
const LONGEST_NAME_BYTES = 180;

/** The key of an input: a string is its own key, a field of an object when one is asked for, else its JSON text. */
export function keyOf(value: unknown, field: string | undefined): string {
  const named = field === undefined ? value : fieldOf(value, field);
  return typeof named === "string" ? named : (JSON.stringify(named) ?? "undefined");
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, field) ? Reflect.get(value, field) : value;
}

/** A key as the log and the messages show it. */
export function shownKey(key: string): string {
  const plain = hasControl(key) ? JSON.stringify(key).slice(1, -1) : key;
  return plain.length <= LONGEST_KEY ? plain : `${plain.slice(0, LONGEST_KEY - 1)}…`;
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || unit === 0x7f) return true;
  }
  return false;
}

/** A key as a part of a file name. Encoded, not replaced by `_`: two inputs must never share a file. */
export function fileNameOf(key: string): string {
  // Half a surrogate pair has no bytes of its own; the round trip makes it U+FFFD.
  const encoded = Buffer.from(key)
    .toString()
    .replace(/[^\p{L}\p{N}._\- ]|^\.|^ | $/gu, (character) => encodeURIComponent(character).replace(/^[^%].*/s, hexOf));
  const name = encoded === "" ? "%" : encoded;
  if (Buffer.byteLength(name) <= LONGEST_NAME_BYTES) return name;
  const start = [...name].slice(0, 40).join("");
  return `${start}%${hash("sha256", key).slice(0, 24)}`;
}

// encodeURIComponent leaves ! ' ( ) * . and the like as they are.
const hexOf = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
