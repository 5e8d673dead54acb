/** `download`: right bytes or none, whatever the server does. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { DownloadOptions, DownloadRequest, DownloadResult } from "@manyhands/crawler";
import { download, parseChecksumList } from "@manyhands/crawler";
import { ManyhandsError } from "manyhands";
import { expect, test } from "vitest";
import { bytesOf, type FileServer, fileServer, sha256 } from "./download-server.js";
import { folder } from "./keeping.js";

const QUICK = { allowPrivate: true, backoff: 1, maxPause: 1000 };

async function one(request: DownloadRequest, options: DownloadOptions): Promise<DownloadResult> {
  const { results } = await download([request], { ...QUICK, ...options }).summary();
  expect(results).toHaveLength(1);
  return results[0]!;
}

const codeOf = (result: DownloadResult): string =>
  result.kind === "failed" && result.error instanceof ManyhandsError ? result.error.code : result.kind;

async function serverWith(path: string, body: Buffer, more: object = { etag: '"1"' }): Promise<FileServer> {
  const server = await fileServer();
  server.files.set(path, { body, ...more });
  return server;
}

test("files come whole, each once, no more of a host at once than asked for", async () => {
  const server = await fileServer();
  const names = Array.from({ length: 20 }, (_, at) => `f${at}.bin`);
  for (const [at, name] of names.entries()) server.files.set(`/${name}`, { body: bytesOf(20_000 + at, at) });
  const dir = folder();
  const urls = names.map((name) => `${server.url}/${name}`);
  const summary = await download([...urls, urls[0]!], { ...QUICK, dir, concurrency: 8, perHost: 3 }).summary();
  expect([summary.saved, summary.skipped, summary.failed]).toEqual([20, 1, 0]);
  expect(readdirSync(dir).sort()).toEqual([...names].sort());
  for (const name of names) expect(readFileSync(join(dir, name)).equals(server.files.get(`/${name}`)!.body)).toBe(true);
  expect(server.maxInFlight()).toBeLessThanOrEqual(3);
});

test("a connection that is cut is continued where it was, and the whole is right", async () => {
  const body = bytesOf(3_000_000);
  const server = await serverWith("/a.bin", body);
  server.cutAfter = 1_100_000;
  const dir = folder();
  const result = await one(`${server.url}/a.bin`, { dir, retries: 5 });
  expect(result).toMatchObject({ kind: "saved", bytes: body.length, attempts: server.requests.length });
  expect(readFileSync(join(dir, "a.bin")).equals(body)).toBe(true);
  expect(server.requests[0]?.range).toBeUndefined();
  for (const { range } of server.requests.slice(1)) expect(range).toMatch(/^bytes=[1-9]\d*-$/);
});

test("a file that changes while it is fetched is fetched anew: versions are never joined", async () => {
  const [before, after] = [bytesOf(2_000_000, 1), bytesOf(1_900_000, 2)];
  const server = await serverWith("/a.bin", before);
  server.cutAfter = 700_000;
  server.fault = (_request, _response, count) => {
    if (count === 2) {
      server.files.set("/a.bin", { body: after, etag: '"2"' });
      server.cutAfter = undefined;
    }
    return "serve";
  };
  const dir = folder();
  expect(await one(`${server.url}/a.bin`, { dir })).toMatchObject({ kind: "saved", bytes: after.length });
  expect(readFileSync(join(dir, "a.bin")).equals(after)).toBe(true);
});

test.each([
  ["a part that begins elsewhere", { "content-range": "bytes 0-9/2000000", etag: '"1"' }],
  ["a part of another version", { "content-range": "bytes FROM-1999999/2000000", etag: '"9"' }],
  ["a part of another length", { "content-range": "bytes FROM-1999998/1999999", etag: '"1"' }],
  ["no Content-Range", {}],
])("206 with %s is thrown away, and the whole asked for", async (_what, headers: Record<string, string>) => {
  const body = bytesOf(2_000_000);
  const server = await serverWith("/a.bin", body);
  server.cutAfter = 900_000;
  server.fault = ({ headers: { range } }, response) => {
    if (range === undefined) return "serve";
    server.cutAfter = undefined;
    const from = /\d+/.exec(range)?.[0] ?? "";
    const filled = Object.entries(headers).map(([name, value]) => [name, value.replace("FROM", from)]);
    response.writeHead(206, Object.fromEntries(filled)).end(bytesOf(10, 7));
    return "done";
  };
  const dir = folder();
  expect((await one(`${server.url}/a.bin`, { dir })).kind).toBe("saved");
  expect(readFileSync(join(dir, "a.bin")).equals(body)).toBe(true);
});

test("without a strong validator nothing is continued", async () => {
  const server = await serverWith("/a.bin", bytesOf(1_000_000), { etag: 'W/"1"' });
  server.cutAfter = 400_000;
  expect((await one(`${server.url}/a.bin`, { dir: folder(), retries: 2 })).kind).toBe("failed");
  expect(server.requests.map(({ range }) => range)).toEqual([undefined, undefined, undefined]);
});

test.each([
  ["404", "/gone.jpg", undefined, "ERR_HTTP_STATUS"],
  [
    "an error page with status 200",
    "/a.jpg",
    { body: Buffer.from("<h1>No</h1>"), type: "text/html" },
    "ERR_CONTENT_TYPE",
  ],
  ["text", "/a.png", { body: Buffer.from("no"), type: "text/plain" }, "ERR_CONTENT_TYPE"],
  [
    "a page that calls itself an image",
    "/a.jpg",
    { body: Buffer.from(" <!DOCTYPE html><p>"), type: "image/jpeg" },
    "ERR_CONTENT_TYPE",
  ],
  [
    "a page for an archive",
    "/a.zip",
    { body: Buffer.from("<html>"), type: "text/html; charset=utf-8" },
    "ERR_CONTENT_TYPE",
  ],
] as const)("%s in place of a file fails and leaves nothing", async (_what, path, file, code) => {
  const server = await fileServer();
  if (file !== undefined) server.files.set(path, file);
  const dir = folder();
  expect(codeOf(await one(`${server.url}${path}`, { dir }))).toBe(code);
  expect(readdirSync(dir)).toEqual([]);
});

test("a checksum that is wrong leaves nothing; a list that lacks the file fails it; the right one saves it", async () => {
  const body = bytesOf(10_000);
  const server = await serverWith("/a.bin", body);
  const dir = folder();
  const url = `${server.url}/a.bin`;
  expect(codeOf(await one({ url, checksum: `sha256:${sha256(bytesOf(1))}` }, { dir }))).toBe("ERR_CHECKSUM");
  const other = parseChecksumList(`${sha256(body)}  b.bin\n`);
  expect(codeOf(await one(url, { dir, checksums: other }))).toBe("ERR_CHECKSUM");
  expect(readdirSync(dir)).toEqual([]);
  const right = parseChecksumList(`# made by sha256sum\n${sha256(body)} *./x/a.bin\n`);
  expect(codeOf(await one(url, { dir, checksums: right }))).toBe("saved");
});

test.each([
  ["../../escape.txt", "escape.txt"],
  ["/etc/passwd", "passwd"],
  ["..\\..\\windows\\evil.exe", "evil.exe"],
  ["..", "download"],
  [".bashrc", "bashrc"],
  ["nul.txt", "_nul.txt"],
  ["a:b|c?.txt", "a_b_c_.txt"],
])("a Content-Disposition of %s is saved as %s, inside the folder", async (name, expected) => {
  const server = await fileServer();
  server.fault = (_request, response) => {
    const quoted = name.replace(/[\\"]/g, "\\$&");
    response.writeHead(200, { "content-disposition": `attachment; filename="${quoted}"` }).end("x");
    return "done";
  };
  const outer = folder();
  const dir = join(outer, "in");
  expect(await one(`${server.url}/x`, { dir })).toMatchObject({ kind: "saved", path: join(dir, expected) });
  expect([readdirSync(outer), readdirSync(dir)]).toEqual([["in"], [expected]]);
});

test("two URLs of the same name become two files", async () => {
  const server = await fileServer();
  for (const [at, path] of ["/1/a.bin", "/2/a.bin", "/3/A.bin"].entries())
    server.files.set(path, { body: bytesOf(9, at) });
  const dir = folder();
  const urls = [...server.files.keys()].map((path) => server.url + path);
  expect((await download(urls, { ...QUICK, dir }).summary()).saved).toBe(3);
  expect(readdirSync(dir).sort()).toEqual(["A-2.bin", "a-1.bin", "a.bin"].sort());
});

test("a file that is there: fail, skip without asking, overwrite, save beside it", async () => {
  const server = await serverWith("/a.bin", Buffer.from("new"));
  const dir = folder();
  const url = `${server.url}/a.bin`;
  writeFileSync(join(dir, "a.bin"), "old");
  expect(codeOf(await one(url, { dir }))).toBe("ERR_FILE_EXISTS");
  const asked = server.requests.length;
  expect(await one(url, { dir, existing: "skip" })).toMatchObject({ kind: "skipped", reason: "exists" });
  expect(server.requests).toHaveLength(asked);
  expect(await one(url, { dir, existing: "rename" })).toMatchObject({ path: join(dir, "a-1.bin") });
  expect(readFileSync(join(dir, "a.bin"), "utf8")).toBe("old");
  expect(codeOf(await one(url, { dir, existing: "overwrite" }))).toBe("saved");
  expect(readFileSync(join(dir, "a.bin"), "utf8")).toBe("new");
});

test("a link in the place of the file is replaced, and what it leads to is left alone", async () => {
  const server = await serverWith("/a.bin", Buffer.from("new"));
  const dir = folder();
  const victim = join(folder(), "victim");
  writeFileSync(victim, "mine");
  symlinkSync(victim, join(dir, "a.bin"));
  expect(codeOf(await one(`${server.url}/a.bin`, { dir }))).toBe("ERR_FILE_EXISTS");
  expect(codeOf(await one(`${server.url}/a.bin`, { dir, existing: "overwrite" }))).toBe("saved");
  expect([readFileSync(victim, "utf8"), readFileSync(join(dir, "a.bin"), "utf8")]).toEqual(["mine", "new"]);
});

test("links in the place of the unfinished file and its note are not followed", async () => {
  const stopped = bytesOf(900_000);
  const server = await serverWith("/b.bin", stopped);
  const dir = folder();
  server.cutAfter = 300_000;
  await one(`${server.url}/b.bin`, { dir, retries: 0 });
  const part = readdirSync(dir).find((name) => name.endsWith(".part")) ?? "";
  expect(part).toMatch(/^b\.bin\.[0-9a-f]{12}\.part$/);
  const victim = join(folder(), "victim");
  writeFileSync(victim, Buffer.alloc(900_000));
  rmSync(join(dir, part));
  symlinkSync(victim, join(dir, part));
  server.cutAfter = undefined;
  expect(codeOf(await one(`${server.url}/b.bin`, { dir, resume: true }))).toBe("saved");
  expect(readFileSync(victim).equals(Buffer.alloc(900_000))).toBe(true);
  expect(readFileSync(join(dir, "b.bin")).equals(stopped)).toBe(true);
});

test("an encoded body is saved decoded, and a bomb is stopped", async () => {
  const server = await fileServer();
  server.fault = ({ url }, response) => {
    const body = gzipSync(url === "/bomb.bin" ? Buffer.alloc(50_000_000) : "hello");
    response.writeHead(200, { "content-encoding": "gzip", etag: '"1"' }).end(body);
    return "done";
  };
  const dir = folder();
  expect(await one(`${server.url}/a.bin`, { dir })).toMatchObject({ kind: "saved", bytes: 5 });
  expect(codeOf(await one(`${server.url}/bomb.bin`, { dir }))).toBe("ERR_BODY_TOO_LARGE");
  expect(readdirSync(dir)).toEqual(["a.bin"]);
});

test("a volume without room fails before a byte is taken; so does a file beyond maxBytes", async () => {
  const server = await serverWith("/a.bin", bytesOf(100_000));
  const dir = folder();
  expect(codeOf(await one(`${server.url}/a.bin`, { dir, freeSpace: async () => 99_999 }))).toBe("ERR_DISK_SPACE");
  expect(codeOf(await one(`${server.url}/a.bin`, { dir, maxBytes: 99_999 }))).toBe("ERR_BODY_TOO_LARGE");
  expect(codeOf(await one(`${server.url}/a.bin`, { dir, maxBytes: 100_000 }))).toBe("saved");
});

test("503 with Retry-After is tried again after that time, in the clock that was given", async () => {
  const server = await serverWith("/a.bin", Buffer.from("x"));
  server.fault = (_request, response, count) => {
    if (count > 2) return "serve";
    response.writeHead(503, { "retry-after": String(count * 60) }).end();
    return "done";
  };
  const pauses: number[] = [];
  const clock = {
    now: () => 0,
    after: (ms: number, fire: () => void) => {
      pauses.push(ms);
      const timer = setImmediate(fire);
      return { [Symbol.dispose]: () => clearImmediate(timer) };
    },
  };
  expect(await one(`${server.url}/a.bin`, { dir: folder(), clock, maxPause: 120_000 })).toMatchObject({ attempts: 3 });
  expect(pauses).toEqual([60_000, 120_000]);
});

test("leaving the loop and the signal keep what has come, and resume finishes it", async () => {
  const body = bytesOf(6_000_000);
  const server = await serverWith("/a.bin", body);
  const held: (() => void)[] = [];
  server.fault = ({ headers: { range } }, response) => {
    if (range !== undefined) return "serve";
    response.writeHead(200, { etag: '"1"', "content-length": body.length });
    response.write(body.subarray(0, 5_000_000), () => held.shift()?.());
    return "done";
  };
  const dir = folder();
  const leaving = new AbortController();
  const running = download([`${server.url}/a.bin`], { ...QUICK, dir, signal: leaving.signal });
  const all = running.summary();
  const refused = expect(all).rejects.toMatchObject({ code: "ERR_CANCELLED" });
  while (running.progress().received < 5_000_000) await new Promise((resolve) => setImmediate(resolve));
  leaving.abort();
  await refused;
  expect(readdirSync(dir).filter((name) => !/\.part(\.json)?$/.test(name))).toEqual([]);
  expect(await one(`${server.url}/a.bin`, { dir, resume: true })).toMatchObject({ kind: "saved", received: 1_000_000 });
  expect(readFileSync(join(dir, "a.bin")).equals(body)).toBe(true);
  expect(readdirSync(dir)).toEqual(["a.bin"]);
});

test("private addresses are refused unless allowed, and a folder in the file's place is told", async () => {
  const server = await serverWith("/a.bin", Buffer.from("x"));
  const dir = folder();
  expect(codeOf(await one(`${server.url}/a.bin`, { dir, allowPrivate: false }))).toBe("ERR_ADDRESS_REFUSED");
  expect(codeOf(await one("file:///etc/passwd", { dir }))).toBe("ERR_URL_REFUSED");
  expect(server.requests).toEqual([]);
  mkdirSync(join(dir, "a.bin"));
  expect((await one(`${server.url}/a.bin`, { dir, existing: "overwrite" })).kind).toBe("failed");
});
