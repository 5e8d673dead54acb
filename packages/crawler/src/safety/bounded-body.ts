/** Bodies that are decoded as they come, and cut off when they grow beyond what is allowed.
 *
 *  Guarantees: never more decoded bytes come out than `maxBytes`; a small body that expands without end is stopped by
 *  its ratio long before; what has not been asked for is not decoded, so a bomb costs no memory; when the iteration ends
 *  early, the body is destroyed. */
import { pipeline, type Readable } from "node:stream";
import * as zlib from "node:zlib";
import { BodyEncodingError, BodyTooLargeError } from "./errors.js";

/** How much may come. Sizes are in bytes. */
export interface BodyLimits {
  /** Decoded bytes, at most. */
  readonly maxBytes: number;
  /** Decoded bytes for each encoded one, at most. Text compresses by 5 to 20; deflate can do 1032. @default 200 */
  readonly maxRatio?: number;
  /** Bodies up to this size may have any ratio: a page of blanks is no attack. @default 1 MiB */
  readonly ratioFrom?: number;
}

const DEFAULT_RATIO = 200;
const DEFAULT_RATIO_FROM = 1024 * 1024;

/** Encodings on top of each other. Nobody needs more, and each multiplies the ratio. */
const MOST_LAYERS = 2;

type Decoder = (first: Uint8Array) => zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress;

/** Not in Node 20, whose zlib has no Zstandard yet. */
const createZstd = (zlib as { createZstdDecompress?: () => ReturnType<Decoder> }).createZstdDecompress;

const GUNZIP: Decoder = () => zlib.createGunzip();

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ["gzip", GUNZIP],
  ["x-gzip", GUNZIP],
  ["deflate", inflate],
  ["br", () => zlib.createBrotliDecompress()],
  ...(createZstd === undefined ? [] : ([["zstd", () => createZstd()]] as const)),
]);

/** "deflate" is the zlib format (RFC 9110, 8.4.1.2), but servers that send it without its header are as old as the name. */
function inflate([first = 0]: Uint8Array): ReturnType<Decoder> {
  return (first & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
}

/** What to say in Accept-Encoding: the encodings that this Node decodes. */
export const ACCEPT_ENCODING: string = [...DECODERS.keys()].filter((name) => name !== "x-gzip").join(", ");

/** Gives the decoded pieces of a body.
 *  @param body as it came; it is destroyed when the iteration ends, however it ends
 *  @param contentEncoding the header's value, or nothing
 *  @param limits how much may come
 *  @throws (while iterating) BodyTooLargeError (`ERR_BODY_TOO_LARGE`); BodyEncodingError (`ERR_BODY_ENCODING`): unknown encoding or
 *    broken data; whatever the body itself fails with
 *  @remarks Cancellation: leaving the loop destroys the body, and with it the connection.
 *  @example
 *  ```ts
 *  for await (const piece of boundedBody(response.body, response.headers["content-encoding"], { maxBytes: 5_000_000 })) …
 *  ``` */
export async function* boundedBody(
  body: Readable,
  contentEncoding: string | readonly string[] | undefined,
  limits: BodyLimits,
): AsyncGenerator<Buffer, void, void> {
  try {
    const decoders = layersOf(contentEncoding);
    const encoded = { bytes: 0 };
    let pieces: AsyncIterable<Buffer> = counted(body, encoded);
    for (const decoder of decoders) pieces = decoded(pieces, decoder);
    yield* limited(pieces, encoded, decoders.length > 0 ? limits : { ...limits, maxRatio: Number.POSITIVE_INFINITY });
  } finally {
    body.on("error", () => undefined).destroy();
  }
}

/** In the order in which they are taken off: the last one that was put on comes first. */
function layersOf(contentEncoding: string | readonly string[] | undefined): Decoder[] {
  const names = [contentEncoding ?? ""]
    .flat()
    .flatMap((value) => value.toLowerCase().split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length > MOST_LAYERS) {
    throw new BodyEncodingError(`Cannot decode the body: it has ${names.length} encodings on top of each other`);
  }
  return names.reverse().map((name) => {
    const decoder = DECODERS.get(name);
    if (decoder !== undefined) return decoder;
    throw new BodyEncodingError(`Cannot decode the body: its encoding is ${JSON.stringify(name.slice(0, 40))}`);
  });
}

async function* counted(body: Readable, encoded: { bytes: number }): AsyncGenerator<Buffer, void, void> {
  for await (const piece of body as AsyncIterable<Buffer>) {
    encoded.bytes += piece.length;
    yield piece;
  }
}

async function* decoded(pieces: AsyncIterable<Buffer>, decoder: Decoder): AsyncGenerator<Buffer, void, void> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    // An empty body has no header either; decoders would call that broken.
    if (first.done === true) return;
    const unpack = decoder(first.value);
    let failure: unknown;
    pipeline(rejoined(first.value, iterator), unpack, (error) => {
      failure = error;
    });
    try {
      yield* unpack as AsyncIterable<Buffer>;
    } catch (error) {
      throw asEncodingError(failure ?? error);
    } finally {
      unpack.destroy();
    }
  } finally {
    await iterator.return?.();
  }
}

async function* rejoined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, void> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** zlib says what is wrong with data by its code; other failures are the connection's. */
function asEncodingError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!/^(Z_|ERR__ERROR_|ERR_BROTLI|ZSTD_)/.test(code)) return error;
  return new BodyEncodingError(`Cannot decode the body: the data is broken (${code})`, { cause: error });
}

async function* limited(
  pieces: AsyncIterable<Buffer>,
  encoded: { readonly bytes: number },
  { maxBytes, maxRatio = DEFAULT_RATIO, ratioFrom = DEFAULT_RATIO_FROM }: BodyLimits,
): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new BodyTooLargeError(`The body is larger than ${maxBytes} bytes`);
    if (bytes > ratioFrom && bytes > encoded.bytes * maxRatio) {
      throw new BodyTooLargeError(
        `The body expands by more than ${maxRatio}: ${encoded.bytes} bytes to ${bytes} so far`,
      );
    }
    yield piece;
  }
}
