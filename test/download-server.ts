/** A server of files that behaves as a test asks: ranges, versions, faults, cut connections. It counts what it is asked. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { later } from "./keeping.js";

/** Bytes that look random and are the same in each run. */
export function bytesOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export interface ServedFile {
  body: Buffer;
  etag?: string;
  type?: string;
}

export interface FileServer {
  readonly url: string;
  readonly files: Map<string, ServedFile>;
  readonly requests: { readonly path: string; readonly range: string | undefined }[];
  readonly maxInFlight: () => number;
  /** Answers a request instead of the file, when it returns "done". */
  fault: (request: IncomingMessage, response: ServerResponse, count: number) => "done" | "serve";
  /** Cuts the connection after so many bytes of a body. */
  cutAfter: number | undefined;
}

export async function fileServer(): Promise<FileServer> {
  let [inFlight, most] = [0, 0];
  const server = createServer((request, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    response.on("close", () => {
      inFlight -= 1;
    });
    const path = request.url ?? "/";
    self.requests.push({ path, range: request.headers.range });
    if (self.fault(request, response, self.requests.filter((each) => each.path === path).length) === "done") return;
    serve(self, request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  later(() => {
    server.closeAllConnections();
    server.close();
  });
  const self: FileServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files: new Map(),
    requests: [],
    maxInFlight: () => most,
    fault: () => "serve",
    cutAfter: undefined,
  };
  return self;
}

function serve({ files, cutAfter }: FileServer, request: IncomingMessage, response: ServerResponse): void {
  const file = files.get(request.url ?? "");
  if (file === undefined) {
    response.writeHead(404, { "content-type": "text/html" }).end("<!doctype html><h1>Not found</h1>");
    return;
  }
  const { body, etag, type = "application/octet-stream" } = file;
  const headers = { "content-type": type, "accept-ranges": "bytes", ...(etag !== undefined && { etag }) };
  const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
  const ifRange = request.headers["if-range"];
  const ranged = from !== undefined && (ifRange === undefined || ifRange === etag);
  const start = ranged ? Number(from) : 0;
  if (ranged && start >= body.length) {
    response.writeHead(416, { ...headers, "content-range": `bytes */${body.length}` }).end();
    return;
  }
  const content = body.subarray(start);
  response.writeHead(ranged ? 206 : 200, {
    ...headers,
    "content-length": content.length,
    ...(ranged && { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` }),
  });
  if (cutAfter === undefined || content.length <= cutAfter) response.end(content);
  else response.write(content.subarray(0, cutAfter), () => setImmediate(() => response.destroy()));
}
