/** How talking over a connection fails. */
import { ManyhandsError } from "../base/errors.js";
import { rememberOwn } from "../wire/error-classes.js";

/** The other end is gone, and all that it sent has been received. */
export class EOFError extends ManyhandsError<"ERR_EOF"> {
  constructor(message = "Nothing more can come: the other end of the connection is closed", options?: ErrorOptions) {
    super("EOFError", "ERR_EOF", message, options);
  }
}

/** This end of the connection, or the listener, was closed here. */
export class ConnectionClosedError extends ManyhandsError<"ERR_CONNECTION_CLOSED"> {
  constructor(message = "This end of the connection is closed", options?: ErrorOptions) {
    super("ConnectionClosedError", "ERR_CONNECTION_CLOSED", message, options);
  }
}

/** The other end does not know the key, or does not believe that we do. */
export class AuthenticationError extends ManyhandsError<"ERR_AUTHENTICATION"> {
  constructor(message: string, options?: ErrorOptions) {
    super("AuthenticationError", "ERR_AUTHENTICATION", message, options);
  }
}

/** Nobody listens at the address, or it cannot be reached; the system's error is the cause. */
export class ConnectError extends ManyhandsError<"ERR_CONNECT"> {
  constructor(message: string, options?: ErrorOptions) {
    super("ConnectError", "ERR_CONNECT", message, options);
  }
}

/** It is not possible to listen at the address, for it is taken or not ours, or to accept who has come; the system's error is
 *  the cause. */
export class ListenError extends ManyhandsError<"ERR_LISTEN"> {
  constructor(message: string, options?: ErrorOptions) {
    super("ListenError", "ERR_LISTEN", message, options);
  }
}

rememberOwn([EOFError, ConnectionClosedError, AuthenticationError, ConnectError, ListenError]);
