/** Images fetched in parallel: each is saved whole and with the right checksum, or not at all. A 404, and an error page that
 *  comes with status 200, are errors, and no .jpg.
 *
 *      node examples/built/download-images.js              images of a small site started for the purpose
 *      node examples/built/download-images.js URL [URL…]   these, into the folder images */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { DownloadOptions, DownloadRequest, DownloadResult } from "@manyhands/crawler";
import { download } from "@manyhands/crawler";
import { isMain } from "manyhands";
import { commandLine, webAddress } from "./support/arguments.js";

/** A running site; disposing of it closes it. */
export interface ImageSite extends AsyncDisposable {
  /** What to download: twelve images with their checksums, one that is missing, one that is an error page. */
  readonly requests: readonly DownloadRequest[];
}

const IMAGES = 12;

/** Bytes that begin as a JPEG does, and differ from image to image. */
function imageOf(number: number): Buffer {
  const bytes = Buffer.alloc(50_000 + number, number);
  bytes.set([0xff, 0xd8, 0xff, 0xe0]);
  return bytes;
}

/** Starts a site of images on this machine. */
export async function startImageSite(): Promise<ImageSite> {
  const server = createServer(({ url = "" }, response) => {
    const number = Number(/^\/image-(\d+)\.jpg$/.exec(url)?.[1]);
    if (number >= 1 && number <= IMAGES) response.setHeader("content-type", "image/jpeg").end(imageOf(number));
    else response.writeHead(url === "/lost.jpg" ? 404 : 200, { "content-type": "text/html" }).end("<h1>Sorry</h1>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const images = Array.from({ length: IMAGES }, (_, index) => ({
    url: `${origin}/image-${index + 1}.jpg`,
    checksum: `sha256:${createHash("sha256")
      .update(imageOf(index + 1))
      .digest("hex")}`,
  }));
  return {
    requests: [...images, `${origin}/lost.jpg`, `${origin}/sorry.jpg`],
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** A line for each result, as it comes. */
export async function* downloadImages(
  requests: readonly DownloadRequest[],
  options: DownloadOptions,
): AsyncGenerator<{ readonly result: DownloadResult; readonly line: string }> {
  for await (const result of download(requests, { concurrency: 4, perHost: 4, ...options })) {
    const name = basename(new URL(result.url).pathname);
    if (result.kind === "saved") yield { result, line: `${name}: ${result.bytes} bytes` };
    else if (result.kind === "skipped") yield { result, line: `${name}: is there already` };
    else yield { result, line: `${name}: failed: ${result.error.message}` };
  }
}

async function show(requests: readonly DownloadRequest[], options: DownloadOptions): Promise<void> {
  let failed = 0;
  for await (const { result, line } of downloadImages(requests, options)) {
    if (result.kind === "failed") failed += 1;
    console.log(line);
  }
  console.log(`${requests.length - failed} of ${requests.length} images, ${failed} failed`);
}

async function main(): Promise<void> {
  const given = commandLine("download-images.js [URL…]", () => process.argv.slice(2).map(webAddress));
  if (given.length > 0) return show(given, { dir: "images", resume: true });
  await using site = await startImageSite();
  const dir = await mkdtemp(join(tmpdir(), "manyhands-images-"));
  try {
    // The site is on this machine, which downloads are not let to by themselves.
    await show(site.requests, { dir, allowPrivate: true });
  } finally {
    await rm(dir, { recursive: true });
  }
}

if (isMain(import.meta)) await main();
