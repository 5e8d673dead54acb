/** `asyncio-hooks.js`: says when promises are hooked in a program that has loaded the tasks, which is when a continuation has
 *  an id of its own. */
import { createTask, Event, Lock, Queue } from "manyhands/asyncio";
import { hooked, turn } from "./hooked.js";

setTimeout(() => process.exit(9), 30_000);
const told: Record<string, boolean> = { loaded: await hooked() };

const queue = new Queue<number>();
await queue.put(1);
await queue.get();
await new Lock().with(turn);
told["unused"] = await hooked();

const event = new Event();
const first = createTask(() => event.wait());
told["during"] = await hooked();
event.set();
await first;
told["after"] = await hooked();

const second = createTask(() => new Event().wait());
told["again"] = await hooked();
second.cancel();
console.log(JSON.stringify(told));
process.exit(0);
