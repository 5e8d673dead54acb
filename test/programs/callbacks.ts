/** Throws from done-callbacks, and prints what everybody else saw of it. */
import { Future } from "manyhands";

const reports: string[] = [];
const note = (reason: unknown): void => void reports.push(reason instanceof Error ? reason.message : String(reason));
process.on("uncaughtException", note);
process.on("unhandledRejection", note);
process.on("warning", note);

const { future, resolve } = Future.withResolvers<number>();
const order: string[] = [];
const throwing = (): never => {
  order.push("throwing");
  throw new Error("from a callback");
};
future.addDoneCallback(() => order.push("before"));
future.addDoneCallback(throwing);
future.addDoneCallback(() => order.push("after"));
resolve(5);
let adderSaw = "nothing";
try {
  future.addDoneCallback(throwing);
} catch {
  adderSaw = "the error";
}
future.addDoneCallback(() => order.push("late"));
const value = await future;
await new Promise((done) => setImmediate(done));
console.log(JSON.stringify({ order, adderSaw, value, reports }));
