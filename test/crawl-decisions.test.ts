/** What a crawl decides, decided from plain values: spelling, scope, traps, pace, retries, verdicts, robots.txt, states. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normaliseUrl, TRACKING_PARAMETERS } from "../packages/crawler/dist/address/normalise.js";
import { Territory } from "../packages/crawler/dist/address/scope.js";
import { datedShape, TRAP_LIMITS, trapIn } from "../packages/crawler/dist/address/trap.js";
import { verdictOn } from "../packages/crawler/dist/crawl/verdict.js";
import { LEGAL_MOVES, moved } from "../packages/crawler/dist/frontier/address-state.js";
import { HostLines } from "../packages/crawler/dist/frontier/host-lines.js";
import { readLines } from "../packages/crawler/dist/frontier/journal.js";
import { TimeHeap } from "../packages/crawler/dist/frontier/time-heap.js";
import { retryAfterOf, retryOf } from "../packages/crawler/dist/politeness/retry.js";
import { rulesOf } from "../packages/crawler/dist/robots/robots-rules.js";

const web = fc.webUrl({ withFragments: true, withQueryParameters: true, size: "medium" });

describe("an address in its one spelling", () => {
  test("stays as it is when it is spelt again", () => {
    fc.assert(
      fc.property(web, (url) => {
        expect(normaliseUrl(normaliseUrl(url)!)).toBe(normaliseUrl(url));
      }),
    );
  });

  test("does not depend on the fragment, the case of scheme and host, the default port, or encoded letters", () => {
    const part = fc.stringMatching(/^[a-z0-9._~-]{1,8}$/).filter((text) => !/^\.+$/.test(text));
    fc.assert(
      fc.property(part, part, part, (host, path, query) => {
        const plain = normaliseUrl(`http://${host.replace(/[^a-z]/g, "x")}.org/${path}?q=${query}`);
        const encoded = [...path].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join("");
        const odd = `HTTP://${host.replace(/[^a-z]/g, "x").toUpperCase()}.Org.:80/./y/../${encoded}?q=${query}#${path}`;
        expect(normaliseUrl(odd)).toBe(plain);
      }),
    );
  });

  test("keeps apart what is not the same", () => {
    const different = [
      "/a",
      "/A",
      "/a/",
      "/a?",
      "/a?x",
      "/a?x=",
      "/a?x=1&y=2",
      "/a?y=2&x=1",
      "/a%2Fb",
      "/a/b",
      "/a?q=a+b",
      "/a?q=a%20b",
    ];
    const spelt = different.map((path) => normaliseUrl(path, "http://site.example"));
    // A lone question mark asks for nothing.
    expect(new Set(spelt).size).toBe(different.length - 1);
  });

  test.each([
    ["http://u:p@site.example/", "http://site.example/"],
    ["../b?x#y", "http://site.example/b?x"],
    ["//other.example", "http://other.example/"],
    ["http://site.example/%e4%f6?%c3%a4", "http://site.example/%E4%F6?%C3%A4"],
    ["http://bücher.example/ä", "http://xn--bcher-kva.example/%C3%A4"],
    ["http://0x7f.1/", "http://127.0.0.1/"],
    ["mailto:me@site.example", undefined],
    ["javascript:alert(1)", undefined],
    ["file:///etc/passwd", undefined],
    ["http://[", undefined],
    ["data:text/html,x", undefined],
  ])("%s is %s", (text, url) => {
    expect(normaliseUrl(text, "http://site.example/a/")).toBe(url);
  });

  test("loses the parameters it is to lose, and no others, in their own spelling", () => {
    const text = "http://s.example/?utm_source=x&a=1+2&%75tm_medium=y&UTM_ID=3&b=&gclid=z&utm";
    expect(normaliseUrl(text, undefined, TRACKING_PARAMETERS)).toBe("http://s.example/?a=1+2&b=&utm");
    expect(normaliseUrl("http://s.example/?fbclid=1", undefined, TRACKING_PARAMETERS)).toBe("http://s.example/");
  });
});

describe("a territory", () => {
  const territory = (
    scope: "host" | "domain" | "prefix" | "any",
    include: RegExp[] = [],
    exclude: RegExp[] = [],
  ): Territory => {
    const made = new Territory({ scope, include, exclude });
    made.addSeed("https://www.site.co.uk/docs/start.html");
    return made;
  };

  test.each([
    ["host", "https://www.site.co.uk/other", true],
    ["host", "http://www.site.co.uk/", true],
    ["host", "https://site.co.uk/", false],
    ["host", "https://www.site.co.uk:8443/", false],
    ["domain", "https://shop.site.co.uk:8443/", true],
    ["domain", "https://other.co.uk/", false],
    ["prefix", "https://www.site.co.uk/docs/a/b?c", true],
    ["prefix", "https://www.site.co.uk/docs", false],
    ["prefix", "https://www.site.co.uk/docs-old/", false],
    ["prefix", "http://www.site.co.uk/docs/", false],
    ["any", "https://anywhere.example/", true],
  ] as const)("%s: %s belongs: %s", (scope, url, belongs) => {
    expect(territory(scope).has(url)).toBe(belongs);
  });

  test("is narrowed by patterns, also by those that remember where they were; but a seed always belongs", () => {
    const narrow = territory("host", [/\/a/g], [/secret/]);
    const urls = [
      "https://www.site.co.uk/a",
      "https://www.site.co.uk/a",
      "https://www.site.co.uk/b",
      "https://www.site.co.uk/a/secret",
    ];
    expect(urls.map((url) => narrow.has(url))).toEqual([true, true, false, false]);
    expect(narrow.has("https://www.site.co.uk/docs/start.html")).toBe(true);
  });

  test("follows its seed to another host, but not out of its folder", () => {
    const [host, prefix] = [territory("host"), territory("prefix")];
    host.addSeedTarget("https://www.site.co.uk/docs/start.html", "https://site.co.uk/");
    expect(host.has("https://site.co.uk/more")).toBe(true);
    prefix.addSeedTarget("https://www.site.co.uk/docs/start.html", "https://www.site.co.uk/login");
    expect(prefix.has("https://www.site.co.uk/other")).toBe(false);
  });
});

describe("a trap", () => {
  const NOW = Date.UTC(2026, 0, 15);
  test.each([
    ["/a/b/a/b/a/b", "repeating-path"],
    ["/x/more/more/more/", "repeating-path"],
    [`/${"a".repeat(2000)}`, "too-long"],
    [`/${Array.from({ length: 21 }, (_, index) => index).join("/")}`, "too-deep"],
    ["/?q=1&q=1&q=1", "growing-query"],
    [`/?${Array.from({ length: 21 }, (_, index) => `p${index}=1`).join("&")}`, "growing-query"],
    ["/events/2027/02", "calendar"],
    ["/?year=2031&month=5", "calendar"],
    ["/cal?month=2027-02", "calendar"],
    ["/events/2027/01", undefined],
    ["/archive/1851-07-12", undefined],
    ["/a/b/a/b", undefined],
    ["/1/2/3/4/5", undefined],
    ["/?filter=a&filter=b&filter=c", undefined],
    ["/model/9999-99", undefined],
  ] as const)("%s is %s", (path, reason) => {
    expect(trapIn(`http://s.example${path}`, TRAP_LIMITS, NOW, 0)).toBe(reason);
  });

  test("dated addresses of one shape are too many some day, and others are not counted", () => {
    const [url, shape] = ["http://s.example/cal?month=1999-12", datedShape("http://s.example/cal?month=1999-12")];
    expect(datedShape("http://s.example/cal?month=1850-01")).toBe(shape);
    expect(datedShape("http://s.example/p/17")).toBeUndefined();
    expect(trapIn(url, TRAP_LIMITS, NOW, 999)).toBeUndefined();
    expect(trapIn(url, TRAP_LIMITS, NOW, 1000)).toBe("calendar");
  });

  test("no path of different segments is one, however it is spelt", () => {
    const segments = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { maxLength: 20 });
    fc.assert(
      fc.property(segments, (parts) => {
        expect(trapIn(`http://s.example/${parts.join("/")}`, TRAP_LIMITS, NOW, 0)).toBeUndefined();
      }),
    );
  });
});

describe("the lines of hosts", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("add" as const), host: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ do: fc.constant("end" as const), which: fc.nat() }),
    fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 300 }) }),
    fc.record({
      do: fc.constant("pause" as const),
      host: fc.integer({ min: 0, max: 3 }),
      ms: fc.integer({ min: 1, max: 500 }),
    }),
  );

  test("no host has more requests at once than allowed, none two starts too close, none in its pause, and all get their turn", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 200 }),
        (steps, perHost, delay) => {
          const lines = new HostLines<number>({ perHost, delay }, "open");
          const [flying, started, pausedTo] = [[] as string[], new Map<string, number>(), new Map<string, number>()];
          let [now, added, fetched] = [0, 0, 0];
          const start = (): "wait" | "nothing" => {
            for (;;) {
              const turn = lines.next(now);
              if (turn.do === "wait" || turn.do === "nothing") return turn.do;
              expect(turn.do).toBe("fetch");
              const { host } = turn as { host: string };
              expect(now).toBeGreaterThanOrEqual((started.get(host) ?? -1000) + delay);
              expect(now).toBeGreaterThanOrEqual(pausedTo.get(host) ?? 0);
              started.set(host, now);
              flying.push(host);
              fetched += 1;
              expect(flying.filter((each) => each === host).length).toBeLessThanOrEqual(perHost);
            }
          };
          for (const each of steps) {
            if (each.do === "add") {
              added += 1;
              lines.add(`h${each.host}`, added);
            }
            if (each.do === "pass") now += each.ms;
            if (each.do === "pause") {
              lines.pause(`h${each.host}`, now + each.ms);
              pausedTo.set(`h${each.host}`, Math.max(pausedTo.get(`h${each.host}`) ?? 0, now + each.ms));
            }
            if (each.do === "end" && flying.length > 0) lines.ended(flying.splice(each.which % flying.length, 1)[0]!);
            start();
          }
          for (let rest = 0; rest < 2000 && fetched < added; rest++) {
            for (const host of flying.splice(0)) lines.ended(host);
            now += 100;
            start();
          }
          expect(fetched).toBe(added);
        },
      ),
    );
  });

  test("a host's robots.txt comes first and alone, and its delay holds from then on", () => {
    const lines = new HostLines<string>({ perHost: 5, delay: 0 }, "closed");
    lines.add("h", "a");
    lines.add("h", "b");
    expect(lines.next(0)).toEqual({ do: "robots", host: "h" });
    expect(lines.next(0)).toEqual({ do: "nothing" });
    lines.ended("h");
    lines.open("h", 1000, 50);
    expect(lines.sift("h", (item) => item !== "a")).toEqual(["a"]);
    expect(lines.next(0)).toEqual({ do: "fetch", host: "h", item: "b" });
    lines.add("h", "c");
    expect(lines.next(10)).toEqual({ do: "wait", until: 50 });
    // The rules have grown old.
    expect(lines.next(1000)).toEqual({ do: "robots", host: "h" });
  });
});

test("what is due comes out by its time, and nothing before it", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.integer({ min: 0, max: 50 }), (times, now) => {
      const heap = new TimeHeap<number>();
      for (const at of times) heap.push(at, at);
      const out: number[] = [];
      for (let at = heap.popDue(now); at !== undefined; at = heap.popDue(now)) out.push(at);
      const sorted = times.toSorted((a, b) => a - b);
      expect(out).toEqual(sorted.filter((at) => at <= now));
      expect(heap.next).toBe(sorted.find((at) => at > now) ?? Number.POSITIVE_INFINITY);
    }),
  );
});

describe("another attempt", () => {
  const rules = { retries: 3, backoff: 100, maxPause: 10_000 };

  test("is made as often as allowed, after pauses that grow, are spread, and are never longer than allowed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
        const retry = retryOf({ attempt, retryAfter: undefined }, rules, chance);
        if (attempt > 3) {
          expect(retry).toEqual({ do: "give-up" });
          return;
        }
        const whole = 100 * 2 ** (attempt - 1);
        expect(retry).toMatchObject({ do: "again" });
        expect((retry as { after: number }).after).toBeGreaterThanOrEqual(whole / 2);
        expect((retry as { after: number }).after).toBeLessThanOrEqual(whole);
      }),
    );
  });

  test("is never earlier than the host asks for, and is not made when it asks for too much", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), (retryAfter) => {
        const retry = retryOf({ attempt: 1, retryAfter }, rules, 0);
        if (retryAfter > 10_000) expect(retry).toEqual({ do: "give-up" });
        else expect((retry as { after: number }).after).toBeGreaterThanOrEqual(retryAfter);
      }),
    );
  });

  const now = Date.UTC(2026, 10, 25, 12, 0, 0);
  test.each([
    ["120", 120_000],
    [" 0 ", 0],
    ["Wed, 25 Nov 2026 12:01:00 GMT", 60_000],
    ["Wednesday, 25-Nov-26 12:01:00 GMT", 60_000],
    ["Wed Nov 25 12:01:00 2026", 60_000],
    ["Wed, 25 Nov 2026 11:00:00 GMT", 0],
    ["-1", undefined],
    ["soon", undefined],
    ["1.5", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("Retry-After: %s is %s ms", (header, ms) => {
    expect(retryAfterOf(header, now)).toBe(ms);
  });
});

describe("a verdict", () => {
  const circumstances = {
    url: "http://s.example/a/",
    attempt: 1,
    rules: { retries: 1, backoff: 0, maxPause: 100_000 },
    now: 0,
    chance: 0,
  };
  const on = (status: number, headers = {}, body?: Buffer, attempt = 1): unknown =>
    verdictOn({ kind: "answered", answer: { status, headers, body, cookies: "same" } }, { ...circumstances, attempt });
  const broken = (error: unknown, attempt = 1): unknown =>
    verdictOn({ kind: "broken", error }, { ...circumstances, attempt });
  const coded = (code: string): Error => Object.assign(new Error("x"), { code });

  test("is one for every status there is", () => {
    for (let status = 200; status < 600; status++) {
      expect(on(status, {}, Buffer.from("x"))).toMatchObject({
        do: expect.stringMatching(/^(read|redirect|again|skip|fail)$/),
      });
    }
  });

  test.each([
    [301, { location: "../b" }, { do: "redirect", to: "http://s.example/b" }],
    [302, {}, { do: "redirect", to: "" }],
    [304, {}, { do: "skip", reason: "empty" }],
    [204, {}, { do: "skip", reason: "empty" }],
    [200, { "content-type": "image/png" }, { do: "skip", reason: "content-type", detail: "image/png" }],
    [404, { "content-type": "image/png" }, { do: "fail", code: "HTTP_404" }],
    [429, { "retry-after": "7" }, { do: "again", after: 7000, pause: "host" }],
    [503, {}, { do: "again", pause: "host" }],
    [500, {}, { do: "again", pause: "address" }],
    [503, { "retry-after": "1000" }, { do: "fail", code: "HTTP_503" }],
  ])("%i with %j is %j", (status, headers, verdict) => {
    expect(on(status, headers)).toMatchObject(verdict);
  });

  test.each(["ECONNRESET", "ECONNREFUSED", "UND_ERR_SOCKET", "UND_ERR_HEADERS_TIMEOUT", "EAI_AGAIN"])(
    "%s may pass",
    (code) => {
      expect(broken(coded(code))).toMatchObject({ do: "again", pause: "address" });
      expect(broken(new TypeError("fetch failed", { cause: coded(code) }))).toMatchObject({ do: "again" });
      expect(broken(coded(code), 2)).toMatchObject({ do: "fail", code });
    },
  );

  test.each(["ERR_ADDRESS_REFUSED", "ERR_BODY_TOO_LARGE", "ERR_BODY_ENCODING", "ENOTFOUND", "HPE_INVALID_CONSTANT"])(
    "%s does not",
    (code) => {
      expect(broken(coded(code))).toMatchObject({ do: "fail", code });
    },
  );
});

describe("robots.txt", () => {
  const AT = "http://s.example/robots.txt";
  const allows = (text: string, path: string, status = 200): boolean =>
    rulesOf({ kind: "answered", status, body: Buffer.from(text) }, AT, "manyhands-crawler").allows(
      `http://s.example${path}`,
    );
  const NO = "User-agent: *\nDisallow: /";

  test.each(
    [...Array.from({ length: 400 }, (_, index) => index + 200)].filter((status) => status % 25 === 4 || status === 429),
  )("status %i is read, allows or forbids as RFC 9309 says", (status) => {
    const expected = status < 300 ? false : status < 500 && status !== 429;
    expect(allows(NO, "/page", status)).toBe(expected);
  });

  test.each([
    // The examples of RFC 9309, 2.2.2 and 5, and what Google's parser is tested with.
    ["User-agent: *\nDisallow: /fish\nAllow: /fish/salmon", "/fish/salmon", true],
    ["User-agent: *\nAllow: /p\nDisallow: /", "/page", true],
    ["User-agent: *\nAllow: /folder\nDisallow: /folder", "/folder/page", true],
    ["User-agent: *\nDisallow: /*.gif$", "/a.gif", false],
    ["User-agent: *\nDisallow: /*.gif$", "/a.gif?x", true],
    ["User-agent: *\nDisallow: /a%3cd.html", "/a%3Cd.html", false],
    ["User-agent: *\nDisallow: /foo/bar/ツ", "/foo/bar/%E3%83%84", false],
    ["User-agent: other\nDisallow: /\nUser-agent: *\nDisallow: /x", "/page", true],
    [
      "User-agent: manyhands-crawler\nDisallow: /a\n\nUser-agent: *\nDisallow: /b\n\nUser-agent: Manyhands-Crawler\nDisallow: /c",
      "/c",
      false,
    ],
    ["User-agent: manyhands-crawler\nDisallow: /a\n\nUser-agent: *\nDisallow: /b", "/b", true],
    ["user-agent: a\nuser-agent: *\ndisallow: /", "/x", false],
    [`\ufeff${NO}`, "/x", false],
    ["Disallow: /", "/x", true],
    ["<html>no rules</html>", "/x", true],
    ["User-agent: *\nDisallow:", "/x", true],
    [NO, "/robots.txt", true],
    ["User-agent: *\nDisallow: /~joe # his own", "/~joe/x", false],
  ])("%j allows %s: %s", (text, path, allowed) => {
    expect(allows(text, path)).toBe(allowed);
  });

  test("silence forbids; a delay is heeded within reason; sitemaps are named", () => {
    expect(rulesOf({ kind: "unreachable" }, AT, "x").allows("http://s.example/")).toBe(false);
    const body = Buffer.from("Sitemap: http://s.example/a.xml\nUser-agent: *\nCrawl-delay: 2.5\n");
    expect(rulesOf({ kind: "answered", status: 200, body }, AT, "x")).toMatchObject({
      delay: 2500,
      sitemaps: ["http://s.example/a.xml"],
    });
    const absurd = Buffer.from("User-agent: *\nCrawl-delay: 86400\n");
    expect(rulesOf({ kind: "answered", status: 200, body: absurd }, AT, "x").delay).toBe(60_000);
  });
});

describe("the states of an address", () => {
  const kinds = Object.keys(LEGAL_MOVES) as (keyof typeof LEGAL_MOVES)[];

  test("move as the table says and not otherwise", () => {
    for (const from of kinds) {
      for (const to of kinds) {
        const move = (): unknown => moved("http://s.example/", { kind: from } as never, { kind: to } as never);
        if (LEGAL_MOVES[from].includes(to)) expect(move()).toEqual({ kind: to });
        else expect(move).toThrow(`cannot go from ${from} to ${to}`);
      }
    }
  });

  test("all lead from the line to an end, and ends are final", () => {
    const ends = kinds.filter((kind) => LEGAL_MOVES[kind].length === 0);
    expect(ends.sort()).toEqual(["done", "failed", "listed", "redirected", "skipped"]);
    const reached = new Set<string>(["queued"]);
    for (let round = 0; round < kinds.length; round++) {
      for (const kind of [...reached])
        for (const next of LEGAL_MOVES[kind as keyof typeof LEGAL_MOVES]) reached.add(next);
    }
    expect([...reached].sort()).toEqual([...kinds].sort());
  });
});

test("a state file that ends anywhere, or is changed anywhere, is read up to there and not further", async () => {
  const { Journal } = await import("../packages/crawler/dist/frontier/journal.js");
  const { readFileSync } = await import("node:fs");
  const { folder } = await import("./keeping.js");
  const path = `${folder()}/state`;
  const { journal } = Journal.open(path, "x");
  const urls = Array.from({ length: 20 }, (_, index) => `http://s.example/ü/${index}`);
  for (const url of urls) journal.append([{ t: "found", url, depth: 0, origin: "link", kind: "page", hops: 0 }]);
  journal[Symbol.dispose]();
  const bytes = readFileSync(path);
  const whole = readLines(bytes).lines;
  expect(whole).toHaveLength(21);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const before = bytes.subarray(0, at).filter((byte) => byte === 10).length;
      const cut = readLines(bytes.subarray(0, at));
      expect(cut.lines).toEqual(whole.slice(0, before));
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ change;
      expect(readLines(changed).lines).toEqual(whole.slice(0, before));
    }),
  );
});
