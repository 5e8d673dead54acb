/** One file, with its attempts: what failed and may pass is tried again, after a pause.
 *
 *  Guarantees: never rejects but by the run's signal; an unfinished file stays when it can be continued, and goes when what it
 *  holds is known to be wrong. */

import { join } from "node:path";
import { isPassing, retryAfterOf, retryOf } from "../politeness/retry.js";
import { checkUrl } from "../safety/mod.js";
import type { AttemptEnd, Job, Surroundings } from "./attempt.js";
import { attempt } from "./attempt.js";
import { ChecksumError, ContentTypeError, HttpStatusError, IncompleteError } from "./errors.js";
import { nameOfUrl, safeName } from "./file-name.js";
import type { NamedRequest } from "./options.js";
import { PartFile, partPathOf } from "./part-file.js";
import { isTaken } from "./placing.js";
import type { DownloadResult } from "./result.js";
import { pause } from "./token-bucket.js";

/** Codes of connections that broke, and of waits that were too long. */
const PASSING_CODES =
  /^(ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|UND_ERR_(SOCKET|CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT|RES_CONTENT_LENGTH_MISMATCH)|HPE_\w+)$/;

/** Whether another attempt may end otherwise. */
export function mayPass(error: unknown): boolean {
  if (error instanceof HttpStatusError) return isPassing(error.status);
  if (error instanceof IncompleteError) return true;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return PASSING_CODES.test(code);
}

/** The job for a request. @throws UrlRefusedError, AddressRefusedError */
export function jobOf(request: NamedRequest, { plan, claims }: Surroundings): Job {
  const url = checkUrl(request.url, { allowPrivate: plan.allowPrivate });
  const name = request.name === undefined ? nameOfUrl(url) : safeName(request.name);
  return { request, url, name: claims.claim(name, url.href), total: undefined };
}

/** Downloads one file. @param opened is given the unfinished file, for who shows how far it is */
export async function downloadOne(
  job: Job,
  around: Surroundings,
  opened: (part: PartFile) => void,
): Promise<DownloadResult> {
  const { plan, signal } = around;
  const url = job.url.href;
  const early = join(plan.dir, job.name);
  if (plan.existing === "skip" && (await isTaken(early))) {
    return { kind: "skipped", url, reason: "exists", path: early };
  }
  const path = partPathOf(plan.dir, job.url);
  await using part = await PartFile.open(path, url, plan.resume ? "continue" : "discard");
  opened(part);
  const before = part.state.done;
  for (let number = 1; ; number += 1) {
    try {
      const end = await attempt(job, part, around);
      await part.remove();
      return resultOf(end, url, number, before);
    } catch (error) {
      signal.throwIfAborted();
      const after = pauseAfter(error, number, around);
      if (after === undefined) return await failed(error, part, url, number);
      await pause(after, plan.clock, signal);
    } finally {
      around.pledged.delete(url);
    }
  }
}

function resultOf(end: AttemptEnd, url: string, attempts: number, before: number): DownloadResult {
  if (end.kind === "exists") return { kind: "skipped", url, reason: "exists", path: end.path };
  return { kind: "saved", url, path: end.path, bytes: end.bytes, received: Math.max(0, end.bytes - before), attempts };
}

/** Ms until the next attempt; `undefined` when there is none. */
function pauseAfter(error: unknown, number: number, { plan }: Surroundings): number | undefined {
  if (!mayPass(error)) return undefined;
  const header = error instanceof HttpStatusError ? error.retryAfter : undefined;
  const retryAfter = retryAfterOf(header, plan.clock.now());
  const decision = retryOf({ attempt: number, retryAfter }, plan, plan.random());
  return decision.do === "again" ? decision.after : undefined;
}

async function failed(error: unknown, part: PartFile, url: string, attempts: number): Promise<DownloadResult> {
  const wrong = error instanceof ChecksumError || error instanceof ContentTypeError;
  if (wrong || part.state.done === 0 || part.state.validator === undefined) await part.remove();
  return { kind: "failed", url, attempts, error: error instanceof Error ? error : new Error(String(error)) };
}
