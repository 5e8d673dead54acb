/** How working with a named segment of memory fails. */
import { ManyhandsError } from "../base/errors.js";

/** A segment of this name exists already. */
export class SegmentExistsError extends ManyhandsError<"ERR_SEGMENT_EXISTS"> {
  constructor(name: string) {
    super(
      "SegmentExistsError",
      "ERR_SEGMENT_EXISTS",
      `Cannot create shared memory ${JSON.stringify(name)}: it exists. Attach to it (without create), or leave the name to us`,
    );
  }
}

/** There is no segment of this name: it was never created, or is unlinked. */
export class SegmentNotFoundError extends ManyhandsError<"ERR_SEGMENT_NOT_FOUND"> {
  constructor(name: string) {
    super(
      "SegmentNotFoundError",
      "ERR_SEGMENT_NOT_FOUND",
      `There is no shared memory ${JSON.stringify(name)}: it was never created, or was unlinked, also by the end of its owner`,
    );
  }
}

/** The operating system refused: too little memory, no right to it. `errno` is its name for the reason. */
export class SegmentError extends ManyhandsError<"ERR_SEGMENT"> {
  /** Such as `"ENOSPC"`. */
  readonly errno: string;

  constructor(what: string, errno: string) {
    const hint = errno === "ENOSPC" ? ": there is no room for it in shared memory (on Linux the size of /dev/shm)" : "";
    super("SegmentError", "ERR_SEGMENT", `Cannot ${what}: ${errno}${hint}`);
    this.errno = errno;
  }
}

/** Memory between processes is not to be had here. */
export class SharedMemoryUnavailableError extends ManyhandsError<"ERR_SHARED_MEMORY_UNAVAILABLE"> {
  constructor(why: string, options?: ErrorOptions) {
    super("SharedMemoryUnavailableError", "ERR_SHARED_MEMORY_UNAVAILABLE", why, options);
  }
}
