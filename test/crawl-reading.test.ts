/** What is read from bytes: text in any charset, links and titles of any page, addresses of any sitemap, cookies of any host. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cookies } from "../packages/crawler/dist/fetching/cookies.js";
import { decodePage } from "../packages/crawler/dist/page/decode.js";
import { readPage } from "../packages/crawler/dist/page/read-page.js";
import { readSitemap } from "../packages/crawler/dist/sitemap/read-sitemap.js";

describe("a page's bytes", () => {
  test.each([
    ["utf-8 by its header", Buffer.from("ü€"), "text/html; charset=UTF-8", "ü€", "utf-8"],
    [
      "latin 1, which the web reads as windows-1252",
      Buffer.from([0xfc, 0x80, 0x93, 0x94, 0x85]),
      "text/html; charset=iso-8859-1",
      "ü€“”…",
      "windows-1252",
    ],
    ["quoted, in another case", Buffer.from([0xe4]), 'text/html; Charset="Windows-1252"', "ä", "windows-1252"],
    ["a mark against the header", Buffer.from([0xef, 0xbb, 0xbf, 0x61]), "text/html; charset=koi8-r", "a", "utf-8"],
    ["UTF-16 by its mark", Buffer.from([0xff, 0xfe, 0x61, 0]), "text/html", "a", "utf-16le"],
    [
      "meta, when the header is silent",
      Buffer.from("<meta charset=koi8-r>\xc1", "latin1"),
      "text/html",
      "<meta charset=koi8-r>а",
      "koi8-r",
    ],
    [
      "the header against meta",
      Buffer.from("<meta charset=koi8-r>ü"),
      "text/html;charset=utf-8",
      "<meta charset=koi8-r>ü",
      "utf-8",
    ],
    ["nothing, and it is UTF-8", Buffer.from("ü"), "", "ü", "utf-8"],
    ["nothing, and it is not", Buffer.from([0xfc, 0x20]), "", "ü ", "windows-1252"],
    ["a name that nobody knows", Buffer.from("ü"), "text/html; charset=klingon", "ü", "utf-8"],
    ["one that nobody decodes", Buffer.from("a"), "text/html; charset=iso-2022-cn", "a", "utf-8"],
  ])("%s", (_, bytes, type, text, charset) => {
    expect(decodePage(bytes, type)).toEqual({ text, charset });
  });
});

const read = (html: string, more: Partial<Parameters<typeof readPage>[0]> = {}): ReturnType<typeof readPage> =>
  readPage({ url: "http://s.example/a/b?c", html, select: undefined, dropped: [], nofollow: "obey", ...more });

describe("a page", () => {
  test("has its links whole, each once, in their order, and only those that are links", async () => {
    const html = `<a href="x">1</a><A HREF='/y#z'>2</A><a href=x#other>again</a><area href="?q"><a name=n>none</a><a href>empty</a>
      <a href="mailto:a@b.example">3</a><a href="http://[">4</a><link href="style.css"><script>"<a href='/no'>"</script><!-- <a href="/no"> -->`;
    const [a, y, q, self] = [
      "http://s.example/a/x",
      "http://s.example/y",
      "http://s.example/a/b?q",
      "http://s.example/a/b?c",
    ];
    expect((await read(html)).links).toEqual([a, y, q, self]);
  });

  test("counts from its base, and names its own address when that is another", async () => {
    const html = `<base href="/base/"><base href="/other/"><link rel="nofollow CANONICAL" href="me"><a href="x">x</a>`;
    expect(await read(html)).toMatchObject({
      links: ["http://s.example/base/x"],
      canonical: "http://s.example/base/me",
    });
    expect((await read(`<link rel=canonical href="b?c#d">`)).canonical).toBeUndefined();
  });

  test("is not followed where it says so, unless that is ignored", async () => {
    const html = `<a rel="noopener nofollow" href="/1">1</a><a href="/2">2</a>`;
    expect((await read(html)).links).toEqual(["http://s.example/2"]);
    expect((await read(html, { nofollow: "ignore" })).links).toHaveLength(2);
    const whole = `<meta name="ROBOTS" content="noindex, NoFollow">${html}`;
    expect((await read(whole)).links).toEqual([]);
    expect((await read(whole, { nofollow: "ignore" })).links).toHaveLength(2);
  });

  test("has the first title, and the length of what is seen", async () => {
    const html = `<title>\n One &amp;\t two </title><body> <p>abc  \n def</p>  <style>p{}</style><script>x</script><svg><title>no</title></svg>é`;
    expect(await read(html)).toMatchObject({ title: "One & two", textLength: "abc def é".length });
    expect(await read("")).toMatchObject({ title: "", textLength: 0, links: [] });
  });

  test("never fails, whatever it is", async () => {
    const pieces = fc.constantFrom(
      "<",
      ">",
      "<a href=",
      "'",
      '"',
      "</",
      "<!--",
      "-->",
      "<title>",
      "&#x;",
      "&amp",
      "<![CDATA[",
      "\0",
      "<base href=",
      "http://",
      "%",
      "é",
    );
    const anything = fc
      .array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 60 })
      .map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(anything, async (html) => {
        const { links, textLength } = await read(html, { select: { "a[]": "a@href", t: "title" } });
        expect(textLength).toBeGreaterThanOrEqual(0);
        for (const link of links) expect(new URL(link).protocol).toMatch(/^https?:$/);
      }),
    );
  });
});

describe("a sitemap", () => {
  const NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"';

  test.each([
    [
      "XML",
      `<?xml version="1.0"?><urlset ${NS}><url><loc> http://s.example/?a&amp;b </loc><lastmod>x</lastmod></url></urlset>`,
      "pages",
      ["http://s.example/?a&b"],
    ],
    ["CDATA", `<urlset><url><loc><![CDATA[http://s.example/1]]></loc></url></urlset>`, "pages", ["http://s.example/1"]],
    [
      "an index",
      `<sitemapindex ${NS}><sitemap><loc>http://s.example/a.xml</loc></sitemap></sitemapindex>`,
      "sitemaps",
      ["http://s.example/a.xml"],
    ],
    [
      "with pictures",
      `<urlset xmlns:image="x"><url><loc>http://s.example/1</loc><image:loc>http://s.example/1.png</image:loc></url></urlset>`,
      "pages",
      ["http://s.example/1"],
    ],
    [
      "broken in the middle",
      `<urlset><url><loc>http://s.example/1</loc></url><url><loc>http://s.example/2</loc></wrong>`,
      "pages",
      ["http://s.example/1", "http://s.example/2"],
    ],
    ["with a mark", `\ufeff<urlset><url><loc>http://s.example/1</loc></url></urlset>`, "pages", ["http://s.example/1"]],
    [
      "text",
      "http://s.example/1\r\nnonsense\n\nhttp://s.example/2",
      "pages",
      ["http://s.example/1", "http://s.example/2"],
    ],
    ["nothing", "", "pages", []],
  ])("is read: %s", async (_, text, lists, addresses) => {
    expect(await readSitemap(Buffer.from(text))).toEqual({ lists, addresses });
    expect(await readSitemap(gzipSync(text))).toEqual({ lists, addresses });
  });

  test("that unpacks without end, or expands its entities, is refused; one that is too long is cut", async () => {
    const bomb = gzipSync(Buffer.alloc(60_000_000), { level: 1 });
    await expect(readSitemap(bomb)).rejects.toMatchObject({ code: "ERR_BUFFER_TOO_LARGE" });
    const laughs = `<!DOCTYPE u [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><urlset><url><loc>http://s.example/&b;</loc></url></urlset>`;
    expect((await readSitemap(Buffer.from(laughs))).addresses.join()).not.toContain("haha");
    const many = Array.from({ length: 60_000 }, (_, index) => `<url><loc>http://s.example/${index}</loc></url>`);
    expect((await readSitemap(Buffer.from(`<urlset>${many.join("")}</urlset>`))).addresses).toHaveLength(50_000);
  });
});

test("cookies go where they came from, and nonsense is left out", () => {
  const cookies = new Cookies();
  expect(
    cookies.take("http://a.site.example/x/", [
      "own=1",
      "wide=2; Domain=site.example; Path=/",
      "path=3; Path=/x",
      "safe=4; Secure",
    ]),
  ).toBe("changed");
  expect(
    cookies.take("http://a.site.example/", [
      "",
      "=",
      "evil=1; Domain=other.example",
      "all=1; Domain=example",
      "old=1; Max-Age=0",
    ]),
  ).toBe("same");
  expect(cookies.take("http://a.site.example/", undefined)).toBe("same");
  const sent = (url: string): string[] => cookies.headerFor(url).split("; ").sort();
  expect(sent("http://a.site.example/")).toEqual(["wide=2"]);
  expect(sent("http://a.site.example/x/y")).toEqual(["own=1", "path=3", "wide=2"]);
  expect(sent("http://b.site.example/x/")).toEqual(["wide=2"]);
  expect(sent("http://other.example/")).toEqual([""]);
});
