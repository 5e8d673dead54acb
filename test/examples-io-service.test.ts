/** examples/io-service.ts: three answers at once, all of them there, for each of many requests. */
import { fileURLToPath } from "node:url";
import { EventLoopExecutor } from "manyhands";
import { expect, test } from "vitest";
import { type Profile, profile } from "../examples/built/io-service.js";
import { node } from "./conformance/support.js";
import { keep } from "./keeping.js";
import { call, started } from "./server-support.js";

const MODULE = new URL("../examples/built/io-service.js", import.meta.url);

function check(answer: Profile, name: string): void {
  expect(answer.answers).toEqual({
    orders: `orders of ${name}`,
    friends: `friends of ${name}`,
    pictures: `pictures of ${name}`,
  });
  // The slowest is asked first, and answers last: they run at once.
  expect(answer.order).toEqual(["orders", "friends", "pictures"]);
}

test("twenty requests at once each get all three answers, of their own", async () => {
  const { url } = await started({
    modules: [{ url: MODULE.href, exports: { profile } }],
    executor: keep(new EventLoopExecutor()),
  });
  const names = Array.from({ length: 20 }, (_, n) => `person ${n}`);
  const answers = await Promise.all(names.map((name) => call(url, "profile", [name])));
  for (const [n, { status, body }] of answers.entries()) {
    expect(status).toBe(200);
    check(body as Profile, names[n] ?? "");
  }
});

test("the program answers, and ends by SIGTERM", async () => {
  const service = node([fileURLToPath(MODULE), "0"]);
  const [, url = ""] = /^(.*)\/functions\/profile$/.exec(`http${await service.line("http")}`) ?? [];
  check((await call(url, "profile", ["ada"])).body as Profile, "ada");
  process.kill(service.pid, "SIGTERM");
  const { code, stderr } = await service.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
