/** A server that says to the dashboard's page what a test wants it to: the built page, the protocol, and nothing behind it. For
 *  what the real one says too seldom to wait for, or should never say. */
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { type WebSocket, WebSocketServer } from "ws";
import type { ActionRequest, Changes, Picture, ToPage } from "../packages/server/src/dashboard/protocol.js";
import { later } from "./keeping.js";

const PAGE = fileURLToPath(new URL("../packages/server/dist/page/", import.meta.url));
/** As strict as the page can bear: nothing inline, nothing from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

export class StandIn {
  /** What was asked for, in order. */
  readonly actions: ActionRequest[] = [];
  /** The queries of the streams that were opened. */
  readonly streams: URLSearchParams[] = [];
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #token: string | undefined;
  #picture: Picture;
  #seq = 1;

  private constructor(picture: Picture, token: string | undefined) {
    this.#picture = picture;
    this.#token = token;
    this.#http = createServer((request, response) => this.#answer(request, response));
    this.#sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "manyhands" });
    this.#http.on("upgrade", (request, socket, head) => {
      const offered = request.headers["sec-websocket-protocol"] ?? "";
      const wanted = `token.${Buffer.from(this.#token ?? "").toString("base64url")}`;
      if (this.#token !== undefined && !offered.includes(wanted)) return void socket.end("HTTP/1.1 401 No\r\n\r\n");
      this.streams.push(new URL(request.url ?? "", "http://page").searchParams);
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#tell(opened, this.snapshot()));
    });
  }

  /** @param port 0: any that is free; another: the one that a server before had. */
  static async at(port: number, picture: Picture, token?: string): Promise<StandIn> {
    const made = new StandIn(picture, token);
    made.#http.listen(port, "127.0.0.1");
    await once(made.#http, "listening");
    later(() => made.close());
    return made;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  snapshot(): ToPage {
    return { type: "snapshot", seq: this.#seq, picture: this.#picture };
  }

  /** Tells all pages what has changed. */
  change(changes: Changes, step = 1): void {
    this.#seq += step;
    this.#picture = { ...this.#picture, ...changes, functions: changes.functions ?? this.#picture.functions };
    this.send({ type: "delta", seq: this.#seq, changes });
  }

  /** Shows all pages a picture that stands for `skipped` messages. */
  show(picture: Picture, skipped = 1): void {
    this.#picture = picture;
    this.#seq += skipped;
    this.send(this.snapshot());
  }

  send(message: ToPage): void {
    for (const socket of this.#sockets.clients) this.#tell(socket, message);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    if (!this.#http.listening) return;
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, "close");
  }

  #tell(socket: WebSocket, message: ToPage): void {
    socket.send(JSON.stringify(message));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? "/", "http://page").pathname;
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const allowed = this.#token === undefined || request.headers.authorization === `Bearer ${this.#token}`;
    if (path === "/dashboard/hello") {
      return json(200, { product: "manyhands", version: "1", token: this.#token === undefined ? "none" : "needed" });
    }
    if (path.startsWith("/dashboard/") && !allowed) return json(401, { code: "ERR_UNAUTHORIZED", detail: "No" });
    if (path === "/dashboard/stream") return json(426, { code: "ERR_UPGRADE" });
    if (path === "/dashboard/actions") return void this.#act(request, json);
    const file = normalize(join(PAGE, path === "/" ? "index.html" : path));
    if (!file.startsWith(PAGE) || !existsSync(file)) return json(404, {});
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(readFileSync(file));
  }

  #act(request: IncomingMessage, json: (status: number, body: unknown) => void): void {
    let text = "";
    request.setEncoding("utf8").on("data", (part) => {
      text += part;
    });
    request.on("end", () => {
      const asked: ActionRequest = JSON.parse(text);
      this.actions.push(asked);
      if (asked.action === "cancel" && asked.call < 0) {
        json(404, { code: "ERR_NO_CALL", detail: "There is no such call: it has ended, or never was" });
      } else json(200, { done: asked.action });
    });
  }
}
