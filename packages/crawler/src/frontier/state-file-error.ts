/** What is wrong with the file by which a crawl is to be continued. */
import { ManyhandsError } from "manyhands";

/** The file that was given to continue a crawl cannot be used for this one. */
export class StateFileError extends ManyhandsError<"ERR_STATE_FILE"> {
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super("StateFileError", "ERR_STATE_FILE", `Cannot continue the crawl of ${path}: ${reason}`, options);
    this.path = path;
  }
}
