/** How talking over a connection fails. */
import { ManyhandsError } from "../base/mod.js";

/** The other end is gone, and all that it sent has been received. */
export class EOFError extends ManyhandsError<"ERR_EOF"> {
  constructor(message = "Nothing more can come: the other end of the connection is closed", options?: ErrorOptions) {
    super("EOFError", "ERR_EOF", message, options);
  }
}

/** Nobody can receive what was sent: the other end is gone. */
export class BrokenPipeError extends ManyhandsError<"ERR_BROKEN_PIPE"> {
  constructor(message = "Cannot send: the other end of the connection is closed", options?: ErrorOptions) {
    super("BrokenPipeError", "ERR_BROKEN_PIPE", message, options);
  }
}

/** This end of the connection, or the listener, was closed here. */
export class ConnectionClosedError extends ManyhandsError<"ERR_CONNECTION_CLOSED"> {
  constructor(message = "This end of the connection is closed", options?: ErrorOptions) {
    super("ConnectionClosedError", "ERR_CONNECTION_CLOSED", message, options);
  }
}
