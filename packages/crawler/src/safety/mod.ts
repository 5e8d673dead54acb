/** What may be fetched, and how much of it: addresses, URLs, redirects, bodies. */
export { type AddressVerdict, judgeAddress, judgeHost } from "./address-verdict.js";
export { ACCEPT_ENCODING, type BodyLimits, boundedBody } from "./bounded-body.js";
export { type DispatcherOptions, type Lookup, safeDispatcher } from "./dispatcher.js";
export {
  AddressRefusedError,
  BodyEncodingError,
  BodyTooLargeError,
  ProvisionalAnswersError,
  RedirectError,
  UrlRefusedError,
  withoutCredentials,
} from "./errors.js";
export { type OpenAnswer, type OpenOptions, openUrl } from "./open-url.js";
export { provisionalLimit } from "./provisional-limit.js";
export { headersForHop, nextHop, type RedirectChain, type RedirectLimits } from "./redirect.js";
export { checkUrl, type UrlCheck } from "./web-url.js";
