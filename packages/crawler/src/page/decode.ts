/** From bytes to text: the byte order mark says how, else the header, else the page itself, else what it looks like.
 *
 *  Guarantees: pure; always gives a text; an encoding that nobody knows counts as not said. */
import { isUtf8 } from "node:buffer";
import sniff from "html-encoding-sniffer";

export interface Decoded {
  readonly text: string;
  /** The encoding's name: `utf-8`, `windows-1252`, `shift_jis` … */
  readonly charset: string;
}

/** Text of an HTML page.
 *  @param contentType the header, from which a charset is taken */
export function decodePage(body: Uint8Array, contentType: string): Decoded {
  const label = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1];
  // The standard's last resort is windows-1252. But bytes that are UTF-8 are hardly ever meant as anything else.
  const defaultEncoding = isUtf8(body) ? "UTF-8" : "windows-1252";
  const options = label === undefined ? { defaultEncoding } : { transportLayerEncodingLabel: label, defaultEncoding };
  return (
    decodedAs(sniff(body, options).toLowerCase(), body) ?? { text: new TextDecoder().decode(body), charset: "utf-8" }
  );
}

/** The standard has names for what is never to be decoded (`replacement`), and Node 20 lacks `x-user-defined`. */
function decodedAs(charset: string, body: Uint8Array): Decoded | undefined {
  try {
    const text = new TextDecoder(charset).decode(body);
    return { text: charset === "windows-1252" ? withPunctuation(text) : text, charset };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What windows-1252 has from 0x80 to 0x9F; five of them are nothing. */
const FROM_0X80 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/** Node 20 reads windows-1252 as ISO-8859-1, which has control characters in place of quotation marks, dashes and the euro. Where
 *  Node reads it right, there is nothing left to put in its place. */
function withPunctuation(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (control) => FROM_0X80[control.charCodeAt(0) - 0x80] ?? control);
}
