/** @manyhands/crawler: pages and files from the web, politely and safely. */
export { TRACKING_PARAMETERS } from "./address/normalise.js";
export type { Scope } from "./address/scope.js";
export type { TrapLimits } from "./address/trap.js";
export type { Clock } from "./clock.js";
export { Crawl, crawl } from "./crawl/crawl.js";
export type { CrawlOptions, ExtractInput } from "./crawl/options.js";
export type { CrawlEnd, CrawlStats, Miss, Page, PageTimings } from "./crawl/page.js";
export { type Checksum, type ChecksumAlgorithm, parseChecksum, parseChecksumList } from "./download/checksum.js";
export { type Downloads, download } from "./download/download.js";
export {
  ChecksumError,
  ContentTypeError,
  DiskSpaceError,
  FileExistsError,
  HttpStatusError,
  IncompleteError,
} from "./download/errors.js";
export type { DownloadOptions, DownloadRequest } from "./download/options.js";
export type { Existing } from "./download/placing.js";
export type { DownloadProgress, DownloadResult, DownloadSummary, FileProgress } from "./download/result.js";
export type { SkipReason } from "./frontier/address-state.js";
export type { Origin } from "./frontier/journal.js";
export { StateFileError } from "./frontier/state-file-error.js";
export {
  AddressRefusedError,
  type AddressVerdict,
  BodyEncodingError,
  type BodyLimits,
  BodyTooLargeError,
  boundedBody,
  checkUrl,
  type DispatcherOptions,
  judgeAddress,
  judgeHost,
  type Lookup,
  type OpenAnswer,
  type OpenOptions,
  openUrl,
  ProvisionalAnswersError,
  RedirectError,
  safeDispatcher,
  UrlRefusedError,
} from "./safety/mod.js";
