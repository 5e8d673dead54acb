/** What the downloader decides, as laws: names, answers to ranges, checksums, the limit of the rate in virtual time. */
import { posix, win32 } from "node:path";
import { parseChecksum, parseChecksumList } from "@manyhands/crawler";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dispositionName } from "../packages/crawler/dist/download/content-disposition.js";
import { nameOfAnswer, nameOfUrl, numberedName, safeName } from "../packages/crawler/dist/download/file-name.js";
import { misfitOfBytes, misfitOfType } from "../packages/crawler/dist/download/media-type.js";
import {
  decideAnswer,
  type PartState,
  parsePartState,
  rangeHeaders,
} from "../packages/crawler/dist/download/part-state.js";
import { NameClaims } from "../packages/crawler/dist/download/placing.js";
import { TokenBucket } from "../packages/crawler/dist/download/token-bucket.js";
import { VirtualClock } from "./virtual-clock.js";

describe("names", () => {
  const nasty = fc
    .array(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom(
          "..",
          "/",
          "\\",
          "\0",
          "C:",
          "con",
          "nul.txt",
          " ",
          ".",
          "\u202e",
          "\ud800",
          "é",
          "a".repeat(300),
          "漢".repeat(90),
        ),
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join(""));

  test("a safe name is one component on every system, short, visible, and stays as it is", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const name = safeName(text);
        for (const path of [posix, win32]) expect(path.basename(path.join("/dir", name))).toBe(name);
        expect(win32.resolve("C:\\dir", name)).toBe(`C:\\dir\\${name}`);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
        expect(name).toMatch(/^[^.\s].*$/s);
        expect(name).not.toMatch(/[<>:"/\\|?*]|[.\s]$|^(con|nul|aux|prn|com\d|lpt\d)(\.|$)/i);
        expect([...name].every((character) => character >= " ")).toBe(true);
        expect(safeName(name)).toBe(name);
      }),
      { numRuns: 500 },
    );
  });

  test("so is whatever a header or a URL says, and any name beside a taken one", () => {
    fc.assert(
      fc.property(nasty, fc.nat(1000), (text, number) => {
        const url = new URL(`http://a.test/${encodeURIComponent(text.toString().replace(/[\ud800-\udfff]/g, ""))}`);
        const disposition = `attachment; filename="${text.replace(/[\\"]/g, "\\$&")}"`;
        const name = nameOfAnswer({ url, disposition, contentType: "image/png" });
        for (const each of [name, nameOfUrl(url), numberedName(name, number)]) expect(safeName(each)).toBe(each);
      }),
    );
  });

  test.each([
    ['attachment; filename="a b.txt"', "a b.txt"],
    ["attachment; filename=a.txt", "a.txt"],
    ["inline; FILENAME = a.txt", "a.txt"],
    [`attachment; filename="plain.txt"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt`, "naïve €.txt"],
    ["attachment; filename*=iso-8859-1'en'%A3.txt", "£.txt"],
    ["attachment; filename*=utf-16''x; filename=b.txt", "b.txt"],
    ['attachment; filename="a\\"b.txt"', 'a"b.txt'],
    ['attachment; filename="x; filename=y"', "x; filename=y"],
    ["attachment", undefined],
    [undefined, undefined],
  ])("Content-Disposition %s means %s", (header, name) => {
    expect(dispositionName(header)).toBe(name);
  });

  test("a name that lacks an extension gets that of its type", () => {
    const url = new URL("http://a.test/photo?id=1");
    expect(nameOfAnswer({ url, disposition: undefined, contentType: "image/jpeg" })).toBe("photo.jpg");
    expect(nameOfAnswer({ url: new URL("http://a.test/"), disposition: undefined, contentType: undefined })).toBe(
      "download",
    );
    expect(nameOfUrl(new URL("http://a.test/%E0%A4%A.jpg"))).toBe("%E0%A4%A.jpg");
  });

  test("no two URLs get one name, in whatever case, and one URL keeps its own", () => {
    const names = fc.array(fc.constantFrom("a.txt", "A.TXT", "a-1.txt", "é.txt", "e\u0301.txt", "b"), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(names, (wanted) => {
        const claims = new NameClaims();
        const got = wanted.map((name, at) => claims.claim(name, `u${at}`));
        expect(new Set(got.map((name) => name.normalize("NFC").toLowerCase())).size).toBe(wanted.length);
        for (const [at, name] of wanted.entries()) expect(claims.claim(name, `u${at}`)).toBe(got[at]);
      }),
    );
  });
});

describe("answers", () => {
  const state = fc.record<PartState>({
    url: fc.constant("http://a.test/"),
    validator: fc.constantFrom(undefined, '"1"', "Tue, 01 Jan 2030 00:00:00 GMT"),
    total: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
    done: fc.nat(50),
  });
  const head = fc.record({
    status: fc.constantFrom(200, 206, 416, 404, 500, 204, 304),
    headers: fc.record(
      {
        etag: fc.constantFrom('"1"', '"2"', 'W/"1"'),
        "content-range": fc.oneof(
          fc.tuple(fc.nat(50), fc.nat(50), fc.nat(50)).map(([a, b, c]) => `bytes ${a}-${b}/${c}`),
          fc.nat(50).map((n) => `bytes */${n}`),
          fc.constant("nonsense"),
        ),
        "content-length": fc.nat(50).map(String),
      },
      { requiredKeys: [] },
    ),
  });

  test("a file is continued only exactly where it ended, to its end, and in its own version", () => {
    fc.assert(
      fc.property(state, head, (part, answer) => {
        const decision = decideAnswer(part, answer);
        const asked = "range" in rangeHeaders(part);
        expect(asked).toBe(part.done > 0 && part.validator !== undefined);
        if (!asked) expect(["begin", "fail"]).toContain(decision.do);
        if (decision.do === "begin") expect(answer.status).toBe(200);
        if (decision.do === "continue") {
          const [, from, to, whole] = /(\d+)-(\d+)\/(\d+)/.exec(answer.headers["content-range"] ?? "") ?? [];
          expect([answer.status, Number(from), Number(to) + 1]).toEqual([206, part.done, Number(whole)]);
          if (part.total !== undefined) expect(Number(whole)).toBe(part.total);
          if (part.validator?.startsWith('"')) expect(answer.headers.etag ?? part.validator).toBe(part.validator);
        }
        if (decision.do === "finish") expect([answer.status, part.done]).toEqual([416, part.total]);
      }),
      { numRuns: 2000 },
    );
  });

  test("the note reads as it was written, and anything else as nothing", () => {
    fc.assert(
      fc.property(state, (part) => {
        expect(parsePartState(JSON.stringify(part), part.url)).toEqual(part);
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(parsePartState(text, "u")).toBeUndefined();
      }),
    );
    expect(parsePartState('{"url":"other","done":1}', "u")).toBeUndefined();
    expect(parsePartState('{"url":"u","done":-1}', "u")).toBeUndefined();
    expect(parsePartState('{"url":"u","done":1,"validator":"a\\r\\nb"}', "u")).toBeUndefined();
  });
});

test("types that cannot be what the name says are told, others pass", () => {
  for (const [name, type] of [
    ["a.jpg", "text/html"],
    ["a.PNG", "application/json"],
    ["a.zip", "application/xhtml+xml"],
    ["a.mp4", "text/plain; charset=x"],
  ] as const) {
    expect(misfitOfType(name, type)).toBeTypeOf("string");
  }
  for (const [name, type] of [
    ["a.jpg", "image/webp"],
    ["a.jpg", "application/octet-stream"],
    ["a.svg", "text/xml"],
    ["a.html", "text/html"],
    ["a", "text/html"],
    ["a.json", "text/plain"],
    ["a.jpg", undefined],
  ] as const) {
    expect(misfitOfType(name, type)).toBeUndefined();
  }
  expect(misfitOfBytes("a.jpg", Buffer.from("\ufeff\n<!-- x --><!doctype HTML>"))).toBeTypeOf("string");
  expect(misfitOfBytes("a.svg", Buffer.from('<?xml version="1.0"?><svg>'))).toBeUndefined();
  expect(misfitOfBytes("a.html", Buffer.from("<!doctype html>"))).toBeUndefined();
});

test("lists are read as sha256sum and shasum --tag write them; what is none is refused", () => {
  const hex = "a".repeat(64);
  const list = parseChecksumList(
    `${hex}  a b.txt\n${hex} *dir/c.bin\nMD5 (d) = ${"b".repeat(32)}\n\\${hex}  e\\nf\n\n`,
  );
  expect([...list.keys()]).toEqual(["a b.txt", "c.bin", "d", "e\nf"]);
  expect(list.get("d")).toEqual({ algorithm: "md5", hex: "b".repeat(32) });
  expect(() => parseChecksumList(`${hex}  a\nnonsense`)).toThrow(/Line 2/);
  expect(parseChecksum(`SHA256:${hex.toUpperCase()}`)).toEqual({ algorithm: "sha256", hex });
  for (const text of ["sha256:aa", `crc32:${hex}`, hex]) expect(() => parseChecksum(text)).toThrow(/no checksum/);
});

test("no more than the rate and one burst passes in any time, and no time is lost, in virtual time", async () => {
  const takers = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(takers, fc.integer({ min: 100, max: 10_000 }), async (sizes, rate) => {
      const clock = new VirtualClock();
      const bucket = new TokenBucket(rate, clock);
      const signal = new AbortController().signal;
      let passed = 0;
      const run = async (): Promise<void> => {
        for (const size of sizes) {
          await bucket.take(size, signal);
          passed += size;
          expect(passed).toBeLessThanOrEqual((rate * (clock.now() + 100)) / 1000 + 1e-6);
        }
      };
      await clock.drive(run());
      const whole = sizes.reduce((sum, size) => sum + size, 0);
      expect(clock.now()).toBeLessThanOrEqual(Math.max(0, (whole / rate) * 1000 - 100) + 1e-6);
    }),
    { numRuns: 30 },
  );
});
