/** A site of many pages, in a process of its own: `node page-server.js PAGES`. Prints its port.
 *
 *  Pages are about as large as those of the web that are text (10 KB), and link to twenty others, the next ones among them, so
 *  that all can be found. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const pages = Number(process.argv[2]);
const LINKS = 20;
const TEXT = "<p class='text'>Some words that stand here so that there is <em>something</em> to read.</p>\n".repeat(80);

function pageOf(number: number): string {
  const numbers = Array.from({ length: LINKS }, (_, index) => (number * LINKS + index + 1) % pages);
  const links = numbers.map((each) => `<li><a href="/page/${each}">Page ${each}</a></li>`).join("\n");
  return `<!doctype html><html><head><title>Page ${number}</title></head><body>${TEXT}<ul>${links}</ul></body></html>`;
}

// Made before: what is measured is who reads them.
const bodies = Array.from({ length: pages }, (_, number) => Buffer.from(pageOf(number)));

const server = createServer((request, response) => {
  const body = bodies[Number(/^\/page\/(\d+)$/.exec(request.url ?? "")?.[1])];
  response.writeHead(body === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" }).end(body);
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
// It ends with whoever started it.
process.stdin.resume().on("end", () => process.exit(0));
