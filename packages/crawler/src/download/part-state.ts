/** What is known of an unfinished file, what is asked for because of it, and what the answer means for it.
 *
 *  Guarantees: pure; bytes of two versions of a file are never joined: without a strong validator nothing is continued
 *  (RFC 9110, 13.1.5), and each answer is compared with what is there. */

/** What stands beside an unfinished file. */
export interface PartState {
  readonly url: string;
  /** An ETag or a date that changes with each change of the file. */
  readonly validator: string | undefined;
  /** Its whole length, when known. */
  readonly total: number | undefined;
  /** Bytes that are safely on the disk. */
  readonly done: number;
}

/** What of an answer counts here. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What to do with an answer. */
export type AnswerDecision =
  /** The body is the whole file. */
  | { readonly do: "begin"; readonly validator: string | undefined; readonly total: number | undefined }
  /** The body goes on where the unfinished file ends. */
  | { readonly do: "continue" }
  /** There is nothing more to come. */
  | { readonly do: "finish" }
  /** What is there is of no use: throw it away and ask for the whole. */
  | { readonly do: "restart" }
  | { readonly do: "fail" };

/** The headers that ask for the rest; none when the whole is to be asked for. */
export function rangeHeaders(state: PartState | undefined): Readonly<Record<string, string>> {
  if (state === undefined || state.done === 0 || state.validator === undefined) return {};
  return { range: `bytes=${state.done}-`, "if-range": state.validator };
}

/** What an answer means, when `rangeHeaders(state)` was asked for. */
export function decideAnswer(state: PartState | undefined, { status, headers }: AnswerHead): AnswerDecision {
  const asked = state !== undefined && "range" in rangeHeaders(state) ? state : undefined;
  if (status === 200) {
    const encoded = one(headers["content-encoding"]) !== undefined;
    // What is decoded on its way has another length than the header says, and cannot be continued.
    return {
      do: "begin",
      validator: encoded ? undefined : validatorOf(headers),
      total: encoded ? undefined : lengthOf(one(headers["content-length"])),
    };
  }
  if (asked === undefined) return { do: "fail" };
  if (status === 206) return continues(asked, headers) ? { do: "continue" } : { do: "restart" };
  if (status !== 416) return { do: "fail" };
  const whole = /^bytes \*\/(\d+)$/.exec(one(headers["content-range"])?.trim() ?? "")?.[1];
  const all = asked.done === asked.total && (whole === undefined || Number(whole) === asked.done);
  // Only with its validator: a 416 may well come from another version that happens to be as long.
  return all && validatorOf(headers) === asked.validator ? { do: "finish" } : { do: "restart" };
}

function continues(asked: PartState, headers: AnswerHead["headers"]): boolean {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(one(headers["content-range"])?.trim() ?? "");
  if (range === null || one(headers["content-encoding"]) !== undefined) return false;
  const [, first, last, whole] = range;
  const total = whole === "*" ? asked.total : Number(whole);
  if (Number(first) !== asked.done || total === undefined || Number(last) + 1 !== total) return false;
  if (asked.total !== undefined && total !== asked.total) return false;
  // A server that does not know If-Range would send a part of the new version: its own validator tells.
  const now = asked.validator?.startsWith('"') === true ? one(headers["etag"]) : one(headers["last-modified"]);
  return now === undefined || now === asked.validator;
}

/** A validator that may stand in If-Range: a strong ETag, else a date that is strong (RFC 9110, 8.8.2.2). */
export function validatorOf(headers: AnswerHead["headers"]): string | undefined {
  const etag = one(headers["etag"])?.trim();
  if (etag !== undefined && /^"[^"]*"$/.test(etag)) return etag;
  const modified = one(headers["last-modified"])?.trim();
  if (modified === undefined) return undefined;
  const age = Date.parse(one(headers["date"]) ?? "") - Date.parse(modified);
  return age >= 1000 ? modified : undefined;
}

const one = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === "string" ? value : value?.[0];

const lengthOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;

/** Reads what was written beside an unfinished file; anything else than that counts as nothing. */
export function parsePartState(text: string, url: string): PartState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { url: of, validator, total, done } = value as Record<string, unknown>;
  const fits =
    of === url &&
    (validator === undefined || (typeof validator === "string" && !/[\r\n]/.test(validator))) &&
    (total === undefined || isSize(total)) &&
    isSize(done);
  return fits
    ? { url, validator: validator as string | undefined, total: total as number | undefined, done }
    : undefined;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
