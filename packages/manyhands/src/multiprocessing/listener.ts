/** `Listener`: waits for connections of other processes.
 *
 *  Guarantees: with an `authkey`, nobody gets a connection who has not shown that he has it, and a stranger who says nothing
 *  keeps nobody else waiting; a Unix socket of our own choice stands in a folder that only this user may enter. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../base/clock.js";
import { InvalidOptionError, InvalidStateError, TimeoutError } from "../base/errors.js";
import { checkCount, checkDuration, checkNames } from "../base/options.js";
import { RingQueue } from "../base/ring-queue.js";
import { refuseCopies, STAYS } from "../base/shareable.js";
import { checkLimits, refuseAborted, type WaitOptions, waitFor } from "../base/wait-options.js";
import { type Address, type Endpoint, endpointOf, isLocal, shownAddress } from "./address.js";
import { checkKey } from "./client.js";
import { AuthenticationError, ConnectionClosedError, ListenError } from "./connection-errors.js";
import { answer, challenge, keyBytes, LONGEST } from "./handshake.js";
import { SocketConnection } from "./socket-connection.js";

/** Where and for whom to listen. */
export interface ListenerOptions {
  /** A path, or a port; port 0 takes a free one. @default a new Unix socket (on Windows a named pipe) */
  address?: Address;
  /** What both ends must have. Without it everybody is let in who can reach the address. */
  authkey?: string | Uint8Array;
  /** Connections that may wait to be accepted; further ones are refused. @default 128 */
  backlog?: number;
  /** How long a client may take to show that it has the key, in ms. @default 10 000 */
  handshakeTimeout?: number;
}

/** Somebody has come: with the key, or with a wrong one; or the system could not let him in. */
type Arrival =
  | { readonly kind: "connection"; readonly connection: SocketConnection }
  | { readonly kind: "stranger"; readonly error: AuthenticationError }
  | { readonly kind: "failure"; readonly error: ListenError };

/** Listens for connections. Open one by {@link Listener.open}.
 *
 *  @example
 *  ```ts
 *  using listener = await Listener.open({ authkey: "secret" });
 *  console.log(listener.address);
 *  for (;;) {
 *    using connection = await listener.accept();
 *    await connection.send(isPrime((await connection.recv()) as number));
 *  }
 *  ``` */
export class Listener implements Disposable {
  /** What clients connect to. */
  readonly address: Address;
  readonly #server: Server;
  readonly #folder: Disposable;
  readonly #backlog: number;
  readonly #options: ListenerOptions;
  readonly #arrivals = new RingQueue<Arrival>();
  /** Those who wait in `accept`, in order. */
  readonly #acceptors = new Set<(arrival: Arrival | undefined) => void>();
  /** Those who have not shown yet that they have the key. */
  readonly #newcomers = new Set<SocketConnection>();
  #state: "open" | "closed" = "open";

  private constructor(server: Server, address: Address, folder: Disposable, options: ListenerOptions) {
    // Private to the compiler alone, and in Python this is how it is done.
    if (!(server instanceof Server)) {
      throw new InvalidStateError("Cannot make a listener by new: use await Listener.open()");
    }
    this.address = address;
    this.#server = server;
    this.#folder = folder;
    this.#backlog = options.backlog ?? 128;
    this.#options = options;
    refuseCopies(this);
    server.unref().on("connection", (socket) => this.#come(socket));
    server.on("error", (cause) => this.#fail(cause));
  }

  /** Begins to listen.
   *
   *  @throws ListenError (`ERR_LISTEN`) when the address is taken or not ours.
   *  @throws InvalidOptionError (`ERR_INVALID_OPTION`), also for an address that other machines can reach without `authkey`.
   *  @example
   *  ```ts
   *  using listener = await Listener.open({ address: { port: 0 }, authkey: "secret" });
   *  ``` */
  static async open(options: ListenerOptions = {}): Promise<Listener> {
    checkNames("A listener", options, ["address", "authkey", "backlog", "handshakeTimeout"]);
    checkKey(options.authkey);
    checkCount("backlog", options.backlog, 1);
    checkDuration("handshakeTimeout", options.handshakeTimeout);
    const place =
      options.address === undefined ? ownPlace() : { endpoint: endpointOf(options.address), folder: NO_FOLDER };
    const { endpoint, folder } = place;
    if (!isLocal(endpoint) && options.authkey === undefined) {
      throw new InvalidOptionError("authkey", `${shownAddress(endpoint)} can be reached from outside: give an authkey`);
    }
    const server = createServer();
    try {
      await listening(server, endpoint);
    } catch (error) {
      folder[Symbol.dispose]();
      throw new ListenError(`Cannot listen at ${shownAddress(endpoint)}`, { cause: error });
    }
    return new Listener(server, addressOf(server, endpoint), folder, options);
  }

  /** Waits for the next connection.
   *
   *  @param options `timeout` in ms and `signal`, both for the wait alone.
   *  @returns our end of it.
   *  @throws AuthenticationError (`ERR_AUTHENTICATION`) when somebody came with a wrong key; the next `accept` goes on.
   *  @throws ListenError (`ERR_LISTEN`) when the system could not accept somebody, as when no descriptor is left; the next
   *    `accept` goes on.
   *  @throws ConnectionClosedError (`ERR_CONNECTION_CLOSED`) when the listener is closed, also meanwhile.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms, CancelledError (`ERR_CANCELLED`) when `signal` aborts.
   *  @remarks Cancellation: who comes later goes to the next `accept`.
   *  @example
   *  ```ts
   *  const connection = await listener.accept({ timeout: 60_000 });
   *  ``` */
  async accept(options: WaitOptions = {}): Promise<SocketConnection> {
    checkLimits(options);
    refuseAborted(options);
    const arrival = this.#arrivals.shift() ?? (await this.#next(options));
    if (arrival === undefined) throw new ConnectionClosedError("The listener is closed");
    if (arrival.kind !== "connection") throw arrival.error;
    return arrival.connection;
  }

  /** Stops listening, and closes what nobody has accepted. Connections that were accepted stay. Idempotent. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#server.close();
    for (const newcomer of this.#newcomers) newcomer.destroy();
    for (const arrival of this.#arrivals) if (arrival.kind === "connection") arrival.connection.destroy();
    while (this.#arrivals.shift() !== undefined);
    for (const acceptor of [...this.#acceptors]) acceptor(undefined);
    this.#folder[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  get [STAYS](): string {
    return "a listener belongs to the thread that opened it; send its address, and make a Client there";
  }

  async #next(options: WaitOptions): Promise<Arrival | undefined> {
    if (this.#state === "closed") return undefined;
    let got: Arrival | undefined;
    this.#server.ref();
    try {
      const waited = await waitFor((ready) => {
        const acceptor = (arrival: Arrival | undefined): void => {
          got = arrival;
          this.#acceptors.delete(acceptor);
          ready();
        };
        this.#acceptors.add(acceptor);
        return { [Symbol.dispose]: () => void this.#acceptors.delete(acceptor) };
      }, options);
      if (waited === "ready") return got;
    } finally {
      if (this.#acceptors.size === 0) this.#server.unref();
    }
    throw new TimeoutError(`Nobody has come within ${options.timeout} ms`);
  }

  #come(socket: Socket): void {
    const connection = new SocketConnection(socket, LONGEST);
    const waiting = this.#arrivals.length + this.#newcomers.size;
    if (this.#state === "closed" || waiting >= this.#backlog) return connection.destroy();
    const { authkey, handshakeTimeout = 10_000 } = this.#options;
    const deadline = systemClock.after(handshakeTimeout, () => connection.destroy());
    this.#newcomers.add(connection);
    admit(connection, authkey).then(
      () => {
        deadline[Symbol.dispose]();
        this.#newcomers.delete(connection);
        this.#arrive({ kind: "connection", connection });
      },
      (error: unknown) => {
        this.#newcomers.delete(connection);
        // The verdict is still to reach him, so not destroyed before the deadline. Who merely went away, or took too
        // long, is not worth a word.
        connection.close();
        if (error instanceof AuthenticationError) this.#arrive({ kind: "stranger", error });
      },
    );
  }

  #fail(cause: Error): void {
    // Told once: the system goes on failing for as long as there is nobody who could be let in.
    for (const { kind } of this.#arrivals) if (kind === "failure") return;
    const error = new ListenError(`Cannot accept a connection at ${shownAddress(endpointOf(this.address))}`, { cause });
    this.#arrive({ kind: "failure", error });
  }

  #arrive(arrival: Arrival): void {
    if (this.#state === "closed") {
      if (arrival.kind === "connection") arrival.connection.destroy();
      return;
    }
    const [acceptor] = this.#acceptors;
    if (acceptor === undefined) this.#arrivals.push(arrival);
    else acceptor(arrival);
  }
}

/** Has a newcomer show that he has the key. @throws AuthenticationError when he has not. */
async function admit(connection: SocketConnection, authkey: string | Uint8Array | undefined): Promise<void> {
  if (authkey !== undefined) {
    const key = keyBytes(authkey);
    // Its deadline ends the connection, and with it whatever step it is at.
    const unlimited = (): WaitOptions => ({});
    await challenge(connection, key, unlimited);
    await answer(connection, key, unlimited);
  }
  connection.trust();
}

function listening(server: Server, endpoint: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Exclusive: a worker of node:cluster would otherwise ask its primary.
    server.listen({ ...endpoint, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function addressOf(server: Server, endpoint: Endpoint): Address {
  const bound = server.address();
  return "path" in endpoint || bound === null || typeof bound === "string"
    ? shownAddress(endpoint)
    : { host: endpoint.host, port: bound.port };
}

const NO_FOLDER: Disposable = { [Symbol.dispose]: () => undefined };
/** Folders of sockets of our own choice that are there. */
const folders = new Set<string>();

function ownPlace(): { readonly endpoint: Endpoint; readonly folder: Disposable } {
  if (process.platform === "win32")
    return { endpoint: { path: `\\\\.\\pipe\\manyhands-${randomUUID()}` }, folder: NO_FOLDER };
  // Node makes the folder for this user alone.
  const folder = mkdtempSync(join(tmpdir(), "manyhands-listener-"));
  if (folders.size === 0) process.once("exit", removeFolders);
  folders.add(folder);
  const remove = (): void => {
    folders.delete(folder);
    rmSync(folder, { recursive: true, force: true });
    if (folders.size === 0) process.off("exit", removeFolders);
  };
  return { endpoint: { path: join(folder, "s") }, folder: { [Symbol.dispose]: remove } };
}

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
