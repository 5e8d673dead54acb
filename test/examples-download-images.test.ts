/** examples/download-images.ts: files in parallel with the right checksums; a 404 is an error, not a .jpg. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { downloadImages, startImageSite } from "../examples/built/download-images.js";
import { folder } from "./keeping.js";
import { runExample } from "./run-example.js";

test("twelve images are saved with their checksums, and what is none is told and leaves nothing", async () => {
  await using site = await startImageSite();
  const dir = folder();
  const failed: string[] = [];
  for await (const { result } of downloadImages(site.requests, { dir, allowPrivate: true })) {
    if (result.kind === "failed")
      failed.push(`${new URL(result.url).pathname} ${(result.error as { code?: string }).code}`);
  }
  expect(failed.sort()).toEqual(["/lost.jpg ERR_HTTP_STATUS", "/sorry.jpg ERR_CONTENT_TYPE"]);
  expect(readdirSync(dir)).toHaveLength(12);
  for (const request of site.requests) {
    if (typeof request === "string" || request instanceof URL) continue;
    const bytes = readFileSync(join(dir, new URL(request.url).pathname));
    expect(request.checksum).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  }
});

test("the program shows each and counts them", async () => {
  const { code, lines, stderr } = await runExample("download-images");
  expect([code, stderr, lines.at(-1)]).toEqual([0, "", "12 of 14 images, 2 failed"]);
  expect(lines).toHaveLength(15);
  expect(lines).toContain("lost.jpg: failed: The server answered with status 404");
});
