/** One attempt to get one file: asks, appends what comes to the unfinished file, and puts it in its place.
 *
 *  Guarantees: whatever ends an attempt, the unfinished file and its note agree, and another attempt goes on from there; the
 *  file is in its place only when it is whole, is what its name says, and has its checksum. */
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Dispatcher } from "undici";
import { boundedBody, type OpenAnswer, openUrl } from "../safety/mod.js";
import { type Checksum, verifyChecksum } from "./checksum.js";
import { ChecksumError, ContentTypeError, DiskSpaceError, HttpStatusError, IncompleteError } from "./errors.js";
import { nameOfAnswer, safeName } from "./file-name.js";
import { misfitOfBytes, misfitOfType } from "./media-type.js";
import type { DownloadPlan, NamedRequest } from "./options.js";
import type { PartFile } from "./part-file.js";
import { decideAnswer, rangeHeaders } from "./part-state.js";
import { isTaken, type NameClaims, place } from "./placing.js";
import type { TokenBucket } from "./token-bucket.js";

/** What all files of a run share. */
export interface Surroundings {
  readonly plan: DownloadPlan;
  readonly dispatcher: Dispatcher;
  readonly claims: NameClaims;
  readonly bucket: TokenBucket | undefined;
  readonly signal: AbortSignal;
  /** Bytes that files under way still need, by their URL. */
  readonly pledged: Map<string, number>;
  received(bytes: number): void;
}

/** One file, from attempt to attempt. */
export interface Job {
  readonly request: NamedRequest;
  readonly url: URL;
  /** As far as it is known. */
  name: string;
  total: number | undefined;
}

/** How an attempt ended that did not fail. */
export type AttemptEnd =
  | { readonly kind: "saved"; readonly path: string; readonly bytes: number }
  | { readonly kind: "exists"; readonly path: string };

const SNIFFED = 512;

/** @throws (rejects) what openUrl and boundedBody do; HttpStatusError, ContentTypeError, ChecksumError, DiskSpaceError,
 *    FileExistsError, IncompleteError; errors of the file system; the signal's reason. */
export async function attempt(job: Job, part: PartFile, around: Surroundings): Promise<AttemptEnd> {
  const answer = await ask(job, part, around);
  const head = { status: answer.status, headers: answer.headers };
  const decision = decideAnswer(part.state, head);
  if (decision.do === "restart" || decision.do === "fail" || decision.do === "finish") discard(answer);
  switch (decision.do) {
    case "fail":
      throw new HttpStatusError(answer.status, headerOf(answer, "retry-after"));
    case "restart":
      // Ends: nothing is asked of an empty part but the whole, to which "restart" is no answer.
      await part.begin(undefined, undefined);
      return attempt(job, part, around);
    case "finish":
      return finish(job, part, around);
    case "begin":
      await part.begin(decision.validator, decision.total);
  }
  const ended = await accept(job, answer, part, around).catch((error: unknown) => {
    discard(answer);
    throw error;
  });
  if (ended !== undefined) return ended;
  await receive(answer, part, around, job);
  return finish(job, part, around);
}

function ask({ url }: Job, part: PartFile, { plan, dispatcher, signal }: Surroundings): Promise<OpenAnswer> {
  // Identity: the length, the ranges and the checksum are those of the file itself.
  const headers = {
    "user-agent": "manyhands-download",
    "accept-encoding": "identity",
    ...plan.headers,
    ...rangeHeaders(part.state),
  };
  return openUrl(url, { dispatcher, signal, headers, allowPrivate: plan.allowPrivate });
}

/** Looks at the headers of what is to be received. @returns how it ended already */
async function accept(
  job: Job,
  answer: OpenAnswer,
  part: PartFile,
  around: Surroundings,
): Promise<AttemptEnd | undefined> {
  const { plan, claims } = around;
  const contentType = headerOf(answer, "content-type");
  const disposition = headerOf(answer, "content-disposition");
  const own = job.request.name;
  const name = own === undefined ? nameOfAnswer({ url: answer.url, disposition, contentType }) : safeName(own);
  job.name = claims.claim(name, job.url.href);
  job.total = part.state.total;
  const misfit = misfitOfType(name, contentType) ?? misfitOfType(job.name, contentType);
  if (misfit !== undefined) throw new ContentTypeError(name, misfit);
  const path = join(plan.dir, job.name);
  if (plan.existing === "skip" && (await isTaken(path))) {
    discard(answer);
    return { kind: "exists", path };
  }
  await checkSpace(job, part, around);
  return undefined;
}

/** What other files still need is not free. */
async function checkSpace({ url }: Job, part: PartFile, { plan, pledged }: Surroundings): Promise<void> {
  const { total, done } = part.state;
  if (total === undefined) return;
  pledged.delete(url.href);
  const others = [...pledged.values()].reduce((sum, bytes) => sum + bytes, 0);
  const free = (await (plan.freeSpace ?? freeSpaceOf)(plan.dir)) - others;
  if (total - done > free) throw new DiskSpaceError(total - done, Math.max(0, free));
  pledged.set(url.href, total - done);
}

async function freeSpaceOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function receive(answer: OpenAnswer, part: PartFile, around: Surroundings, { url }: Job): Promise<void> {
  const { plan, bucket, signal, pledged } = around;
  const limits = { maxBytes: plan.maxBytes - part.state.done };
  try {
    for await (const piece of boundedBody(answer.body, answer.headers["content-encoding"], limits)) {
      await bucket?.take(piece.length, signal);
      await part.append(piece);
      around.received(piece.length);
      if (part.state.total !== undefined) pledged.set(url.href, Math.max(0, part.state.total - part.state.done));
    }
  } finally {
    await part.note();
  }
  const { total, done } = part.state;
  if (total !== undefined && done !== total) throw new IncompleteError(`${done} of ${total} bytes came`);
}

async function finish(job: Job, part: PartFile, { plan, claims }: Surroundings): Promise<AttemptEnd> {
  const bytes = part.state.done;
  const first = Buffer.alloc(Math.min(SNIFFED, bytes));
  await part.file.read(first, 0, first.length, 0);
  const misfit = misfitOfBytes(job.name, first);
  if (misfit !== undefined) throw new ContentTypeError(job.name, misfit);
  const checksum = checksumOf(job, plan);
  if (checksum !== undefined) await verifyChecksum(part.file, bytes, checksum);
  await part.seal();
  const path = await place(part.path, plan.dir, job.name, plan.existing, claims, job.url.href);
  return path === undefined ? { kind: "exists", path: join(plan.dir, job.name) } : { kind: "saved", path, bytes };
}

function checksumOf({ request, name }: Job, { checksums }: DownloadPlan): Checksum | undefined {
  if (request.checksum !== undefined || checksums === undefined) return request.checksum;
  const found = checksums.get(name);
  if (found === undefined) throw new ChecksumError(`The list has no checksum for ${name}`);
  return found;
}

/** Makes the folder. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
}

function discard({ body }: OpenAnswer): void {
  body.on("error", () => undefined).destroy();
}

function headerOf({ headers }: OpenAnswer, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
