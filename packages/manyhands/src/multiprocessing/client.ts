/** `Client`: connects to a `Listener`. */
import { connect, type Socket } from "node:net";
import { InvalidOptionError, TimeoutError } from "../base/errors.js";
import { checkNames } from "../base/options.js";
import { limitsLeft, type WaitOptions, waitFor } from "../base/wait-options.js";
import { type Address, type Endpoint, endpointOf, shownAddress } from "./address.js";
import { ConnectError } from "./connection-errors.js";
import { answer, challenge, keyBytes, LONGEST } from "./handshake.js";
import { SocketConnection } from "./socket-connection.js";

/** How to connect. */
export interface ClientOptions extends WaitOptions {
  /** What both ends must have; needed when the listener has one. */
  authkey?: string | Uint8Array;
}

/** Connects to a {@link Listener}.
 *
 *  @param address what the listener's `address` says.
 *  @param options `authkey`; `timeout` in ms and `signal` for the whole of connecting.
 *  @returns our end of the connection.
 *  @throws ConnectError (`ERR_CONNECT`) when nobody listens there.
 *  @throws AuthenticationError (`ERR_AUTHENTICATION`) when the keys differ; EOFError (`ERR_EOF`) when the listener goes
 *  away meanwhile.
 *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms, CancelledError (`ERR_CANCELLED`) when `signal` aborts,
 *  InvalidOptionError (`ERR_INVALID_OPTION`).
 *  @remarks Cancellation: the connection is closed.
 *  @example
 *  ```ts
 *  using connection = await Client("/run/primes.sock", { authkey: "secret", timeout: 1000 });
 *  await connection.send(112272535095293);
 *  console.log(await connection.recv());
 *  ``` */
export async function Client(address: Address, options: ClientOptions = {}): Promise<SocketConnection> {
  checkNames("Client", options, ["authkey", "timeout", "signal"]);
  const { authkey, ...wait } = options;
  checkKey(authkey);
  const endpoint = endpointOf(address);
  const left = limitsLeft(wait);
  try {
    const connection = new SocketConnection(await connected(endpoint, left()), LONGEST);
    if (authkey === undefined) connection.trust();
    else await authenticate(connection, keyBytes(authkey), left);
    return connection;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new TimeoutError(`No connection to ${shownAddress(endpoint)} within ${wait.timeout} ms`);
  }
}

/** @throws InvalidOptionError when it is no key. */
export function checkKey(authkey: unknown): void {
  if (authkey === undefined) return;
  if ((typeof authkey === "string" || authkey instanceof Uint8Array) && authkey.length > 0) return;
  throw new InvalidOptionError("authkey", "authkey must be text or bytes, and not empty");
}

async function authenticate(connection: SocketConnection, key: Uint8Array, left: () => WaitOptions): Promise<void> {
  try {
    await answer(connection, key, left);
    await challenge(connection, key, left);
    connection.trust();
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

async function connected(endpoint: Endpoint, wait: WaitOptions): Promise<Socket> {
  const socket = connect(endpoint);
  let failure: unknown;
  try {
    const waited = await waitFor((ready) => {
      const failed = (error: unknown): void => {
        failure = new ConnectError(`Cannot connect to ${shownAddress(endpoint)}`, { cause: error });
        ready();
      };
      socket.once("connect", ready).once("error", failed);
      return { [Symbol.dispose]: () => void socket.off("connect", ready).off("error", failed) };
    }, wait);
    if (waited === "timed-out") failure = new TimeoutError("It has not answered in time");
  } catch (error) {
    failure = error;
  }
  if (failure === undefined) return socket;
  // It may fail still, and nobody wants to know.
  socket.on("error", () => undefined).destroy();
  throw failure;
}
