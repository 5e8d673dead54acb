/** `hooks.js`: says when this program's promises are hooked, which is when a continuation has an id of its own. */
import { EventLoopExecutor } from "manyhands";
import { hooked } from "./hooked.js";

// Waiting for a task to be given up keeps no program alive.
setTimeout(() => process.exit(9), 30_000);
const loop = new EventLoopExecutor();
const plain = (n: number): number => n * n;
const told: Record<string, boolean> = { before: await hooked() };
for (let n = 0; n < 3; n += 1) await loop.submit(plain, n);
told["plain"] = await hooked();

let release: (() => void) | undefined;
const goesOn = (): Promise<void> =>
  new Promise((resolve) => {
    release = resolve;
  });
const first = loop.submit(goesOn);
told["during"] = await hooked();
release?.();
await first;
told["after"] = await hooked();

const second = loop.with({ grace: 0 }).submit(goesOn);
told["again"] = await hooked();
second.abort();
await second.exception().catch(() => undefined);
// It was given up, and runs on.
told["afterGivenUp"] = await hooked();
console.log(JSON.stringify(told));
process.exit(0);
