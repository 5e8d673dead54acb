/** Lets clients in, and gives their messages to whoever serves them.
 *
 *  Guarantees: nobody is served who does not tell the key first; a line that sends what it should not is cut; clients do not
 *  keep the owner's program alive. */
import type { Socket } from "node:net";
import { isKey } from "./given.js";
import type { Hello, LineName, Numbered } from "./messages.js";
import { ServedClient } from "./served-client.js";
import { MessageReader } from "./stream.js";

const clients = new Map<string, ServedClient>();

/** Serves whoever has connected; the socket is paused. */
export function accept(socket: Socket): void {
  new Reception(socket).begin();
}

class Reception {
  readonly #socket: Socket;
  readonly #reader: MessageReader;
  #visitor: { readonly name: string; readonly line: LineName; readonly client: ServedClient } | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#reader = new MessageReader((message) => this.#receive(message));
  }

  begin(): void {
    const socket = this.#socket;
    socket.unref();
    socket.on("close", () => this.#left());
    socket.on("data", (chunk: Buffer) => {
      try {
        this.#reader.push(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.resume();
  }

  #receive(message: unknown): void {
    if (this.#visitor === undefined) this.#greet(message as Hello);
    else this.#visitor.client.receive(message as Numbered);
  }

  #greet({ key, client: name, line }: Hello): void {
    const known = clients.get(name);
    // The bridge of a client that is gone comes too late.
    if (!isKey(key) || (line === "bridge" && known === undefined)) return void this.#socket.destroy();
    const client = known ?? new ServedClient(clients);
    clients.set(name, client);
    client.addLine(line, this.#socket);
    this.#visitor = { name, line, client };
  }

  #left(): void {
    if (this.#visitor?.line !== "main") return;
    clients.delete(this.#visitor.name);
    this.#visitor.client.gone();
  }
}
