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

/** The standard has encodings that Node does not, such as `x-user-defined`. */
function decodedAs(charset: string, body: Uint8Array): Decoded | undefined {
  try {
    return { text: new TextDecoder(charset).decode(body), charset };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
