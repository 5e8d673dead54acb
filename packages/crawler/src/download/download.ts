/** `download`: many files at once, so many of one host, each result as it comes.
 *
 *  Guarantees: one result for each URL; nothing more is begun while the consumer is busy with a result; when the iteration ends,
 *  however it ends, nothing runs any more and every unfinished file has its note. */
import { CancelledError } from "manyhands";
import type { Dispatcher } from "undici";
import { safeDispatcher } from "../safety/mod.js";
import type { Job, Surroundings } from "./attempt.js";
import { makeFolder } from "./attempt.js";
import { downloadOne, jobOf } from "./one-file.js";
import type { DownloadOptions, DownloadPlan, DownloadRequest } from "./options.js";
import { namedRequest, planOf } from "./options.js";
import type { PartFile } from "./part-file.js";
import { NameClaims } from "./placing.js";
import type { DownloadProgress, DownloadResult, DownloadSummary, FileProgress } from "./result.js";
import { TokenBucket } from "./token-bucket.js";

/** Downloads files: into `.part` files first, which are moved to their names when they are whole.
 *
 *  @param requests URLs; an iterable is pulled only as far as files can be begun
 *  @returns results in the order in which they come, or all of them by `summary()`
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`)
 *  @remarks Cancellation: the signal, and leaving the loop, end all transfers; the iteration then rejects with CancelledError
 *    (`ERR_CANCELLED`). Finished files stay, unfinished ones are continued by `resume`.
 *  @example
 *  ```ts
 *  for await (const result of download(urls, { dir: "photos" })) {
 *    if (result.kind === "failed") console.error(result.url, result.error.message);
 *  }
 *  ``` */
export function download(
  requests: Iterable<DownloadRequest> | AsyncIterable<DownloadRequest>,
  options: DownloadOptions = {},
): Downloads {
  return new Downloads(requests, planOf(options));
}

interface Active {
  readonly job: Job;
  readonly end: Promise<DownloadResult>;
  part: PartFile | undefined;
}

/** The downloads of one call. Iterate it once. */
export class Downloads implements AsyncIterable<DownloadResult> {
  readonly #plan: DownloadPlan;
  readonly #source: AsyncIterator<DownloadRequest> | Iterator<DownloadRequest>;
  readonly #active = new Map<string, Active>();
  readonly #waiting: Job[] = [];
  /** Results that were known without a transfer. */
  readonly #ready: DownloadResult[] = [];
  readonly #seen = new Map<string, Job>();
  readonly #stop = new AbortController();
  #state: "new" | "iterated" = "new";
  #pull: Promise<void> | undefined;
  #supply: "more" | "ended" = "more";
  #counts = { ended: 0, failed: 0, received: 0, known: 0 };

  /** @internal */
  constructor(requests: Iterable<DownloadRequest> | AsyncIterable<DownloadRequest>, plan: DownloadPlan) {
    this.#plan = plan;
    this.#source = Symbol.asyncIterator in requests ? requests[Symbol.asyncIterator]() : requests[Symbol.iterator]();
  }

  /** How it stands now. */
  progress(): DownloadProgress {
    const active = [...this.#active.values()].map(
      ({ job, part }): FileProgress => ({
        url: job.url.href,
        name: job.name,
        done: part?.state.done ?? 0,
        total: part?.state.total,
      }),
    );
    return { active, ...this.#counts };
  }

  /** All results, counted; rejects as the iteration does. */
  async summary(): Promise<DownloadSummary> {
    const results: DownloadResult[] = [];
    for await (const result of this) results.push(result);
    const count = (kind: DownloadResult["kind"]): number => results.filter((each) => each.kind === kind).length;
    const bytes = results.reduce((sum, each) => sum + (each.kind === "saved" ? each.bytes : 0), 0);
    return { results, saved: count("saved"), skipped: count("skipped"), failed: count("failed"), bytes };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DownloadResult, void, void> {
    if (this.#state === "iterated") throw new CancelledError("These downloads have been iterated already");
    this.#state = "iterated";
    const own = this.#plan.dispatcher === undefined ? safeDispatcher(this.#connections()) : undefined;
    const around = this.#surroundings(own ?? (this.#plan.dispatcher as Dispatcher));
    try {
      await makeFolder(this.#plan.dir);
      for (;;) {
        refuseStopped(around.signal);
        const result = await this.#next(around);
        if (result === undefined) return;
        this.#counts.ended += 1;
        if (result.kind === "failed") this.#counts.failed += 1;
        yield result;
      }
    } catch (error) {
      refuseStopped(around.signal);
      throw error;
    } finally {
      this.#stop.abort(new CancelledError("The downloads were left"));
      await Promise.allSettled([...this.#active.values()].map(({ end }) => end));
      await own?.destroy();
      await this.#source.return?.();
    }
  }

  #connections(): Parameters<typeof safeDispatcher>[0] {
    const { allowPrivate, lookup, timeout } = this.#plan;
    return {
      allowPrivate,
      connectTimeout: timeout,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      ...(lookup !== undefined && { lookup }),
    };
  }

  #surroundings(dispatcher: Dispatcher): Surroundings {
    const { signal, limitRate, clock } = this.#plan;
    return {
      plan: this.#plan,
      dispatcher,
      claims: new NameClaims(),
      bucket: Number.isFinite(limitRate) ? new TokenBucket(limitRate, clock) : undefined,
      signal: signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
      pledged: new Map(),
      received: (bytes) => {
        this.#counts.received += bytes;
      },
    };
  }

  /** The next result; `undefined` when there are no more. */
  async #next(around: Surroundings): Promise<DownloadResult | undefined> {
    for (;;) {
      this.#begin(around);
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      if (this.#wantsMore()) this.#pull ??= this.#take(around);
      const ends = [...this.#active.values()].map(({ end }) => end);
      if (this.#pull === undefined && ends.length === 0) return undefined;
      const first = await Promise.race(this.#pull === undefined ? ends : [...ends, this.#pull]);
      if (first === undefined) continue;
      this.#active.delete(first.url);
      return first;
    }
  }

  /** So far ahead that a free place finds a host that is not busy. */
  #wantsMore(): boolean {
    return this.#supply === "more" && this.#waiting.length < this.#plan.concurrency * 8;
  }

  async #take(around: Surroundings): Promise<void> {
    const { done, value } = await this.#source.next();
    this.#pull = undefined;
    if (done === true) {
      this.#supply = "ended";
      return;
    }
    this.#counts.known += 1;
    this.#admit(value, around);
  }

  #admit(value: DownloadRequest, around: Surroundings): void {
    try {
      const job = jobOf(namedRequest(value), around);
      const url = job.url.href;
      const earlier = this.#seen.get(url);
      if (earlier === undefined) {
        this.#seen.set(url, job);
        this.#waiting.push(job);
      } else this.#ready.push({ kind: "skipped", url, reason: "same-url", path: earlier.name });
    } catch (error) {
      const url = typeof value === "string" || value instanceof URL ? String(value) : String(value.url);
      this.#ready.push({ kind: "failed", url, attempts: 0, error: error as Error });
    }
  }

  /** Begins what may begin, the first in line first, but none before a host that is busy. */
  #begin(around: Surroundings): void {
    while (this.#active.size < this.#plan.concurrency) {
      const at = this.#waiting.findIndex(({ url }) => this.#busy(url.host) < this.#plan.perHost);
      const [job] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (job === undefined) return;
      const active: Active = {
        job,
        part: undefined,
        end: downloadOne(job, around, (part) => {
          active.part = part;
        }).catch((error: unknown) => endOf(error, job, around.signal)),
      };
      // Left unheard when the iteration ends first; it is waited for there.
      active.end.catch(() => undefined);
      this.#active.set(job.url.href, active);
    }
  }

  #busy(host: string): number {
    return [...this.#active.values()].filter(({ job }) => job.url.host === host).length;
  }
}

/** What fails outside of attempts concerns the folder: a full disk, no permission. It is this file's failure. */
function endOf(error: unknown, job: Job, signal: AbortSignal): DownloadResult {
  signal.throwIfAborted();
  return { kind: "failed", url: job.url.href, attempts: 0, error: error as Error };
}

function refuseStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new CancelledError("The downloads were cancelled", { cause: signal.reason });
}
