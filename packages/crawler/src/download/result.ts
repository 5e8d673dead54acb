/** How downloads end, and how they stand. */

/** How the download of one URL ended. */
export type DownloadResult =
  | {
      readonly kind: "saved";
      readonly url: string;
      /** Where the file is. */
      readonly path: string;
      /** Its size. */
      readonly bytes: number;
      /** How many of them came in this run; the rest was there from an earlier one. */
      readonly received: number;
      readonly attempts: number;
    }
  | { readonly kind: "skipped"; readonly url: string; readonly reason: "exists" | "same-url"; readonly path: string }
  | { readonly kind: "failed"; readonly url: string; readonly error: Error; readonly attempts: number };

/** All of them, counted. */
export interface DownloadSummary {
  readonly results: readonly DownloadResult[];
  readonly saved: number;
  readonly skipped: number;
  readonly failed: number;
  /** Size of the saved files. */
  readonly bytes: number;
}

/** One file under way. */
export interface FileProgress {
  readonly url: string;
  readonly name: string;
  readonly done: number;
  /** `undefined` until the server has said, or when it does not. */
  readonly total: number | undefined;
}

/** How a call of `download` stands. */
export interface DownloadProgress {
  readonly active: readonly FileProgress[];
  /** URLs that have ended. */
  readonly ended: number;
  readonly failed: number;
  /** URLs that are known of so far. */
  readonly known: number;
  /** Bytes that have come in this run. */
  readonly received: number;
}
