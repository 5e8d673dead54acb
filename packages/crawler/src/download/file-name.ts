/** Names of files, made from what strangers say.
 *
 *  Guarantees: pure; what comes out is one component of a path on every system: no separator, no control character, not `.`
 *  or `..`, no device of Windows, not hidden, at most 200 bytes; a name that is good already stays as it is. */
import { dispositionName } from "./content-disposition.js";
import { extensionOf } from "./media-type.js";

const MOST_BYTES = 200;
const FALLBACK = "download";

/** What Windows refuses, separators, control characters, and marks that turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** `con`, `con.txt`, `com¹`: a device in every folder of Windows. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** Makes one component of a path of any text. */
export function safeName(text: string): string {
  // Through UTF-8: half a character would be no name on some systems.
  const replaced = Buffer.from(text.normalize("NFC")).toString("utf8").replace(UNSAFE, "_");
  // Dots and blanks in front hide a file; Windows drops them at the end.
  const trimmed = replaced.replace(/^[.\s]+/, "").replace(/[.\s]+$/, "");
  const name = DEVICE.test(trimmed) ? `_${trimmed}` : trimmed;
  return shortened(name === "" ? FALLBACK : name, MOST_BYTES);
}

/** Cut in front of the extension, and never inside a character. */
function shortened(name: string, most: number): string {
  if (Buffer.byteLength(name) <= most) return name;
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? "";
  let stem = "";
  let room = most - extension.length;
  for (const character of name.slice(0, name.length - extension.length)) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    stem += character;
  }
  return stem.replace(/[.\s]+$/, "") + extension;
}

/** The name that a URL alone gives. */
export function nameOfUrl(url: URL): string {
  const last = url.pathname.split("/").at(-1) ?? "";
  try {
    return safeName(decodeURIComponent(last));
  } catch {
    // Not UTF-8 behind the percent signs: then as it is written.
    return safeName(last);
  }
}

/** What is known of an answer. */
export interface NamedAnswer {
  readonly url: URL;
  readonly disposition: string | undefined;
  readonly contentType: string | undefined;
}

/** The name for an answer: what the server says, else the URL's; with an extension when the type is all that tells one. */
export function nameOfAnswer({ url, disposition, contentType }: NamedAnswer): string {
  const said = dispositionName(disposition);
  // A path in the header is only its last part (RFC 6266, 4.3): not joined, or ".._.._etc_passwd" would come out.
  const name = said === undefined ? nameOfUrl(url) : safeName(said.split(/[/\\]/).at(-1) ?? "");
  return /\.[A-Za-z0-9]{1,10}$/.test(name) ? name : safeName(name + extensionOf(contentType));
}

/** The `number`th name beside one that is taken: `photo-1.jpg`. */
export function numberedName(name: string, number: number): string {
  const [, stem = name, extension = ""] = /^(.+?)((?:\.tar)?\.[^.]{1,10})?$/s.exec(name) ?? [];
  return `${shortened(stem, MOST_BYTES - Buffer.byteLength(extension) - 12)}-${number}${extension}`;
}
