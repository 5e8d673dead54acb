/** A bound on provisional answers (1xx; RFC 9110, 15.2) in front of the one that counts.
 *
 *  Each of them starts undici's time-out for headers anew, so without a bound a server holds a request with them for ever. */
import { ProvisionalAnswersError } from "./errors.js";

const MOST = 20;

/** The `onInfo` of one request: what it throws ends that request. */
export function provisionalLimit(): () => void {
  let seen = 0;
  return () => {
    seen += 1;
    if (seen > MOST) throw new ProvisionalAnswersError(MOST);
  };
}
