/** No interleaving of a few threads, and no death at any step, loses a wake or lets two in where one may be; and the search
 *  for such interleavings finds them where they are. */
import { describe, expect, test } from "vitest";
import { DEFECTS } from "./defects.js";
import { Explorer } from "./explorer.js";
import { SCENARIO_NAMES, scenarioOf } from "./scenarios.js";

describe("in every interleaving", () => {
  test.each(SCENARIO_NAMES)("%s: nobody sleeps for ever", { timeout: 300_000 }, (name) => {
    const { states, interleavings, violation } = new Explorer(scenarioOf(name)).explore();
    expect(violation).toBeUndefined();
    console.info(`${name}: ${states.toLocaleString("en")} states, ${interleavings.toLocaleString("en")} interleavings`);
  });
});

describe("the explorer catches code that", () => {
  test.each(DEFECTS)("$what", { timeout: 300_000 }, ({ seenIn, made }) => {
    expect(new Explorer(scenarioOf(seenIn, made())).explore().violation).toBeDefined();
  });
});
