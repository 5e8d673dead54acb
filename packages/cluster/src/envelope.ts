/** What travels through Redis, and how: V8's serialisation behind a byte for the version, since JSON would turn a Map into
 *  `{}`, NaN into null, and fail on a BigInt.
 *
 *  Guarantees: two closed unions; what an earlier or later version wrote is recognised, and refused. */
import { SerializationError } from "manyhands";
import { type Again, serializer, type WireError } from "manyhands/engine";
import type { SentFunction } from "./sent-function.js";

const VERSION = 1;

/** What a job is: one call with a future, or items of a map. */
export interface JobEnvelope {
  readonly how: "call" | "items";
  readonly fn: SentFunction;
  /** The task's name, for messages. */
  readonly name: string;
  readonly count: number;
  /** The arguments of `count` calls, one after another. */
  readonly args: readonly unknown[];
  /** In ms. */
  readonly timeout: number | undefined;
  readonly grace: number;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Calls of one key run on one worker of an agent. */
  readonly key: string | undefined;
  /** How often agents may start it. */
  readonly starts: number;
  /** When it was sent: epoch ms by the clock of Redis. */
  readonly at: number;
  /** The client that waits. */
  readonly client: string;
  /** How long what concerns the client is kept without a sign of it, in seconds. */
  readonly keep: number;
  /** The largest result, in bytes. */
  readonly maxPayload: number;
}

/** A value in an outcome: as it is, or in bytes of its own, so that one that cannot travel harms no other. */
export type PackedValue = { readonly plain: unknown } | { readonly bytes: Uint8Array };

/** What an agent tells of a job. Times are those of Redis, durations in ms. */
export type JobRecord =
  | { readonly type: "started"; readonly job: string; readonly at: number }
  | {
      readonly type: "value";
      readonly job: string;
      readonly item: number;
      readonly value: PackedValue;
      readonly at: number;
      readonly took: number;
    }
  /** Neighbouring items came to numbers. */
  | {
      readonly type: "numbers";
      readonly job: string;
      readonly item: number;
      readonly values: Float64Array;
      readonly starts: Float64Array;
      readonly durations: Float64Array;
      readonly longest: number;
    }
  | {
      readonly type: "error";
      readonly job: string;
      readonly item: number;
      readonly error: WireError;
      readonly at: number;
      readonly took: number;
    }
  /** What ran the item has died under it. `at` 0: nobody knows when it began. `again`: whether it may be tried once more. */
  | {
      readonly type: "lost";
      readonly job: string;
      readonly item: number;
      readonly error: WireError;
      readonly at: number;
      readonly again: Again;
    }
  | { readonly type: "progress"; readonly job: string; readonly value: PackedValue }
  /** The job has ended, and this was not its first start; from 1. */
  | { readonly type: "again"; readonly job: string; readonly start: number };

/** Who tells it. */
export interface AgentSelf {
  readonly name: string;
  readonly pid: number;
  /** Calls at once. */
  readonly concurrency: number;
}

export interface AgentMessage {
  readonly agent: AgentSelf;
  readonly records: readonly JobRecord[];
}

/** What a client tells all agents. */
export interface CancelMessage {
  readonly job: string;
  readonly reason: WireError;
}

/** Writes any of these. */
export function pack(value: JobEnvelope | AgentMessage | CancelMessage): Buffer {
  return Buffer.concat([Buffer.of(VERSION), serializer().serialize(value)]);
}

/** Reads what {@link pack} wrote.
 *  @throws SerializationError when it is of another version, or damaged. */
export function unpack<T extends JobEnvelope | AgentMessage | CancelMessage>(bytes: Uint8Array): T {
  if (bytes[0] !== VERSION) {
    const message = `A message of version ${bytes[0]} cannot be read here, where ${VERSION} is spoken: use one version of @manyhands/cluster everywhere`;
    throw new SerializationError("message", message);
  }
  return serializer().deserialize(bytes.subarray(1)) as T;
}

/** BullMQ keeps a job's data as JSON. */
export interface JobData {
  readonly b64: string;
}
