/** What cannot be received as it was asked for. */
import { ManyhandsError } from "../base/errors.js";
import { rememberOwn } from "../wire/error-classes.js";

/** The message does not fit into the buffer that was given. It has been received, and is here. */
export class BufferTooShort extends ManyhandsError<"ERR_BUFFER_TOO_SHORT"> {
  /** The whole message. */
  readonly received: Uint8Array;

  constructor(received: Uint8Array, room: number, options?: ErrorOptions) {
    const text = `A message of ${received.length} bytes has come, and the buffer has room for ${room}; it is in the error's \`received\``;
    super("BufferTooShort", "ERR_BUFFER_TOO_SHORT", text, options);
    this.received = received;
  }
}

rememberOwn([BufferTooShort]);
