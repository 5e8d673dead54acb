/** A way through the network that a test can cut: a TCP proxy in front of a port of this machine. */
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";

/** `open`: bytes pass. `cut`: connections are reset, new ones too. `silent`: connections stay, and nothing passes. */
export type WayState = "open" | "cut" | "silent";

export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #state: WayState = "open";

  private constructor(server: Server, target: number) {
    this.#server = server;
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    this.port = address.port;
    server.on("connection", (near) => this.#accept(near, target));
  }

  static async to(target: number): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    return new TcpProxy(server, target);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  set(state: WayState): void {
    this.#state = state;
    for (const pair of this.#pairs) {
      for (const socket of pair) {
        if (state === "cut") socket.resetAndDestroy();
        else if (state === "silent") socket.pause();
        else socket.resume();
      }
    }
  }

  async close(): Promise<void> {
    this.set("cut");
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket, target: number): void {
    // Whoever is cut off hears of it by this event.
    near.on("error", () => undefined);
    if (this.#state === "cut") return void near.resetAndDestroy();
    const far = connect(target, "127.0.0.1");
    far.on("error", () => undefined);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (bytes: Buffer) => to.write(bytes));
      from.on("close", () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      if (this.#state === "silent") from.pause();
    }
  }
}
