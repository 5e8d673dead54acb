/** The file name in a Content-Disposition header (RFC 6266, RFC 8187).
 *
 *  Guarantees: pure; what comes out is what the server said, not yet safe as a name; broken headers give nothing. */

const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]+))/g;

/** The name that a server wants its file to have; `filename*` wins over `filename` (RFC 6266, 4.3). */
export function dispositionName(header: string | undefined): string | undefined {
  let plain: string | undefined;
  // In front, so that a first parameter without a disposition type is seen too.
  for (const [, key = "", quoted, token] of `;${header ?? ""}`.matchAll(PARAMETER)) {
    const value = quoted?.replace(/\\(.)/g, "$1") ?? token ?? "";
    if (key.toLowerCase() === "filename*") {
      const extended = extendedValue(value);
      if (extended !== undefined) return extended;
    } else if (key.toLowerCase() === "filename") plain ??= asUtf8(value);
  }
  return plain;
}

/** `UTF-8'en'na%C3%AFve` */
function extendedValue(value: string): string | undefined {
  const [, charset = "", text = ""] = /^([\w-]+)'[\w-]*'(.*)$/.exec(value) ?? [];
  if (!/^(utf-8|iso-8859-1)$/i.test(charset)) return undefined;
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return /^utf-8$/i.test(charset) ? asUtf8(bytes) : bytes;
}

/** Header values arrive as Latin-1, whatever the server meant; most mean UTF-8. */
function asUtf8(value: string): string {
  const decoded = Buffer.from(value, "latin1").toString("utf8");
  return decoded.includes("\uFFFD") ? value : decoded;
}
