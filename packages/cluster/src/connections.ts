/** The connections of one client or agent to Redis.
 *
 *  Guarantees: each is made here and closed by `close()`, after which none reconnects; an `error` event is never without a
 *  listener, since ioredis goes on by itself and says the same for every attempt; connections keep the program alive
 *  only while they are held, the pause before a new attempt included. */
import type { Socket } from "node:net";
import { Redis, type RedisOptions } from "ioredis";
import { InvalidOptionError } from "manyhands";

/** Options of ioredis, but for those that change what replies look like or what keys are called. */
export type RedisConnection = Omit<RedisOptions, "replyMapping" | "protocol" | "keyPrefix">;

/** A URL (`redis://`, `rediss://` for TLS, with user and password), or what ioredis takes: `{ host, port, username,
 *  password, db, tls, sentinels, … }`. */
export type ClusterConnection = string | RedisConnection;

/** Pauses before attempts to connect again, in ms: growing, and spread, so that clients do not come back in step. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;

function pauseBefore(attempt: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempt - 1, 10)) * (0.5 + Math.random() / 2);
}

/** `fail`: a command that loses its connection fails at once, and its sender decides. `wait`: it waits for the next connection; BullMQ wants that. */
export type OnLoss = "fail" | "wait";

export class Connections {
  readonly #connection: ClusterConnection;
  readonly #heard: (error: Error) => void;
  readonly #open = new Set<Redis>();
  #holding: "ref" | "unref";
  #phase: "open" | "closed" = "open";

  /** @param heard is told of errors of connections, however often they are repeated. */
  constructor(connection: ClusterConnection, holding: "ref" | "unref", heard: (error: Error) => void) {
    this.#connection = connection;
    this.#holding = holding;
    this.#heard = heard;
  }

  open(onLoss: OnLoss): Redis {
    const options: RedisConnection = {
      ...(typeof this.#connection === "string" ? {} : this.#connection),
      // 0: whenever a connection is lost, all commands on it fail, and not only after some more attempts.
      maxRetriesPerRequest: onLoss === "fail" ? 0 : null,
      retryStrategy: (attempt) => (this.#phase === "open" ? pauseBefore(attempt) : null),
      // Outcomes of commands sent twice would be told apart from neither.
      autoResendUnfulfilledCommands: onLoss === "wait",
    };
    const redis = typeof this.#connection === "string" ? new Redis(this.#connection, options) : new Redis(options);
    this.#watch(redis);
    return redis;
  }

  #watch(redis: Redis): void {
    this.#open.add(redis);
    redis.on("error", (error: Error) => this.#heard(error));
    redis.on("connect", () => this.#apply(redis));
    // The pause begins after this event.
    redis.on("reconnecting", () => queueMicrotask(() => this.#apply(redis)));
    redis.on("end", () => this.#open.delete(redis));
  }

  /** Whether the connections keep the program alive. */
  hold(how: "ref" | "unref"): void {
    if (this.#holding === how) return;
    this.#holding = how;
    for (const redis of this.#open) this.#apply(redis);
  }

  #apply(redis: Redis): void {
    // `stream` and `reconnectTimeout` are what ioredis waits with; it offers no other way to them.
    const waits: readonly unknown[] = [redis.stream, Reflect.get(redis, "reconnectTimeout")];
    for (const wait of waits) {
      const handle = wait as Partial<Pick<Socket, "ref" | "unref">> | null | undefined;
      handle?.[this.#holding]?.();
    }
  }

  /** Closes all, without waiting for replies. */
  close(): void {
    this.#phase = "closed";
    for (const redis of this.#open) redis.disconnect(false);
    this.#open.clear();
  }
}

/** Resolves when the connection serves, at once if it does. Rejects when it is closed for good. */
export function whenReady(redis: Redis): Promise<void> {
  if (redis.status === "ready") return Promise.resolve();
  if (redis.status === "end") return Promise.reject(new Error("The connection to Redis was closed"));
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => () => {
      redis.off("ready", onReady);
      redis.off("end", onEnd);
      how();
    };
    const onReady = settle(resolve);
    const onEnd = settle(() => reject(new Error("The connection to Redis was closed")));
    redis.on("ready", onReady);
    redis.on("end", onEnd);
  });
}

/** Whether Redis itself has answered with an error. Any other failure is one of the connection. */
export function isReply(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== "ReplyError") return false;
  // These pass by themselves: it is starting, has given up a script for us, or is not the master yet.
  return !/^(?:LOADING|BUSY|MASTERDOWN|READONLY|TRYAGAIN|CLUSTERDOWN)\b/.test(error.message);
}

/** Whether a command failed because its connection did: nobody knows whether Redis has carried it out. */
export function isLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "MaxRetriesPerRequestError" || error.name === "AbortError") return true;
  return /connection is closed|stream isn't writeable|command timed out|ECONN|EPIPE|ETIMEDOUT/i.test(error.message);
}

/** Pause after a failure that may be over soon, in ms, so that trying again does not become spinning. */
export const BREATH = 50;

/** Checks what was given as a connection.
 *  @throws InvalidOptionError */
export function checkConnection(connection: unknown): void {
  if (typeof connection === "string" && /^(?:rediss?:\/\/|unix:|\/)/.test(connection)) return;
  if (typeof connection === "object" && connection !== null && !(connection instanceof Redis)) {
    if (!("keyPrefix" in connection)) return;
    throw new InvalidOptionError("connection.keyPrefix", "BullMQ does not work with keyPrefix; use the option prefix");
  }
  const message = 'connection must be a URL such as "redis://host:6379", or options of ioredis ({ host, port, … })';
  throw new InvalidOptionError("connection", message);
}
