/** Whether what came can be what the file's name says: an error page is never saved as an image.
 *
 *  Guarantees: pure; a type that fits badly but may be right, such as `application/octet-stream`, passes. */

/** Extensions of files that are never a web page, by what they hold. */
const KINDS: Readonly<Record<string, string>> = {
  image: "jpg jpeg png gif webp avif bmp ico tif tiff svg heic jxl",
  audio: "mp3 ogg oga opus wav flac m4a aac",
  video: "mp4 webm mkv mov avi m4v ogv mpg mpeg",
  data: "zip gz tgz bz2 xz zst 7z rar tar pdf iso dmg exe msi deb rpm jar whl docx xlsx pptx epub woff woff2 wasm bin csv json",
};

const KIND_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(KINDS).flatMap(([kind, names]) => names.split(" ").map((name) => [name, kind] as const)),
);

const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/jpeg": ".jpg",
  "image/png": ".png",
  "image/gif": ".gif",
  "image/webp": ".webp",
  "image/avif": ".avif",
  "image/svg+xml": ".svg",
  "audio/mpeg": ".mp3",
  "video/mp4": ".mp4",
  "application/pdf": ".pdf",
  "application/zip": ".zip",
  "application/json": ".json",
  "text/html": ".html",
  "text/plain": ".txt",
  "text/csv": ".csv",
};

const essence = (contentType: string | undefined): string => contentType?.split(";")[0]?.trim().toLowerCase() ?? "";

/** The usual extension of a type, with its dot; empty when there is none. */
export const extensionOf = (contentType: string | undefined): string => EXTENSIONS[essence(contentType)] ?? "";

const isHtml = (type: string): boolean => type === "text/html" || type === "application/xhtml+xml";

/** What is wrong with a type for a file of this name, in words; `undefined` when nothing is. */
export function misfitOfType(name: string, contentType: string | undefined): string | undefined {
  const kind = kindOf(name);
  const type = essence(contentType);
  if (kind === undefined || type === "") return undefined;
  if (isHtml(type)) return `a web page (${type})`;
  const isText = type.startsWith("text/") || /[/+](json|xml)$/.test(type);
  const isVector = type === "image/svg+xml" || (/\.svg$/i.test(name) && /xml$/.test(type));
  return kind !== "data" && isText && !isVector ? `text (${type})` : undefined;
}

/** The same for the first bytes, whatever the server calls them. */
export function misfitOfBytes(name: string, first: Uint8Array): string | undefined {
  if (kindOf(name) === undefined) return undefined;
  const text = Buffer.from(first)
    .toString("latin1")
    .replace(/^\xef\xbb\xbf/, "");
  return /^\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)[\s>]/is.test(text) ? "a web page" : undefined;
}

const kindOf = (name: string): string | undefined => KIND_OF.get(/\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "");
