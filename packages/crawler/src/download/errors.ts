/** Why a file was not saved, one class per situation; what the network refuses stands in `safety/errors.ts`. */
import { ManyhandsError } from "manyhands";

/** The server answered with a status that gives no file. */
export class HttpStatusError extends ManyhandsError<"ERR_HTTP_STATUS"> {
  readonly status: number;
  /** What its Retry-After asked for. */
  readonly retryAfter: string | undefined;

  constructor(status: number, retryAfter?: string) {
    super("HttpStatusError", "ERR_HTTP_STATUS", `The server answered with status ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** What came is not what the file's name promises, such as an error page in place of an image. */
export class ContentTypeError extends ManyhandsError<"ERR_CONTENT_TYPE"> {
  constructor(name: string, what: string) {
    super("ContentTypeError", "ERR_CONTENT_TYPE", `Not saved as ${name}: the server sent ${what}`);
  }
}

/** The file's checksum is another one, or there is none to compare it with. */
export class ChecksumError extends ManyhandsError<"ERR_CHECKSUM"> {
  constructor(message: string) {
    super("ChecksumError", "ERR_CHECKSUM", message);
  }
}

/** The volume has no room for what is to come. */
export class DiskSpaceError extends ManyhandsError<"ERR_DISK_SPACE"> {
  constructor(needed: number, free: number) {
    super("DiskSpaceError", "ERR_DISK_SPACE", `${needed} bytes are to come, and ${free} are free`);
  }
}

/** There is a file of this name already. */
export class FileExistsError extends ManyhandsError<"ERR_FILE_EXISTS"> {
  constructor(path: string) {
    super("FileExistsError", "ERR_FILE_EXISTS", `${path} exists; say whether to overwrite, skip or rename`);
  }
}

/** The body ended early, or the unfinished file was changed by somebody else. */
export class IncompleteError extends ManyhandsError<"ERR_INCOMPLETE"> {
  constructor(message: string) {
    super("IncompleteError", "ERR_INCOMPLETE", message);
  }
}
