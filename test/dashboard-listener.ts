/** A page of the dashboard that only listens: it keeps the picture as the browser's page does. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { follow, type Known } from "../packages/server/page/src/live/following.js";
import type { Picture, ToPage } from "../packages/server/src/dashboard/protocol.js";
import { within } from "./conformance/support.js";
import { later } from "./keeping.js";

/** A page that only listens. */
export class Listener {
  readonly socket: WebSocket;
  readonly heard: ToPage[] = [];
  known: Known | undefined;

  /** @param url `#token=` behind it is sent along. */
  constructor(url: string, query = "", before?: Known) {
    this.known = before;
    const { origin, hash } = new URL(url);
    const token = hash.replace("#token=", "");
    const protocols = token === "" ? [] : [`token.${Buffer.from(token).toString("base64url")}`];
    const address = `${origin.replace("http", "ws")}/dashboard/stream${query}`;
    this.socket = new WebSocket(address, ["manyhands", ...protocols]);
    this.socket.on("error", () => undefined);
    later(() => this.socket.terminate());
    this.socket.on("message", (data) => {
      const message: ToPage = JSON.parse(String(data));
      const step = follow(this.known, message, this.heard.length === 0 ? "first" : "later");
      if (step.kind === "gap") throw new Error("a message is missing");
      if (step.kind === "known") this.known = step.known;
      this.heard.push(message);
    });
  }

  /** Until the picture is so. */
  async sees(condition: (picture: Picture) => boolean, what: string): Promise<Picture> {
    for (;;) {
      const picture = this.known?.picture;
      if (picture !== undefined && this.heard.length > 0 && condition(picture)) return picture;
      await within(once(this.socket, "message"), what);
    }
  }
}
