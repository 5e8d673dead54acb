/** A web made of numbers: which addresses there are, how each answers, and what a right crawl finds there. The same seed makes
 *  the same web. */
import { gzipSync } from "node:zlib";

/** How one address answers. */
export type Route =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly type: string;
      readonly body: Buffer;
      readonly headers?: Record<string, string>;
    }
  /** Some failures with a status, then the answer. */
  | {
      readonly kind: "flaky";
      readonly failures: number;
      readonly status: number;
      readonly headers: Record<string, string>;
      readonly finally: Route;
    }
  /** Says that more bytes come than do, and hangs up. */
  | { readonly kind: "cut" }
  /** Answers after a while, or in pieces, so many ms apart. */
  | { readonly kind: "slow"; readonly ms: number; readonly pieces: number; readonly title: string }
  /** Wants to see its cookie before it answers. */
  | { readonly kind: "cookie"; readonly finally: Route };

/** What a right crawl finds. */
export interface Expected {
  /** Address and title of each page. */
  readonly pages: Map<string, string>;
  readonly failed: Map<string, string>;
  readonly skipped: Map<string, string>;
}

export interface Plan extends Expected {
  /** By host (without port) and path with query. */
  readonly routes: Map<string, Route>;
  readonly seed: string;
  /** Addresses that must never be asked for, by host and path. */
  readonly forbidden: readonly string[];
}

export interface PlanOptions {
  /** Linked pages, besides all that is odd. @default 5000 */
  readonly pages?: number;
  /** Whether there are odd addresses at all. @default "odd" */
  readonly manner?: "plain" | "odd";
  readonly seed?: number;
}

/** Where the linked pages are. */
export const HOSTS: readonly string[] = ["www", "shop", "docs", "blog", "wiki"].map((name) => `${name}.site.localhost`);

/** Numbers from 0 to 1, the same ones for a seed (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const link = (href: string): string => `<li><a href="${href.replaceAll("&", "&amp;")}">to ${href.length}</a></li>`;

/** HTML with a title, and links. */
export function pageOf(title: string, hrefs: readonly string[], head = ""): string {
  return `<!doctype html><html><head>${head}<title>${title}</title></head><body><h1>${title}</h1>\n<ul>${hrefs.map(link).join("\n")}</ul></body></html>`;
}

const html = (title: string, hrefs: readonly string[] = [], head = ""): Route => ({
  ...{ kind: "answer", status: 200, type: "text/html; charset=utf-8", body: Buffer.from(pageOf(title, hrefs, head)) },
});

const plain = (status: number, type: string, body: string | Buffer, headers: Record<string, string> = {}): Route => ({
  ...{ kind: "answer", status, type, body: Buffer.from(body as string), headers },
});

/** Makes the web that is served at `port`. */
export function planWeb(port: number, { pages = 5000, manner = "odd", seed = 1 }: PlanOptions = {}): Plan {
  const plan = new Planner(port);
  const hrefs = plan.linkedPages(pages, numbersFrom(seed));
  if (manner === "odd") plan.oddities();
  plan.writeLinked(hrefs);
  return plan;
}

class Planner implements Plan {
  readonly routes = new Map<string, Route>();
  readonly pages = new Map<string, string>();
  readonly failed = new Map<string, string>();
  readonly skipped = new Map<string, string>();
  readonly forbidden: string[] = [];
  readonly #port: number;
  /** Links that the first page has besides its own. */
  readonly #odd: string[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  get seed(): string {
    return this.#url("www.site.localhost", "/p/0");
  }

  #url(host: string, path: string): string {
    return `http://${host}:${this.#port}${path}`;
  }

  /** An odd address that the first page links to. */
  #add(host: string, path: string, route: Route, title?: string): string {
    this.routes.set(`${host}${path}`, route);
    const url = this.#url(host, path);
    if (title !== undefined) this.pages.set(url, title);
    return url;
  }

  #hang(...urls: string[]): void {
    this.#odd.push(...urls);
  }

  /** Every page is linked from an earlier one, so all can be reached; and some more links lead anywhere, in odd spellings. */
  linkedPages(count: number, random: () => number): string[][] {
    const hostOf = (page: number): string => HOSTS[page % HOSTS.length]!;
    const url = (page: number): string => this.#url(hostOf(page), `/p/${page}`);
    const hrefs: string[][] = Array.from({ length: count }, () => []);
    for (let page = 1; page < count; page++) hrefs[Math.floor(random() ** 2 * page)]!.push(url(page));
    const spellings: ((page: number) => string)[] = [
      (page) => `${url(page)}#part`,
      (page) => url(page).replace("/p/", "/x/../p/"),
      (page) => url(page).replace("/p/", "/%70/"),
      (page) => url(page).replace("http://", "HTTP://").replace("site.localhost", "SITE.Localhost"),
      (page) => `${url(page)}?`,
    ];
    for (let page = 0; page < count; page++) {
      this.pages.set(url(page), `Page ${page}`);
      const spelt = spellings[Math.floor(random() * spellings.length)]!;
      hrefs[page]!.push(
        spelt(Math.floor(random() * count)),
        `/p/${page}`,
        "mailto:me@site.localhost",
        "javascript:void(0)",
      );
      hrefs[page]!.push("ftp://site.localhost/file", "http://[", "http://elsewhere.localhost/never");
    }
    this.forbidden.push("elsewhere.localhost/never");
    return hrefs;
  }

  writeLinked(hrefs: readonly string[][]): void {
    for (const [page, own] of hrefs.entries()) {
      const all = page === 0 ? [...own, ...this.#odd] : own;
      this.routes.set(`${HOSTS[page % HOSTS.length]}/p/${page}`, html(`Page ${page}`, all));
    }
  }

  oddities(): void {
    this.#redirects();
    this.#failures();
    this.#charsets();
    this.#unwanted();
    this.#traps();
    this.#duplicates();
    this.#robots();
    this.#sitemaps();
  }

  #redirects(): void {
    const www = "www.site.localhost";
    const to = (path: string, status = 302): Route => plain(status, "text/plain", "", { location: path });
    this.#hang(this.#add(www, "/r/1", to("/r/2", 301)), this.#add(www, "/r/2", to("r/../3", 307)));
    this.#add(www, "/r/3", to(this.#url("shop.site.localhost", "/r/end"), 308));
    this.#add("shop.site.localhost", "/r/end", html("The end of three redirects"), "The end of three redirects");
    this.#hang(this.#add(www, "/loop/a", to("/loop/b")), this.#add(www, "/self", to("/self#again")));
    this.#add(www, "/loop/b", to("/loop/a"));
    this.failed.set(this.#url(www, "/self"), "ERR_REDIRECT");
    this.#hang(this.#add(www, "/far/0", to("/far/1")));
    for (let hop = 1; hop < 8; hop++) this.#add(www, `/far/${hop}`, to(`/far/${hop + 1}`));
    this.failed.set(this.#url(www, "/far/5"), "ERR_REDIRECT");
    this.#hang(this.#add(www, "/out", to("http://elsewhere.localhost/never")));
    this.#hang(this.#add(www, "/nowhere", to("http://[")));
    this.failed.set(this.#url(www, "/nowhere"), "ERR_REDIRECT");
    this.#hang(this.#add(www, "/cookie", { kind: "cookie", finally: html("Behind a cookie") }, "Behind a cookie"));
  }

  #failures(): void {
    const shop = "shop.site.localhost";
    for (const [status, headers] of [
      [503, { "retry-after": "0" }],
      [429, {}],
      [500, {}],
      [502, {}],
    ] as const) {
      const finallyHtml = html(`After ${status}`);
      const flaky: Route = { kind: "flaky", failures: 2, status, headers: { ...headers }, finally: finallyHtml };
      this.#hang(this.#add(shop, `/flaky/${status}`, flaky, `After ${status}`));
    }
    this.#hang(this.#add(shop, "/down", plain(500, "text/html", "down")), this.#add(shop, "/cut", { kind: "cut" }));
    for (const pieces of [1, 5]) {
      const title = `Slow, in ${pieces}`;
      this.#hang(this.#add(shop, `/slow/${pieces}`, { kind: "slow", ms: 40, pieces, title }, title));
    }
    this.failed.set(this.#url(shop, "/down"), "HTTP_500");
    this.failed.set(this.#url(shop, "/cut"), "UND_ERR_SOCKET");
    // The host asks for a pause of a day, which nobody waits for.
    this.#hang(this.#add("later.site.localhost", "/", plain(503, "text/html", "", { "retry-after": "86400" })));
    this.failed.set(this.#url("later.site.localhost", "/"), "HTTP_503");
    const missing = pageOf("Nothing here", ["/from-an-error"]);
    this.#hang(this.#add(shop, "/missing", plain(404, "text/html", missing), "Nothing here"));
    this.forbidden.push(`${shop}/from-an-error`);
  }

  #charsets(): void {
    const docs = "docs.site.localhost";
    const latin = Buffer.from(pageOf("Caf\xe9", []), "latin1");
    this.#hang(this.#add(docs, "/charset/header", plain(200, "text/html; charset=ISO-8859-1", latin), "Caf\xe9"));
    const meta = Buffer.from(pageOf("Stra\xdfe f\xfcr 5 \x80", [], '<meta charset="windows-1252">'), "latin1");
    this.#hang(this.#add(docs, "/charset/meta", plain(200, "text/html", meta), "Straße für 5 €"));
    const marked = Buffer.from(`\ufeff${pageOf("Größe ✓", [])}`, "utf16le");
    // The mark wins over a header that is wrong.
    this.#hang(this.#add(docs, "/charset/mark", plain(200, "text/html; charset=utf-8", marked), "Größe ✓"));
    const japanese = Buffer.concat([
      Buffer.from(
        pageOf("@", [], '<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">').split("@")[0]!,
      ),
      Buffer.from([0x93, 0xfa, 0x96, 0x7b]),
      Buffer.from("</title>"),
    ]);
    this.#hang(this.#add(docs, "/charset/sjis", plain(200, "text/html", japanese), "日本"));
    const unsaid = Buffer.from(pageOf("Ohne Angabe: ü", []));
    this.#hang(this.#add(docs, "/charset/none", plain(200, "text/html", unsaid), "Ohne Angabe: ü"));
    const unknown = plain(200, "text/html; charset=klingon", Buffer.from(pageOf("ü", [])));
    this.#hang(this.#add(docs, "/charset/unknown", unknown, "ü"));
  }

  #unwanted(): void {
    const shop = "shop.site.localhost";
    for (const [path, type] of [
      ["/file.pdf", "application/pdf"],
      ["/picture.png", "image/png"],
    ] as const) {
      this.#hang(this.#add(shop, path, plain(200, type, "x".repeat(100_000))));
      this.skipped.set(this.#url(shop, path), "content-type");
    }
    this.#hang(this.#add(shop, "/nothing", plain(204, "text/html", "")));
    this.skipped.set(this.#url(shop, "/nothing"), "empty");
    const bomb = gzipSync(Buffer.alloc(30_000_000, "<p>"), { level: 1 });
    this.#hang(this.#add(shop, "/bomb", plain(200, "text/html", bomb, { "content-encoding": "gzip" })));
    this.failed.set(this.#url(shop, "/bomb"), "ERR_BODY_TOO_LARGE");
    this.#hang(this.#add(shop, "/large", plain(200, "text/html", Buffer.alloc(6_000_000, " "))));
    this.failed.set(this.#url(shop, "/large"), "ERR_BODY_TOO_LARGE");
    this.#hang(this.#add(shop, "/odd-encoding", plain(200, "text/html", "x", { "content-encoding": "klingon" })));
    this.failed.set(this.#url(shop, "/odd-encoding"), "ERR_BODY_ENCODING");
    const packed = plain(200, "text/html", gzipSync(pageOf("Packed", [])), { "content-encoding": "gzip" });
    this.#hang(this.#add(shop, "/packed", packed, "Packed"));
  }

  /** Each goes on for ever by itself; here as far as a crawl may come, and a little further. */
  #traps(): void {
    const wiki = "wiki.site.localhost";
    const today = new Date();
    for (let ahead = 0; ahead <= 14; ahead++) {
      const text = (months: number): string =>
        new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + months, 1)).toISOString().slice(0, 7);
      const path = `/calendar?month=${text(ahead)}`;
      const url = this.#add(wiki, path, html(`Month +${ahead}`, [`/calendar?month=${text(ahead + 1)}`]));
      if (ahead === 0) this.#hang(url);
      if (ahead <= 12) this.pages.set(url, `Month +${ahead}`);
      if (ahead === 13) this.skipped.set(url, "trap");
      if (ahead > 12) this.forbidden.push(`${wiki}${path}`);
    }
    for (let depth = 1; depth <= 4; depth++) {
      const path = `/deep/${"more/".repeat(depth)}`;
      const url = this.#add(wiki, path, html(`Depth ${depth}`, ["more/"]));
      if (depth === 1) this.#hang(url);
      if (depth <= 2) this.pages.set(url, `Depth ${depth}`);
      if (depth === 3) this.skipped.set(url, "trap");
      if (depth > 2) this.forbidden.push(`${wiki}${path}`);
    }
    for (let count = 1; count <= 4; count++) {
      const path = `/grow?${Array.from({ length: count }, () => "q=1").join("&")}`;
      const url = this.#add(wiki, path, html(`Query of ${count}`, [`${path}&q=1`]));
      if (count === 1) this.#hang(url);
      if (count <= 2) this.pages.set(url, `Query of ${count}`);
      if (count === 3) this.skipped.set(url, "trap");
      if (count > 2) this.forbidden.push(`${wiki}${path}`);
    }
  }

  #duplicates(): void {
    const shop = "shop.site.localhost";
    const head = '<link rel="canonical" href="/item/1">';
    for (const sort of ["name", "price"]) {
      const url = this.#add(shop, `/item/1?sort=${sort}`, html("An item", [`/item/detail-${sort}`], head));
      this.skipped.set(url, "duplicate");
      this.#hang(url);
      this.#add(shop, `/item/detail-${sort}`, html(`Detail by ${sort}`), `Detail by ${sort}`);
    }
    this.#add(shop, "/item/1", html("An item", [], head), "An item");
    this.#hang(
      this.#add(
        shop,
        "/secretive",
        html("Follow me not", ["/hidden/1"], '<meta name="robots" content="nofollow">'),
        "Follow me not",
      ),
    );
    this.forbidden.push(`${shop}/hidden/1`);
  }

  /** A host for each way to answer for robots.txt. */
  #robots(): void {
    const ways: readonly (readonly [name: string, route: Route | undefined, allowed: boolean])[] = [
      ["robots-404", undefined, true],
      ["robots-403", plain(403, "text/html", "no"), true],
      ["robots-500", plain(500, "text/html", "no"), false],
      ["robots-429", plain(429, "text/html", "no"), false],
      ["robots-cut", { kind: "cut" }, false],
      ["robots-moved", plain(301, "text/plain", "", { location: "/moved.txt" }), false],
      ["robots-loop", plain(301, "text/plain", "", { location: "/robots.txt" }), true],
      ["robots-for-others", plain(200, "text/plain", "User-agent: other\nDisallow: /\n"), true],
      [
        "robots-for-us",
        plain(200, "text/plain", "user-agent: MANYHANDS-crawler/9\r\ndisallow: /\r\n\r\nuser-agent: *\r\nallow: /"),
        false,
      ],
      ["robots-long", plain(200, "text/plain", `${"# padding\n".repeat(52_000)}User-agent: *\nDisallow: /\n`), true],
    ];
    for (const [name, route, allowed] of ways) {
      const host = `${name}.site.localhost`;
      if (route !== undefined) this.#add(host, "/robots.txt", route);
      const url = this.#add(host, "/page", html(`Page of ${name}`));
      this.#hang(url);
      if (allowed) this.pages.set(url, `Page of ${name}`);
      else this.skipped.set(url, "robots");
      if (!allowed) this.forbidden.push(`${host}/page`);
    }
    this.#add(
      "robots-moved.site.localhost",
      "/moved.txt",
      plain(200, "text/plain", "User-agent: *\nDisallow: /page\n"),
    );
    const blog = "blog.site.localhost";
    this.#add(
      blog,
      "/robots.txt",
      plain(200, "text/plain", "User-agent: *\nDisallow: /private/\nAllow: /private/but*open$\nDisallow: /%7Ejoe\n"),
    );
    for (const path of ["/private/1", "/private/but-open-not", "/~joe"]) {
      const url = this.#add(blog, path, html("Private"));
      this.skipped.set(url, "robots");
      this.forbidden.push(`${blog}${path}`);
      this.#hang(url);
    }
    this.#hang(this.#add(blog, "/private/but-open", html("Open"), "Open"));
  }

  #sitemaps(): void {
    const docs = "docs.site.localhost";
    const at = (path: string): string => this.#url(docs, path);
    this.#add(
      docs,
      "/robots.txt",
      plain(200, "text/plain", `Sitemap: ${at("/index.xml.gz")}\nSitemap: ${at("/list.txt")}\n`),
    );
    const index = `<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>${at("/map.xml")}</loc></sitemap></sitemapindex>`;
    this.#add(docs, "/index.xml.gz", plain(200, "application/gzip", gzipSync(index)));
    const urls = ["/orphan/1", "/orphan/2?a=1&amp;b=2"].map((path) => `<url><loc>\n${at(path)}\n</loc></url>`);
    this.#add(
      docs,
      "/map.xml",
      plain(200, "text/xml", `<urlset>${urls.join("")}<url><loc>http://elsewhere.localhost/never</loc></url></urlset>`),
    );
    this.#add(docs, "/list.txt", plain(200, "text/plain", `${at("/orphan/3")}\r\n\r\n`));
    this.#add(docs, "/orphan/1", html("Orphan 1"), "Orphan 1");
    this.#add(docs, "/orphan/2?a=1&b=2", html("Orphan 2"), "Orphan 2");
    this.#add(docs, "/orphan/3", html("Orphan 3"), "Orphan 3");
  }
}
