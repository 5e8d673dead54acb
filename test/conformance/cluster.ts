/** The cluster as a candidate of the suite: each executor with a queue and an agent of its own, over one Redis.
 *
 *  Programs of the suite have no agent of their own: they find one that the suite has started for all of them, by two
 *  variables of their environment. */
import { randomUUID } from "node:crypto";
import { ClusterAgent, type ClusterConnection, ClusterExecutor } from "@manyhands/cluster";
import type { PoolOptions } from "manyhands";
import type { Traits } from "./conformance.js";
import type { Candidate } from "./executors.js";

export const REDIS_VARIABLE = "MANYHANDS_TEST_REDIS";
export const QUEUE_VARIABLE = "MANYHANDS_TEST_QUEUE";

/** The folder of the tests, where all tasks are. */
export const ROOT: string = new URL("../../", import.meta.resolve("#tasks/basic.js")).pathname;

/** Large enough for all that laws send. */
export const MAX_PAYLOAD: number = 64 * 1024 * 1024;

/** Agents run tasks on threads, away from whoever submits. */
const TRAITS: Traits = {
  kind: "cluster",
  workers: true,
  copies: true,
  inPlace: false,
  ownProcess: false,
  sharesMemory: false,
  local: false,
};

/** @param later is given what ends the agent. */
export function clusterCandidate(connection: ClusterConnection, on: "threads" | "processes"): Candidate {
  return {
    name: `ClusterExecutor (${on})`,
    make: (options, defer) => {
      const { ref, ...pool } = options;
      const queue = randomUUID();
      const agent = new ClusterAgent({ connection, queue, on, pool, root: ROOT, acceptSource: true });
      void agent.start();
      defer?.(() => agent.terminate());
      return makeExecutor(connection, queue, options);
    },
    traits: { ...TRAITS, ownProcess: on === "processes" },
  };
}

function makeExecutor(connection: ClusterConnection, queue: string, { ref }: PoolOptions): ClusterExecutor {
  return new ClusterExecutor({
    connection,
    queue,
    maxPayload: MAX_PAYLOAD,
    reconcileInterval: 1000,
    ...(ref === undefined ? {} : { ref }),
  });
}

/** Where programs find their agent. */
export function clusterOfPrograms(): { readonly connection: string; readonly queue: string } {
  return { connection: process.env[REDIS_VARIABLE] ?? "", queue: process.env[QUEUE_VARIABLE] ?? "" };
}

/** For programs. */
export const CLUSTER_OF_PROGRAMS: Candidate = {
  name: "ClusterExecutor",
  make: (options) => makeExecutor(clusterOfPrograms().connection, clusterOfPrograms().queue, options),
  traits: TRAITS,
};
