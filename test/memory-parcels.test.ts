/** Bytes that two processes hand over in a file: who may write where, and that what is read is what was written. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProcessPoolExecutor } from "manyhands";
import { describe, expect, onTestFinished, test } from "vitest";
import { identity } from "#tasks/basic.js";
import {
  isLarge,
  LARGE_ROOM,
  lengthAt,
  offsetAt,
  offsetIn,
  RoomGiver,
  RoomTaker,
  SMALL_ROOM,
  spanOf,
} from "../packages/manyhands/dist/memory/byte-room.js";
import { ParcelReader, ParcelWriter } from "../packages/manyhands/dist/memory/parcels.js";
import { folder, keep } from "./keeping.js";

const LARGEST_SMALL = SMALL_ROOM / 8;

/** A room of which both sides are here. */
function room(): { giver: RoomGiver; taker: RoomTaker; give(length: number): number } {
  const taker = new RoomTaker();
  const giver = new RoomGiver(() => ({ small: taker.small, large: taker.large }));
  const give = (length: number): number => {
    const place = giver.find(length);
    if (place >= 0) giver.keep(place);
    return place;
  };
  return { giver, taker, give };
}

/** The same numbers in every run. */
function* numbers(): Generator<number, never> {
  for (let seed = 1; ; ) {
    seed = (seed * 48271) % 2147483647;
    yield seed / 2147483647;
  }
}

describe("a room", () => {
  test("never gives a place of which a part is still in use", () => {
    const { taker, give } = room();
    const random = numbers();
    const held: number[] = [];
    let refused = 0;
    for (let step = 0; step < 20_000; step += 1) {
      const length = Math.floor(random.next().value ** 4 * (step % 100 === 0 ? LARGE_ROOM / 4 : LARGEST_SMALL));
      const place = give(length);
      if (place < 0) refused += 1;
      else {
        expect(lengthAt(place)).toBe(length);
        expect(offsetAt(place) + length).toBeLessThanOrEqual(isLarge(place) ? LARGE_ROOM : SMALL_ROOM);
        for (const other of held) {
          const apart =
            isLarge(other) !== isLarge(place) ||
            offsetAt(other) >= offsetAt(place) + length ||
            offsetAt(place) >= offsetAt(other) + lengthAt(other);
          if (!apart) throw new Error(`step ${step}: ${offsetAt(place)} + ${length} overlaps ${offsetAt(other)}`);
        }
        held.push(place);
      }
      while (held.length > 60 || (held.length > 0 && random.next().value < 0.45)) taker.pass(held.shift() as number);
    }
    expect(refused).toBeGreaterThan(0);
  });

  test("refuses what does not fit, and has room again when all was taken", () => {
    const { taker, give } = room();
    const places: number[] = [];
    for (let place = give(LARGEST_SMALL); place >= 0; place = give(LARGEST_SMALL)) places.push(place);
    expect(places.length).toBe(8);
    taker.pass(places[0] as number);
    expect(give(LARGEST_SMALL)).toBeGreaterThanOrEqual(0);
    expect(give(1)).toBe(-1);
    expect(give(LARGE_ROOM + 1)).toBe(-1);
  });

  test("goes on from the start with large values once all of them were taken", () => {
    const { taker, give } = room();
    const first = give(LARGE_ROOM / 2);
    const second = give(LARGE_ROOM / 2);
    expect([offsetAt(first), offsetAt(second)]).toEqual([0, LARGE_ROOM / 2]);
    taker.pass(first);
    expect(give(LARGE_ROOM / 2)).toBe(-1);
    taker.pass(second);
    expect(offsetAt(give(LARGE_ROOM / 2))).toBe(0);
  });

  test("is not used up by what was found and not kept", () => {
    const { giver } = room();
    for (let time = 0; time < 100; time += 1) {
      expect(giver.find(LARGE_ROOM)).toBeGreaterThanOrEqual(0);
      expect(giver.find(LARGEST_SMALL)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe("a span", () => {
  test("holds the values from the first to the last, and no others", () => {
    const { give } = room();
    const places = [100, 1, 64, 5000, 7].map(give) as [number, number, number, number, number];
    const span = spanOf(places[1], places[3], 10_000);
    expect(places.map((place) => offsetIn(span, place))).toEqual([-1, 0, 64, 128, -1]);
  });

  test("is its first value when the last is too far, large, or beyond the end of the ring", () => {
    const { taker, give } = room();
    const first = give(10);
    const large = give(LARGEST_SMALL + 1);
    expect(spanOf(first, give(5000), 100)).toBe(first);
    expect(spanOf(first, large, SMALL_ROOM)).toBe(first);
    let before = first;
    for (let place = give(5000); offsetAt(place) > 0; place = give(5000)) {
      taker.pass(before);
      before = place;
    }
    taker.pass(before);
    expect(spanOf(before, give(10), SMALL_ROOM)).toBe(before);
  });
});

describe("parcels", () => {
  const LAYOUT = { taken: 0, small: 64, large: 64 + SMALL_ROOM };

  function open(flags: "w+" | "r"): number {
    const path = join(folder(), "parcels");
    if (flags === "r") writeFileSync(path, "");
    const fd = openSync(path, flags);
    onTestFinished(() => closeSync(fd));
    return fd;
  }

  test("arrive as they were put, through many rounds", () => {
    const fd = open("w+");
    const [writer, reader] = [new ParcelWriter(fd, LAYOUT), new ParcelReader(fd, LAYOUT)];
    const random = numbers();
    for (let round = 0; round < 2000; round += 1) {
      const bytes = Buffer.alloc(1 + Math.floor(random.next().value * 3000), round);
      const place = writer.put(bytes);
      expect(reader.read(place).equals(bytes)).toBe(true);
      reader.pass(place);
      reader.tell();
    }
  });

  test("that cannot be written are refused, and use up no room", () => {
    const writer = new ParcelWriter(open("r"), LAYOUT);
    for (let time = 0; time < 100; time += 1) expect(writer.put(Buffer.alloc(LARGEST_SMALL))).toBe(-1);
  });
});

describe("values of a worker process arrive whole", () => {
  // 40 MB is more than the room for large values: it goes by the pipe.
  test.each([0, 1, 63, 64, 2000, LARGEST_SMALL - 20, LARGEST_SMALL, LARGEST_SMALL + 1, 2 ** 21, 40_000_000])(
    "%i bytes",
    async (size) => {
      const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
      const sent = Array.from({ length: size > 2 ** 20 ? 1 : 30 }, (_, index) => new Uint8Array(size).fill(index + 1));
      const results = await Promise.all(sent.map((array) => pool.submit(identity, array)));
      for (const [index, result] of results.entries()) {
        expect(Buffer.compare(result as Uint8Array, sent[index] as Uint8Array)).toBe(0);
      }
    },
  );

  test("more of them at once than the file has room for", async () => {
    const pool = keep(new ProcessPoolExecutor({ maxWorkers: 1 }));
    const sent = Array.from({ length: 24 }, (_, index) => new Uint8Array(3_000_000).fill(index + 1));
    const results = await Promise.all(sent.map((array) => pool.submit(identity, array)));
    expect(results.map((result) => (result as Uint8Array)[2_999_999])).toEqual(sent.map((array) => array[0]));
    const small = Array.from({ length: 3000 }, (_, index) => ({ index, text: "x".repeat(2000) }));
    expect(await Promise.all(small.map((record) => pool.submit(identity, record)))).toEqual(small);
  });
});
