/** examples/pipe.ts: two processes talk, and the end of the one is seen by the other. */
import { expect, test } from "vitest";
import { talk } from "../examples/built/pipe.js";
import { runExample } from "./run-example.js";

test("every question is answered, in order, and then both end", async () => {
  const { said, answered } = await talk(["a?", "bb?", "ccc?"]);
  expect(said).toEqual(["a? Yes, 2 letters.", "bb? Yes, 3 letters.", "ccc? Yes, 4 letters."]);
  expect(answered).toBe(3);
});

test("the program shows what was said", async () => {
  expect(await runExample("pipe")).toMatchObject({
    code: 0,
    stderr: "",
    lines: ["Are you there? Yes, 14 letters.", "Is this a pipe? Yes, 15 letters.", "2 questions were answered"],
  });
});
