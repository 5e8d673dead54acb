/** `bullmq-worker.js PORT CONCURRENCY`: plain BullMQ, which runs `square` on its own event loop; a chunk is an array. */
import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { square } from "../tasks/square.js";

const [, , port, concurrency] = process.argv;
const worker = new Worker<number | number[], number | number[]>(
  "plain",
  async ({ data }) => (Array.isArray(data) ? data.map(square) : square(data)),
  {
    connection: new Redis(Number(port), "127.0.0.1", { maxRetriesPerRequest: null }),
    concurrency: Number(concurrency),
    // As long as somebody may still ask how a job ended: with the newest thousand kept, `waitUntilFinished` fails.
    removeOnComplete: { age: 60 },
  },
);
worker.on("error", (error) => console.error(error));
await worker.waitUntilReady();
console.log("ready");
