/** Every subject, in the order in which a round visits them. */
import type { SubjectEntry } from "../subject.js";
import { entries as jestWorker } from "./jest-worker.js";
import { entries as limit } from "./limit.js";
import { entries as manyhands } from "./manyhands.js";
import { entries as multithreading } from "./multithreading.js";
import { entries as pLimit } from "./p-limit.js";
import { entries as pQueue } from "./p-queue.js";
import { entries as piscina } from "./piscina.js";
import { entries as poolifier } from "./poolifier.js";
import { entries as tinypool } from "./tinypool.js";
import { entries as workerpool } from "./workerpool.js";

export const SUBJECTS: readonly SubjectEntry[] = [
  ...manyhands,
  ...limit,
  ...piscina,
  ...tinypool,
  ...workerpool,
  ...poolifier,
  ...jestWorker,
  ...multithreading,
  ...pLimit,
  ...pQueue,
];
