/** A web handler that needs three answers from elsewhere, of 100, 200 and 300 ms: it has them after the longest, not after the sum,
 *  and each under its own key. Served by @manyhands/server on the event loop, where waiting costs nothing.
 *
 *      node examples/built/io-service.js [PORT]
 *      curl -X POST http://localhost:8080/functions/profile -H 'content-type: application/json' -d '["ada"]'
 *
 *  The same by the command: `manyhands serve --on event-loop ./examples/built/io-service.js` */
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "@manyhands/server";
import { asCompleted, context, EventLoopExecutor, isMain } from "manyhands";

/** What is asked of three places, and how long each takes to answer, in ms. */
export const SOURCES = { pictures: 300, friends: 200, orders: 100 } as const;
type Source = keyof typeof SOURCES;

/** What a person's page shows. */
export interface Profile {
  readonly name: string;
  /** The answer of each source. */
  readonly answers: Readonly<Record<Source, string>>;
  /** The sources in the order in which they answered. */
  readonly order: readonly Source[];
  /** In ms, all in all. */
  readonly elapsed: number;
}

/** Asks one source, which takes its time; a caller who leaves is not waited for. */
async function askSource(name: string, source: Source): Promise<string> {
  await sleep(SOURCES[source], undefined, { signal: context().signal });
  return `${source} of ${name}`;
}

/** All that is known of somebody. The handler of the service: it runs anew for each request. */
export async function profile(name: string): Promise<Profile> {
  const { signal } = context();
  const begun = performance.now();
  await using loop = new EventLoopExecutor();
  const asked = new Map(
    (Object.keys(SOURCES) as Source[]).map((source) => [loop.with({ signal }).submit(askSource, name, source), source]),
  );
  const answers = new Map<Source, string>();
  for await (const future of asCompleted(asked.keys())) {
    // Under the source's own name: two that shared one key would leave one answer.
    const source = asked.get(future);
    if (source !== undefined) answers.set(source, await future);
  }
  return {
    name,
    answers: Object.fromEntries(answers) as Record<Source, string>,
    order: [...answers.keys()],
    elapsed: Math.round(performance.now() - begun),
  };
}

async function main(): Promise<void> {
  const [port = "8080"] = process.argv.slice(2);
  await using executor = new EventLoopExecutor();
  await using server = await serve({
    modules: [{ url: import.meta.url, exports: { profile } }],
    executor,
    port: Number(port),
  });
  console.log(`${server.url}/functions/profile`);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  // Whoever has asked is answered.
  await server.drain();
}

if (isMain(import.meta)) await main();
