/** Servers that mean harm: each download ends, with an error that says why, and leaves no file that looks whole. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import type { DownloadResult } from "@manyhands/crawler";
import { download } from "@manyhands/crawler";
import { expect, test } from "vitest";
import { folder, later } from "./keeping.js";

/** A server that says what it likes to whoever connects. */
async function rawServer(speak: (socket: Socket, request: string) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", (data) => speak(socket, data.toString("latin1")));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  later(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Says `start`, and then `text` again and again for as long as somebody listens. */
function endlessly(socket: Socket, start: string, text: string): void {
  socket.write(start);
  const more = (): void => {
    while (!socket.destroyed && socket.write(text));
    if (!socket.destroyed) socket.once("drain", more);
  };
  more();
}

const OK = "HTTP/1.1 200 OK\r\n";

/** Each kind of harm, and the error that ends it. */
const HARM: readonly (readonly [what: string, speak: (socket: Socket) => void, error: RegExp])[] = [
  ["says nothing", () => undefined, /HEADERS_TIMEOUT/],
  ["says half of its headers", (socket) => socket.write(`${OK}content-le`), /HEADERS_TIMEOUT/],
  ["says half of its body", (socket) => socket.write(`${OK}content-length: 10\r\n\r\nhalf`), /BODY_TIMEOUT/],
  [
    "ends in the middle of its body",
    (socket) => socket.end(`${OK}content-length: 10\r\n\r\nhalf`),
    /SOCKET|MISMATCH|INCOMPLETE/,
  ],
  ["has headers without end", (socket) => endlessly(socket, OK, `x: ${"a".repeat(1000)}\r\n`), /HEADERS_OVERFLOW/],
  ["has one header without end", (socket) => endlessly(socket, `${OK}x: `, "a".repeat(1000)), /HEADERS_OVERFLOW/],
  ["has a body without end", (socket) => endlessly(socket, `${OK}\r\n`, "a".repeat(10_000)), /ERR_BODY_TOO_LARGE/],
  [
    "has chunks without end",
    (socket) => endlessly(socket, `${OK}transfer-encoding: chunked\r\n\r\n`, "a\r\n0123456789\r\n"),
    /ERR_BODY_TOO_LARGE/,
  ],
  [
    "has chunks that are none",
    (socket) => socket.end(`${OK}transfer-encoding: chunked\r\n\r\nzz\r\nxx\r\n`),
    /HTTPParserError|HPE_|SOCKET|MISMATCH/,
  ],
  [
    "has two lengths",
    (socket) => socket.end(`${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`),
    /HTTPParserError|HPE_|SOCKET|MISMATCH/,
  ],
  [
    "has a length and chunks",
    (socket) => socket.end(`${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`),
    /HTTPParserError|HPE_|SOCKET|MISMATCH/,
  ],
  [
    "has a length that is none",
    (socket) => socket.end(`${OK}content-length: -5\r\n\r\nab`),
    /HTTPParserError|HPE_|SOCKET|MISMATCH/,
  ],
  [
    "promises more than any disk holds",
    (socket) => socket.write(`${OK}content-length: 9007199254740991\r\n\r\n`),
    /ERR_DISK_SPACE/,
  ],
  [
    "speaks another protocol",
    (socket) => socket.end("220 mail.test ESMTP\r\n"),
    /HTTPParserError|HPE_|SOCKET|MISMATCH/,
  ],
  [
    "sends a status that nobody knows",
    (socket) => socket.end("HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n"),
    /ERR_HTTP_STATUS/,
  ],
  [
    "answers with 206 unasked",
    (socket) => socket.end("HTTP/1.1 206 P\r\ncontent-range: bytes 5-9/10\r\ncontent-length: 5\r\n\r\n56789"),
    /ERR_HTTP_STATUS/,
  ],
  ["answers with 204", (socket) => socket.end("HTTP/1.1 204 No Content\r\n\r\n"), /ERR_HTTP_STATUS/],
  [
    "answers with 416 unasked",
    (socket) => socket.end("HTTP/1.1 416 R\r\ncontent-length: 0\r\n\r\n"),
    /ERR_HTTP_STATUS/,
  ],
  [
    "redirects in a circle",
    (socket) => socket.end("HTTP/1.1 302 F\r\nlocation: /x.bin\r\ncontent-length: 0\r\n\r\n"),
    /ERR_REDIRECT/,
  ],
  [
    "redirects with a body without end",
    (socket) => endlessly(socket, "HTTP/1.1 302 F\r\nlocation: ftp://a.test/\r\n\r\n", "a".repeat(10_000)),
    /ERR_URL_REFUSED/,
  ],
  [
    "calls text gzip",
    (socket) => socket.end(`${OK}content-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello`),
    /ERR_BODY_ENCODING/,
  ],
  [
    "has an encoding that nobody knows",
    (socket) => socket.end(`${OK}content-encoding: rot13\r\ncontent-length: 5\r\n\r\nhello`),
    /ERR_BODY_ENCODING/,
  ],
  [
    "has encodings upon encodings",
    (socket) => socket.end(`${OK}content-encoding: gzip, gzip, gzip\r\ncontent-length: 5\r\n\r\nhello`),
    /ERR_BODY_ENCODING/,
  ],
];

test.each(HARM)("a server that %s", async (_what, speak, error) => {
  const url = await rawServer(speak);
  const dir = folder();
  const { results } = await download([`${url}/x.bin`], {
    ...{ dir, allowPrivate: true, retries: 0, timeout: 300, maxBytes: 500_000 },
    ...(error.source.includes("DISK") && { maxBytes: Number.MAX_SAFE_INTEGER }),
  }).summary();
  const [result] = results as [DownloadResult];
  expect(
    result.kind === "failed" ? ((result.error as { code?: string }).code ?? result.error.name) : result.kind,
  ).toMatch(error);
  expect(readdirSync(dir).filter((name) => !/\.part(\.json)?$/.test(name))).toEqual([]);
});

test("provisional answers without end are ended", async () => {
  const url = await rawServer((socket) => endlessly(socket, "", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"));
  const { results } = await download([`${url}/x.bin`], { dir: folder(), allowPrivate: true, retries: 0 }).summary();
  expect(results).toMatchObject([{ kind: "failed", error: { code: "ERR_PROVISIONAL_ANSWERS" } }]);
});

test("bytes behind the promised length belong to no file", async () => {
  const url = await rawServer((socket) => socket.end(`${OK}content-length: 5\r\nconnection: close\r\n\r\nhelloEXTRA`));
  const dir = folder();
  const { results } = await download([`${url}/x.bin`], { dir, allowPrivate: true, retries: 0 }).summary();
  if (results[0]?.kind === "saved") expect(readFileSync(join(dir, "x.bin"), "utf8")).toBe("hello");
  else expect(readdirSync(dir)).not.toContain("x.bin");
});
