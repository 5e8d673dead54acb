/** What a call over HTTP costs beyond bare Fastify, which runs the function in its handler. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Executor } from "manyhands";
import type { Figures, Measure, Participant, Scale } from "../measure.js";
import type { LoadEnd, LoadOrder } from "../peers/http-load.js";

const DURATION = { full: { warmUp: 700, duration: 1000 }, quick: { warmUp: 300, duration: 300 } } as const;
const CONNECTIONS = 32;

async function loaded(port: number, connections: number, scale: Scale): Promise<LoadEnd> {
  const asked = { path: "/functions/square", body: '{"args":[3]}', answer: "9" };
  const workerData: LoadOrder = { port, connections, ...asked, ...DURATION[scale] };
  const worker = new Worker(new URL("../peers/http-load.js", import.meta.url), { workerData });
  const [end] = (await once(worker, "message")) as [LoadEnd];
  return end;
}

async function figuresOf(port: number, scale: Scale): Promise<Figures> {
  const alone = await loaded(port, 1, scale);
  const together = await loaded(port, CONNECTIONS, scale);
  return { "alone, p50": alone.p50, "32 at once, each": (together.elapsed * 1000) / together.answers };
}

const served = (kind: Participant["kind"], open: () => Promise<Executor>): Participant => ({
  name: "manyhands",
  kind,
  run: async (scale) => {
    const { serve } = await import("@manyhands/server");
    const modules = [new URL("../tasks/square.js", import.meta.url)];
    const server = await serve({ modules, executor: await open() });
    return figuresOf(Number(new URL(server.url).port), scale);
  },
});

const bare = (kind: Participant["kind"]): Participant => ({
  name: "limit",
  kind,
  run: async (scale) => {
    const [{ default: fastify }, { square }] = await Promise.all([import("fastify"), import("../tasks/square.js")]);
    const app = fastify();
    app.post<{ Body: { args: [number] } }>("/functions/square", (request, reply) =>
      reply.type("application/json").send(JSON.stringify(square(...request.body.args))),
    );
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return figuresOf(Number(new URL(url).port), scale);
  },
});

export const serving: Measure = {
  name: "serve",
  title: "square(3) over HTTP; the limit is bare Fastify that calls it in its handler",
  figures: ["alone, p50", "32 at once, each"].map((name) => ({ name, unit: "µs", better: "lower" })),
  quickPeers: [],
  participants: [
    served("event-loop", async () => new (await import("manyhands")).EventLoopExecutor()),
    served("threads", async () => new (await import("manyhands")).ThreadPoolExecutor({ maxWorkers: 1 })),
    bare("event-loop"),
    bare("threads"),
  ],
};
