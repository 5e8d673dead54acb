/** What every end of a connection can do, whatever carries it: a pipe between threads or processes, or a socket. */
import type { WaitOptions } from "../base/wait-options.js";
import type { Waitable } from "../base/waitable.js";

/** One end of a connection that carries whole messages, both ways unless its maker says otherwise.
 *
 *  Guarantees: messages arrive whole, in order, once each; an empty message is a message. It is ready, as a
 *  {@link Waitable}, when `recv` would not wait: a message is there, or the other end is gone. */
export interface ConnectionLike extends Waitable, Disposable {
  /** Whether this end was closed. */
  readonly closed: boolean;
  /** Sends a value, copied as it is now. Resolves when the connection can take more.
   *
   *  @throws SerializationError (`ERR_SERIALIZATION`) for what cannot travel; nothing is sent then.
   *  @throws BrokenPipeError (`ERR_BROKEN_PIPE`) when the other end is gone.
   *  @throws ConnectionClosedError (`ERR_CONNECTION_CLOSED`) when this end was closed.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms, CancelledError (`ERR_CANCELLED`) when `signal` aborts.
   *  @remarks Cancellation: ends the wait alone, the message is on its way; with a `signal` that had aborted before, nothing is
   *  sent. */
  send(value: unknown, options?: WaitOptions): Promise<void>;
  /** The next message, as the value that was sent.
   *
   *  @throws EOFError (`ERR_EOF`) when the other end is gone and all that it sent has been received.
   *  @throws ConnectionClosedError (`ERR_CONNECTION_CLOSED`) when this end was closed, also during the wait.
   *  @throws TimeoutError (`ERR_TIMEOUT`) after `timeout` ms, CancelledError (`ERR_CANCELLED`) when `signal` aborts.
   *  @remarks Cancellation: no message is lost; the next `recv` gets it. */
  recv(options?: WaitOptions): Promise<unknown>;
  /** Sends bytes as one message. Otherwise like {@link send}. */
  sendBytes(bytes: Uint8Array, options?: WaitOptions): Promise<void>;
  /** The next message, as bytes of the receiver's own. Otherwise like {@link recv}. */
  recvBytes(options?: WaitOptions): Promise<Uint8Array>;
  /** Whether `recv` would not wait, waiting for that at most `timeout` ms. Takes nothing.
   *  @param options `timeout` is 0 unless given: a look. */
  poll(options?: WaitOptions): Promise<boolean>;
  /** Closes this end; what was sent still arrives. Idempotent. */
  close(): void;
}
