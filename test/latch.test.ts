/** The latch in front of what a queue keeps: one at a time, and no thread takes it to the grave. */
import { describe, expect, test } from "vitest";
import { Bell } from "../packages/manyhands/dist/memory/bell.js";
import { sharedCells } from "../packages/manyhands/dist/memory/cells.js";
import { WORLD_BYTES, World } from "../packages/manyhands/dist/memory/world.js";
import { LATCH_WORDS, Latch } from "../packages/manyhands/dist/sync/latch.js";

/** Latches of two threads over the same word; both are played by this one. */
function latches(): { readonly world: World; readonly one: Latch; readonly two: Latch } {
  const world = new World(sharedCells(new SharedArrayBuffer(WORLD_BYTES)));
  world.name(1, 2);
  const cells = sharedCells(new SharedArrayBuffer(4 * LATCH_WORDS));
  const of = (threadId: number): Latch =>
    new Latch({ bell: new Bell(world, world.sit(threadId, -1)), cells, object: 0 }, 0);
  return { world, one: of(101), two: of(102) };
}

describe("a latch", () => {
  test("is had by one, and by the other when that one releases it", () => {
    const { one, two } = latches();
    expect(one.take(0)).toBe(true);
    expect(two.take(0)).toBe(false);
    one.release();
    expect(two.take(0)).toBe(true);
    expect(one.take(0)).toBe(false);
  });

  test("is taken over from one that has died with it, and not from one that lives", () => {
    const { world, one, two } = latches();
    one.take(0);
    expect(two.take(1)).toBe(false);
    world.bury(101);
    expect(two.take(0)).toBe(true);
  });

  test("is released however what was done with it ends", () => {
    const { one, two } = latches();
    expect(() =>
      one.within(0, "do it", () => {
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(two.within(0, "do it", () => 7)).toBe(7);
  });

  test("says that it could not be had", () => {
    const { one, two } = latches();
    one.take(0);
    expect(() => two.within(0, "put", () => 7)).toThrow(expect.objectContaining({ code: "ERR_QUEUE_BUSY" }));
  });
});
