/** What a queue refuses, one class for each situation, named as Python names them. */
import { ManyhandsError } from "./errors.js";

/** Nothing was in the queue, at once or in the time allowed. */
export class Empty extends ManyhandsError<"ERR_QUEUE_EMPTY"> {
  constructor(message = "The queue is empty", options?: ErrorOptions) {
    super("Empty", "ERR_QUEUE_EMPTY", message, options);
  }
}

/** The queue had no room, at once or in the time allowed. The item is not in it. */
export class Full extends ManyhandsError<"ERR_QUEUE_FULL"> {
  constructor(message = "The queue is full", options?: ErrorOptions) {
    super("Full", "ERR_QUEUE_FULL", message, options);
  }
}

/** The queue was shut down: nothing more goes in, and nothing is left to come out. */
export class ShutDown extends ManyhandsError<"ERR_QUEUE_SHUT_DOWN"> {
  constructor(message = "The queue was shut down", options?: ErrorOptions) {
    super("ShutDown", "ERR_QUEUE_SHUT_DOWN", message, options);
  }
}

/** This queue was closed here, and is not to be used any more. Others may go on to use it. */
export class QueueClosedError extends ManyhandsError<"ERR_QUEUE_CLOSED"> {
  constructor(message = "The queue was closed here", options?: ErrorOptions) {
    super("QueueClosedError", "ERR_QUEUE_CLOSED", message, options);
  }
}

/** Two items of a priority queue have no order, such as a number and a string. Nothing was put. */
export class UnorderableError extends ManyhandsError<"ERR_UNORDERABLE"> {
  constructor(message: string, options?: ErrorOptions) {
    super("UnorderableError", "ERR_UNORDERABLE", message, options);
  }
}

/** The shared memory of a queue cannot grow any further. Nothing was put. */
export class QueueMemoryError extends ManyhandsError<"ERR_QUEUE_MEMORY"> {
  constructor(message: string, options?: ErrorOptions) {
    super("QueueMemoryError", "ERR_QUEUE_MEMORY", message, options);
  }
}

/** Another thread has been inside the queue for seconds, which takes microseconds: most likely it was ended there, and this
 *  thread could not be told because it was parked or did not return to its event loop. Nothing was changed. */
export class QueueBusyError extends ManyhandsError<"ERR_QUEUE_BUSY"> {
  constructor(message: string, options?: ErrorOptions) {
    super("QueueBusyError", "ERR_QUEUE_BUSY", message, options);
  }
}
