/** No trick makes the crawler or the downloader ask a server inside: a table of them against a real server on loopback, which
 *  must see nothing; and the laws behind the table. */
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { BlockList } from "node:net";
import type { Lookup } from "@manyhands/crawler";
import { checkUrl, judgeAddress, openUrl, safeDispatcher } from "@manyhands/crawler";
import fc from "fast-check";
import { ManyhandsError } from "manyhands";
import { describe, expect, test } from "vitest";
import { later } from "./keeping.js";

/** A server on loopback that counts what reaches it. */
async function listening(listener: RequestListener, host = "127.0.0.1"): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.headers.host}${request.url}`);
    listener(request, response);
  });
  server.on("connection", () => seen.push("connection"));
  server.listen(0, host);
  await once(server, "listening");
  later(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

const secret: RequestListener = (_request, response) => void response.end("secret");

function dispatcher(options: Parameters<typeof safeDispatcher>[0]): ReturnType<typeof safeDispatcher> {
  const agent = safeDispatcher(options);
  later(() => agent.destroy());
  return agent;
}

/** Answers names as a table says, and fails for others: nothing of this test asks a name server. */
function answers(table: Readonly<Record<string, readonly string[]>>): Lookup {
  return (hostname) => {
    const found = table[hostname];
    if (found === undefined) return Promise.reject(new Error(`asked for ${hostname}`));
    return Promise.resolve(found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
  };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    (error: unknown) => (error instanceof ManyhandsError ? error.code : String(error)),
  );

const REFUSED = "ERR_ADDRESS_REFUSED";
const NO_URL = "ERR_URL_REFUSED";

/** URLs of a server on 127.0.0.1, written so that a filter of texts lets them pass. */
const SPELLINGS: readonly string[] = [
  "http://127.0.0.1:PORT/",
  "http://127.0.0.1.:PORT/",
  "http://127.1:PORT/",
  "http://127.0.1:PORT/",
  "http://2130706433:PORT/",
  "http://0x7f000001:PORT/",
  "http://0x7F.1:PORT/",
  "http://0177.0.0.1:PORT/",
  "http://017700000001:PORT/",
  "http://0x7f.0.0x0.01:PORT/",
  "http://%31%32%37.0.0.1:PORT/",
  "http://①②⑦.⓪.⓪.①:PORT/",
  "http://127。0。0。1:PORT/",
  "http:127.0.0.1:PORT",
  "http:\\\\127.0.0.1:PORT\\",
  "http:///127.0.0.1:PORT/",
  " \thttp://127.0.\n0.1:PORT/ ",
  "http://[::ffff:127.0.0.1]:PORT/",
  "http://[::ffff:7f00:1]:PORT/",
  "http://[0:0:0:0:0:FFFF:7F00:0001]:PORT/",
];

/** Other URLs of things inside. */
const INSIDE: readonly (readonly [url: string, code: string])[] = [
  ["http://0:PORT/", REFUSED],
  ["http://0.0.0.0:PORT/", REFUSED],
  ["http://127.255.255.254:PORT/", REFUSED],
  ["http://[::1]:PORT/", REFUSED],
  ["http://[::]:PORT/", REFUSED],
  ["http://[0:0:0:0:0:0:0:1]:PORT/", REFUSED],
  ["http://[::127.0.0.1]:PORT/", REFUSED],
  ["http://[::ffff:0:127.0.0.1]:PORT/", REFUSED],
  ["http://[64:ff9b::127.0.0.1]:PORT/", REFUSED],
  ["http://[64:ff9b:1::7f00:1]:PORT/", REFUSED],
  ["http://[2002:7f00:1::1]:PORT/", REFUSED],
  ["http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:PORT/", REFUSED],
  ["http://[fe80::1]:PORT/", REFUSED],
  ["http://[fe80::1%25lo]:PORT/", NO_URL],
  ["http://[::1%lo]:PORT/", NO_URL],
  ["http://[fd00:ec2::254]/latest/meta-data/", REFUSED],
  ["http://169.254.169.254/latest/meta-data/", REFUSED],
  ["http://0xa9fea9fe/latest/meta-data/", REFUSED],
  ["http://[::ffff:a9fe:a9fe]/latest/meta-data/", REFUSED],
  ["http://168.63.129.16/machine?comp=goalstate", REFUSED],
  ["http://100.100.100.200/latest/meta-data/", REFUSED],
  ["http://metadata.google.internal/computeMetadata/v1/", REFUSED],
  ["http://10.0.0.1/", REFUSED],
  ["http://172.31.255.255/", REFUSED],
  ["http://192.168.0.1/", REFUSED],
  ["http://100.64.0.1/", REFUSED],
  ["http://198.18.0.1/", REFUSED],
  ["http://224.0.0.1/", REFUSED],
  ["http://255.255.255.255/", REFUSED],
  ["http://[ff02::1]/", REFUSED],
  ["http://localhost:PORT/", REFUSED],
  ["http://LOCALHOST.:PORT/", REFUSED],
  ["http://ⓛocalhost:PORT/", REFUSED],
  ["http://a.b.localhost:PORT/", REFUSED],
  ["http://printer.local:PORT/", REFUSED],
  ["http://router.home.arpa:PORT/", REFUSED],
  ["http://user:password@127.0.0.1:PORT/", NO_URL],
  ["http://public.test@127.0.0.1:PORT/", NO_URL],
  ["http://public.test:80@127.0.0.1:PORT/", NO_URL],
  ["http://127.0.0.1:PORT\\@public.test/", REFUSED],
  ["http://public.test&@127.0.0.1:PORT#@public.test/", NO_URL],
  ["http://public.test:22/", NO_URL],
  ["http://public.test:6000/", NO_URL],
  ["http://public.test:99999/", NO_URL],
  ["http://127.0.0.1%00.public.test:PORT/", NO_URL],
  ["http://127.0.0.256:PORT/", NO_URL],
  ["//127.0.0.1:PORT/", NO_URL],
  ["file:///etc/passwd", NO_URL],
  ["file://127.0.0.1/etc/passwd", NO_URL],
  ["ftp://127.0.0.1:PORT/", NO_URL],
  ["gopher://127.0.0.1:PORT/_x", NO_URL],
  ["data:text/plain,secret", NO_URL],
  ["javascript:1", NO_URL],
  ["ws://127.0.0.1:PORT/", NO_URL],
  ["unix:/var/run/docker.sock", NO_URL],
  ["blob:http://127.0.0.1:PORT/1", NO_URL],
];

const ofPort = (url: string, port: number): string => url.replaceAll("PORT", String(port));

test("tricks with the text of a URL reach no server, and the same URLs do when private addresses are allowed", async () => {
  const { port, seen } = await listening(secret);
  const safe = dispatcher({ lookup: answers({ "public.test": ["127.0.0.1"] }) });
  for (const [url, code] of [...SPELLINGS.map((url) => [url, REFUSED] as const), ...INSIDE]) {
    expect([url, await codeOf(openUrl(ofPort(url, port), { dispatcher: safe }))]).toEqual([url, code]);
    // The dispatcher by itself, for who does not come through openUrl.
    if (code !== REFUSED) continue;
    const request = safe.request({ ...originOf(ofPort(url, port)), method: "GET" });
    expect([url, await codeOf(request)]).toEqual([url, code]);
  }
  expect(seen).toEqual([]);
  const open = dispatcher({ allowPrivate: true });
  for (const url of SPELLINGS) {
    const { body } = await openUrl(ofPort(url, port), { dispatcher: open, allowPrivate: true });
    expect(await body.toArray()).toEqual([Buffer.from("secret")]);
  }
});

function originOf(url: string): { origin: string; path: string } {
  const { origin, pathname } = new URL(url);
  return { origin, path: pathname };
}

/** What a name server may answer. */
const ANSWERS: readonly (readonly [what: string, addresses: readonly string[]])[] = [
  ["loopback", ["127.0.0.1"]],
  ["loopback by IPv6", ["::1"]],
  ["mapped loopback", ["::ffff:127.0.0.1"]],
  ["NAT64 of loopback", ["64:ff9b::7f00:1"]],
  ["unspecified", ["0.0.0.0"]],
  ["link-local with a zone", ["fe80::1%lo"]],
  ["metadata", ["169.254.169.254"]],
  ["a private address behind a public one", ["93.184.216.34", "10.0.0.1"]],
  ["a private address before a public one", ["127.0.0.1", "93.184.216.34"]],
  ["private IPv6 beside public IPv4", ["93.184.216.34", "fd00::1"]],
  ["no address at all", ["127.0.0.1\0.public"]],
];

test.each(ANSWERS)("a name that leads to %s is refused, and its server sees nothing", async (_what, addresses) => {
  const { port, seen } = await listening(secret);
  const safe = dispatcher({ lookup: answers({ "evil.test": addresses }) });
  expect(await codeOf(openUrl(`http://evil.test:${port}/`, { dispatcher: safe }))).toBe(REFUSED);
  expect(await codeOf(openUrl(`https://evil.test:${port}/`, { dispatcher: safe }))).toBe(REFUSED);
  expect(seen).toEqual([]);
});

test("a name that was public and now is private is refused: each connection judges the addresses it goes to", async () => {
  const { port, seen } = await listening(secret);
  const leaving = new AbortController();
  const rebinding = ["93.184.216.34", "127.0.0.1"];
  const lookups: string[] = [];
  const safe = dispatcher({
    lookup: async (hostname) => {
      lookups.push(hostname);
      const address = rebinding.shift() ?? "127.0.0.1";
      // The first connection is not waited for: there is no internet here.
      queueMicrotask(() => leaving.abort());
      return [{ address, family: 4 }];
    },
  });
  const first = openUrl(`http://evil.test:${port}/`, { dispatcher: safe, signal: leaving.signal });
  expect(await codeOf(first)).not.toMatch(/no error|ERR_ADDRESS_REFUSED/);
  // Another port is another connection.
  const other = await listening(secret);
  expect(await codeOf(openUrl(`http://evil.test:${other.port}/`, { dispatcher: safe }))).toBe(REFUSED);
  expect(lookups).toEqual(["evil.test", "evil.test"]);
  expect([...seen, ...other.seen]).toEqual([]);
});

/** Where a public server may send one. INSIDE is the port of a server inside. */
const TARGETS: readonly (readonly [location: string, code: string])[] = [
  ["http://127.0.0.1:INSIDE/", REFUSED],
  ["http://2130706433:INSIDE/", REFUSED],
  ["//127.0.0.1:INSIDE/", REFUSED],
  ["\\\\127.0.0.1:INSIDE\\", REFUSED],
  ["http://evil.test:INSIDE/", REFUSED],
  ["http://localhost:INSIDE/", REFUSED],
  ["http://[::ffff:127.0.0.1]:INSIDE/", REFUSED],
  ["/again?to=http://127.0.0.1:INSIDE/", REFUSED],
  ["http://user@127.0.0.1:INSIDE/", NO_URL],
  ["file:///etc/passwd", NO_URL],
  ["ftp://127.0.0.1:INSIDE/", NO_URL],
  ["data:text/plain,x", NO_URL],
  ["http://public.test:25/", NO_URL],
  ["http://[", NO_URL],
  ["/again?to=/again", "ERR_REDIRECT"],
  ["/around", "ERR_REDIRECT"],
];

test.each(TARGETS)("a redirect to %s is not followed", async (location, code) => {
  const inside = await listening(secret);
  const target = ofPort(location.replaceAll("INSIDE", "PORT"), inside.port);
  let round = 0;
  const outside = await listening((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://public.test");
    round += 1;
    const next = pathname === "/again" ? searchParams.get("to") : pathname === "/around" ? `/around?${round}` : target;
    response.writeHead(302, { location: next ?? "" }).end();
  });
  const lookup = answers({ "public.test": ["127.0.0.1"], "evil.test": ["127.0.0.1"] });
  const open = dispatcher({ allowPrivate: true, lookup });
  // Only the server of this test is taken for a public one.
  const safe = dispatcher({ lookup }).compose((dispatch) => (options, handler) => {
    const toOutside = String(options.origin) === `http://public.test:${outside.port}`;
    return toOutside ? open.dispatch(options, handler) : dispatch(options, handler);
  });
  const answer = openUrl(`http://public.test:${outside.port}/start`, { dispatcher: safe });
  expect(await codeOf(answer)).toBe(code);
  expect(outside.seen.length).toBeGreaterThan(1);
  expect(inside.seen).toEqual([]);
});

test("credentials go to the origin they were given for, and to no other", async () => {
  const got: (string | undefined)[] = [];
  const second = await listening((request, response) => {
    got.push(request.headers.authorization, request.headers.cookie, request.headers["x-kept"] as string);
    response.end();
  });
  const first = await listening((request, response) => {
    got.push(request.headers.authorization);
    const location = request.url === "/1" ? "/2" : `http://127.0.0.1:${second.port}/`;
    response.writeHead(307, { location }).end();
  });
  const headers = { Authorization: "Bearer x", cookie: "a=b", "x-kept": "kept" };
  const open = dispatcher({ allowPrivate: true });
  await openUrl(`http://127.0.0.1:${first.port}/1`, { dispatcher: open, allowPrivate: true, headers });
  expect(got).toEqual(["Bearer x", "Bearer x", undefined, undefined, "kept"]);
});

describe("judgeAddress", () => {
  const ipv4 = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((octets) => octets.join("."));
  /** Near the edges of ranges, where mistakes are. */
  const edges = fc
    .constantFrom(
      ..."10.0.0.0 11.0.0.0 100.64.0.0 100.128.0.0 127.0.0.0 128.0.0.0 169.254.0.0 169.255.0.0 172.16.0.0".split(" "),
      ..."172.32.0.0 192.0.0.0 192.0.1.0 192.0.2.0 192.0.3.0 192.168.0.0 192.169.0.0 198.18.0.0 198.20.0.0".split(" "),
      ..."198.51.100.0 198.51.101.0 203.0.113.0 203.0.114.0 224.0.0.0 240.0.0.0 0.0.0.0 1.0.0.0".split(" "),
    )
    .chain((text) => fc.integer({ min: -1, max: 1 }).map((step) => dotted(toNumber(text) + step)));
  const address = fc.oneof(ipv4, edges);

  /** Node's own list, from the same registry. */
  const special = new BlockList();
  for (const cidr of (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 " +
    "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32"
  ).split(" ")) {
    const [net = "", bits] = cidr.split("/");
    special.addSubnet(net, Number(bits), "ipv4");
  }

  test("refuses exactly the special IPv4 addresses", () => {
    fc.assert(
      fc.property(address, (text) => {
        expect(judgeAddress(text).kind).toBe(special.check(text, "ipv4") ? "refused" : "public");
      }),
    );
  });

  test("takes an IPv6 address that wraps an IPv4 address for that one, and wrappings of another kind for private", () => {
    fc.assert(
      fc.property(address, (text) => {
        const groups = hexGroups(text);
        for (const wrapped of [`::ffff:${text}`, `::FFFF:${groups}`, `0:0:0:0:0:ffff:${groups}`, `64:ff9b::${text}`]) {
          expect(judgeAddress(wrapped).kind).toBe(judgeAddress(text).kind);
        }
        for (const wrapped of [`::${text}`, `::ffff:0:${text}`, `2002:${groups}::`, `2001:0:${groups}::`]) {
          expect(judgeAddress(wrapped).kind).toBe("refused");
        }
      }),
    );
  });

  test("allows of IPv6 only what has been given out", () => {
    const groups = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (all) => {
        const text = all.map((group) => group.toString(16)).join(":");
        const first = all[0] ?? 0;
        if (first < 0x2000 || first > 0x3fff) expect(judgeAddress(text).kind).toBe("refused");
      }),
    );
    for (const text of ["2606:4700:4700::1111", "2a00:1450:4001::200e", "2001:4860:4860::8888"]) {
      expect(judgeAddress(text)).toEqual({ kind: "public" });
    }
  });

  test("says the same for every spelling of an address in a URL", () => {
    const spell = (value: number, radix: number): string =>
      radix === 16 ? `0x${value.toString(16)}` : radix === 8 ? `0${value.toString(8)}` : String(value);
    const spelling = fc.record({
      text: address,
      parts: fc.integer({ min: 1, max: 4 }),
      radices: fc.array(fc.constantFrom(8, 10, 16), { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(spelling, ({ text, parts, radices }) => {
        const octets = text.split(".").map(Number);
        const last = octets.slice(parts - 1).reduce((sum, octet) => sum * 256 + octet, 0);
        const host = [...octets.slice(0, parts - 1), last].map((part, at) => spell(part, radices[at] ?? 10)).join(".");
        const passes = judgeAddress(text).kind === "public";
        if (passes) expect(checkUrl(`http://${host}/`).hostname).toBe(text);
        else expect(() => checkUrl(`http://${host}/`)).toThrow(/Cannot connect/);
      }),
    );
  });

  const toNumber = (text: string): number => text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const dotted = (value: number): string => {
    const wrapped = (value + 2 ** 32) % 2 ** 32;
    return [24, 16, 8, 0].map((shift) => Math.floor(wrapped / 2 ** shift) % 256).join(".");
  };
  const hexGroups = (text: string): string => {
    const value = toNumber(text);
    return `${Math.floor(value / 65_536).toString(16)}:${(value % 65_536).toString(16)}`;
  };
});
