/** What a `ClusterExecutor` can be asked for, checked. */
import { randomBytes } from "node:crypto";
import { checkCount, checkNames, checkType } from "manyhands/engine";
import { checkMs, checkName, DEFAULT_NAME } from "./checks.js";
import { type ClusterConnection, checkConnection } from "./connections.js";

/** Options of {@link ClusterExecutor}. */
export interface ClusterOptions {
  /** Where Redis is. */
  connection: ClusterConnection;
  /** The queue; agents of the same queue run its calls. @default "manyhands" */
  queue?: string;
  /** What all keys in Redis begin with. @default "manyhands" */
  prefix?: string;
  /** The executor's name, in statistics. @default "cluster" */
  name?: string;
  /** A name under which this client can be started again and ask for what came of its calls (`attach`, `withId`); no two
   *  programs at a time may have it. @default a new one, forgotten at the end */
  clientId?: string;
  /** The most bytes of one call's arguments, or of one result. @default 1_048_576 */
  maxPayload?: number;
  /** How long outcomes are kept when nobody fetches them, in ms. @default 3_600_000 */
  keepResults?: number;
  /** How long a call may wait for Redis to take it, in ms. @default 10_000 */
  unavailableAfter?: number;
  /** How often to ask Redis whether it still has the oldest calls, in ms. @default 5000 */
  reconcileInterval?: number;
  /** How often to ask which agents there are, in ms. @default 2000 */
  agentsInterval?: number;
  /** Whether calls keep the program alive. An idle executor never does. @default true */
  ref?: boolean;
}

export interface ClusterPlan {
  readonly connection: ClusterConnection;
  readonly queue: string;
  readonly prefix: string;
  readonly name: string;
  readonly client: string;
  /** Whether the client can be started again. */
  readonly life: "once" | "again";
  readonly maxPayload: number;
  /** In seconds. */
  readonly keep: number;
  readonly unavailableAfter: number;
  readonly reconcileInterval: number;
  readonly agentsInterval: number;
  readonly ref: "ref" | "unref";
}

const CLUSTER_OPTIONS = [
  "connection",
  "queue",
  "prefix",
  "name",
  "clientId",
  "maxPayload",
  "keepResults",
  "unavailableAfter",
  "reconcileInterval",
  "agentsInterval",
  "ref",
] as const satisfies readonly (keyof ClusterOptions)[];

/** @throws InvalidOptionError naming the option. */
export function planCluster(options: ClusterOptions): ClusterPlan {
  checkNames("A cluster executor", options, CLUSTER_OPTIONS);
  checkConnection(options.connection);
  for (const option of ["queue", "prefix", "name", "clientId"] as const) checkName(option, options[option]);
  checkCount("maxPayload", options.maxPayload, 1);
  checkType("ref", options.ref, "boolean");
  const times = ["keepResults", "unavailableAfter", "reconcileInterval", "agentsInterval"] as const;
  for (const option of times) checkMs(option, options[option]);
  return {
    connection: options.connection,
    queue: options.queue ?? DEFAULT_NAME,
    prefix: options.prefix ?? DEFAULT_NAME,
    name: options.name ?? "cluster",
    client: options.clientId ?? randomBytes(9).toString("base64url"),
    life: options.clientId === undefined ? "once" : "again",
    maxPayload: options.maxPayload ?? 1024 * 1024,
    keep: Math.ceil((options.keepResults ?? 3_600_000) / 1000),
    unavailableAfter: options.unavailableAfter ?? 10_000,
    reconcileInterval: options.reconcileInterval ?? 5000,
    agentsInterval: options.agentsInterval ?? 2000,
    ref: options.ref === false ? "unref" : "ref",
  };
}
