/** What the dashboard's page works out before it draws: no browser is needed for it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as format from "../packages/server/page/src/format.js";
import { follow, type Known } from "../packages/server/page/src/live/following.js";
import { mayBecome, pauseBefore } from "../packages/server/page/src/live/link.js";
import { ServerClock } from "../packages/server/page/src/live/server-clock.js";
import { commandOf } from "../packages/server/page/src/stream/keys.js";
import { Boxes, itemAt, LEAST_FAILED, LOOKS, layOut, type Scene } from "../packages/server/page/src/stream/layout.js";
import { contrast, DARK, LIGHT, linear, placesOf } from "../packages/server/page/src/stream/palette.js";
import { neighbour } from "../packages/server/page/src/stream/pick.js";
import { planOf } from "../packages/server/page/src/stream/rows.js";
import { held, panned, shown, stepOf, stretchOf, type View, zoomed } from "../packages/server/page/src/stream/view.js";
import { barOf, pictureOf, runningOf, workerOf } from "./dashboard-pictures.js";

describe("follow()", () => {
  const start: Known = { seq: 7, picture: pictureOf(), skipped: 0 };

  test("applies the delta behind, and calls every other one a gap", () => {
    const delta = (seq: number) => ({ type: "delta", seq, changes: { at: 2000, bars: [barOf(1)] } }) as const;
    const step = follow(start, delta(8), "later");
    expect(step).toMatchObject({ kind: "known", known: { seq: 8, picture: { at: 2000, bars: [{ call: 1 }] } } });
    for (const seq of [6, 7, 9]) expect(follow(start, delta(seq), "later")).toEqual({ kind: "gap" });
    expect(follow(undefined, delta(1), "first")).toEqual({ kind: "gap" });
  });

  test("leaves what a delta does not name as it is, the very object", () => {
    const step = follow(start, { type: "delta", seq: 8, changes: { at: 2 } }, "later");
    if (step.kind !== "known") throw new Error("a gap");
    expect(step.known.picture.workers).toBe(start.picture.workers);
    expect(step.known.picture.bars).toBe(start.picture.bars);
  });

  test("takes a snapshot of the same server in a connection for a sign of being slow, and no other", () => {
    const snapshot = { type: "snapshot", seq: 20, picture: pictureOf({ at: 5 }) } as const;
    expect(follow(start, snapshot, "later")).toMatchObject({ known: { seq: 20, skipped: 13 } });
    expect(follow(start, snapshot, "first")).toMatchObject({ known: { seq: 20, skipped: 0 } });
    const other = { ...snapshot, picture: pictureOf({ hub: "two" }) };
    expect(follow(start, other, "later")).toMatchObject({ known: { skipped: 0 } });
  });

  test("is over with a farewell", () => {
    expect(follow(start, { type: "farewell", why: "run-ended" }, "later")).toEqual({ kind: "over", why: "run-ended" });
  });
});

describe("the link", () => {
  test("is over for good, and comes back from everything else", () => {
    for (const to of ["connecting", "live", "lost", "locked"] as const) expect(mayBecome("over", to)).toBe(false);
    expect(mayBecome("live", "lost")).toBe(true);
    expect(mayBecome("lost", "live")).toBe(true);
    expect(mayBecome("locked", "connecting")).toBe(true);
    expect(mayBecome("locked", "live")).toBe(false);
  });

  test("waits longer with each attempt, within limits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
        const pause = pauseBefore(attempt, chance);
        expect(pause).toBeGreaterThanOrEqual(187);
        expect(pause).toBeLessThanOrEqual(5000);
        expect(pauseBefore(attempt + 1, chance)).toBeGreaterThanOrEqual(pause);
      }),
    );
  });
});

describe("the server's clock", () => {
  test("goes by the message that came fastest", () => {
    const clock = new ServerClock();
    expect(clock.at(500)).toBe(0);
    clock.heard(0, 130);
    clock.heard(100, 205);
    clock.heard(200, 350);
    expect(clock.at(1105)).toBeLessThanOrEqual(1000);
    expect(clock.at(1105)).toBeGreaterThanOrEqual(990);
  });

  test("believes a jump", () => {
    const clock = new ServerClock();
    clock.heard(0, 100);
    clock.heard(1000, 61_100);
    expect(clock.at(61_100)).toBe(1000);
  });
});

function sceneOf(more: Partial<Scene>): Scene {
  return {
    bars: [],
    running: [],
    plan: planOf([workerOf(0), workerOf(1)]),
    stretch: { from: 0, to: 1000 },
    now: 1000,
    width: 1000,
    colours: [0, 1, 2],
    ...more,
  };
}

/** The rectangles, by look. */
function laid(
  scene: Scene,
): { look: string; colour: number; left: number; right: number; top: number; item: number }[] {
  const boxes = new Boxes();
  layOut(scene, boxes);
  const found = LOOKS.flatMap((look, number) =>
    [...Array(16).keys()].flatMap((colour) => {
      const list = [];
      for (let box = boxes.first(number, colour); box >= 0; box = boxes.next(box)) {
        list.push({
          look,
          colour,
          left: boxes.left[box]!,
          right: boxes.right[box]!,
          top: boxes.top[box]!,
          item: boxes.item[box]!,
        });
      }
      return list.reverse();
    }),
  );
  expect(found.length).toBe(boxes.count);
  return found;
}

describe("layOut()", () => {
  test("puts a bar in its worker's row, at its time, in its function's colour, after its waiting", () => {
    const bars = [barOf(1, { row: 1, fn: 2, submittedAt: 100, startedAt: 300, duration: 200 })];
    const plan = planOf([workerOf(0), workerOf(1)]);
    expect(laid(sceneOf({ bars }))).toEqual([
      { look: "waiting", colour: 0, left: 100, right: 300, top: plan.rows[1]!.top, item: 0 },
      { look: "succeeded", colour: 2, left: 300, right: 500, top: plan.rows[1]!.top, item: 0 },
    ]);
  });

  test("shows waiting only while the lane had nothing else to do", () => {
    const bars = [
      barOf(1, { startedAt: 0, duration: 400 }),
      barOf(2, { submittedAt: 0, startedAt: 450, duration: 100 }),
    ];
    const waiting = laid(sceneOf({ bars })).filter(({ look }) => look === "waiting");
    expect(waiting).toMatchObject([{ left: 400, right: 450 }]);
  });

  test("clips at the edges, and leaves out what is outside", () => {
    const bars = [
      barOf(1, { startedAt: -500, submittedAt: -500, duration: 100 }),
      barOf(2, { startedAt: -50, submittedAt: -50, duration: 100 }),
      barOf(3, { startedAt: 950, submittedAt: 950, duration: 100 }),
      barOf(4, { startedAt: 2000, submittedAt: 2000 }),
    ];
    expect(laid(sceneOf({ bars }))).toMatchObject([
      { left: 0, right: 50, item: 1 },
      { left: 950, right: 1000, item: 2 },
    ]);
  });

  test("never loses a failure, however many bars fall on its pixel", () => {
    const bars = Array.from({ length: 3000 }, (_, call) =>
      barOf(call, {
        submittedAt: 100 + call / 10_000,
        startedAt: 100 + call / 10_000,
        duration: 0.0001,
        outcome: call === 1500 ? "failed" : "succeeded",
      }),
    );
    const boxes = laid(sceneOf({ bars }));
    const failed = boxes.filter(({ look }) => look === "failed");
    expect(failed).toMatchObject([{ item: 1500 }]);
    expect(failed[0]!.right - failed[0]!.left).toBeGreaterThanOrEqual(LEAST_FAILED);
    expect(boxes.length).toBeLessThan(5);
  });

  test("leaves a call that runs open up to now, and shows one that has not begun as waiting", () => {
    const running = [
      runningOf(8, { startedAt: 600 }),
      runningOf(9, { row: 1, startedAt: null, handedAt: 700 }),
      runningOf(10, { startedAt: null, handedAt: 800 }),
    ];
    expect(laid(sceneOf({ running, now: 900 }))).toMatchObject([
      { look: "waiting", left: 700, right: 900, item: ~1 },
      { look: "running", left: 600, right: 900, item: ~0 },
    ]);
  });

  test("gives calls that run at once in one worker a lane each", () => {
    const plan = planOf([workerOf(0, { lanes: 3 })]);
    const running = [1, 2, 3].map((call) => runningOf(call, { startedAt: 100 * call }));
    const tops = laid(sceneOf({ plan, running })).map(({ top }) => top);
    expect(new Set(tops).size).toBe(3);
  });

  test("finds again what it has drawn", () => {
    const bars = [barOf(1, { startedAt: 300, submittedAt: 300, duration: 200 })];
    const boxes = new Boxes();
    const scene = sceneOf({ bars });
    layOut(scene, boxes);
    const { laneHeight } = scene.plan;
    expect(itemAt(boxes, laneHeight, 400, 3)).toBe(0);
    expect(itemAt(boxes, laneHeight, 503, 3)).toBe(0);
    expect(itemAt(boxes, laneHeight, 600, 3)).toBeUndefined();
    expect(itemAt(boxes, laneHeight, 400, laneHeight * 1.5)).toBeUndefined();
  });

  test("keeps the arrays it has, once they are large enough", () => {
    const bars = Array.from({ length: 4000 }, (_, call) =>
      barOf(call, { row: call % 2, submittedAt: call / 4, startedAt: call / 4, duration: 2 }),
    );
    const boxes = new Boxes();
    layOut(sceneOf({ bars }), boxes);
    const { left, right, top, item } = boxes;
    layOut(sceneOf({ bars }), boxes);
    expect(boxes.left).toBe(left);
    expect([boxes.right === right, boxes.top === top, boxes.item === item]).toEqual([true, true, true]);
  });
});

describe("the view", () => {
  const following: View = { kind: "following", span: 10_000 };

  test("follows now until it is held", () => {
    expect(stretchOf(following, 50_000)).toEqual({ from: 40_000, to: 50_000 });
    expect(stretchOf(held(following, 50_000), 90_000)).toEqual({ from: 40_000, to: 50_000 });
  });

  test("keeps following when it is zoomed, and keeps the time under the pointer when it is held", () => {
    expect(zoomed(following, 0.5, 0.2, 50_000)).toEqual({ kind: "following", span: 5000 });
    const still: View = { kind: "held", span: 10_000, end: 40_000 };
    const near = zoomed(still, 0.5, 0.25, 50_000);
    const { from } = stretchOf(near, 50_000);
    expect(from + 0.25 * near.span).toBeCloseTo(32_500);
  });

  test("follows again when it is pushed beyond now", () => {
    const back = panned(following, -0.5, 50_000);
    expect(back).toEqual({ kind: "held", span: 10_000, end: 45_000 });
    expect(panned(back, 0.5, 50_000)).toEqual(following);
  });

  test("moves to what is to be shown, and only if it is out of sight", () => {
    expect(shown(following, 45_000, 46_000, 50_000)).toBe(following);
    const moved = shown(following, 1000, 2000, 50_000);
    const { from, to } = stretchOf(moved, 50_000);
    expect(from).toBeLessThanOrEqual(1000);
    expect(to).toBeGreaterThanOrEqual(2000);
  });

  test("puts marks at round distances", () => {
    expect(stepOf(30_000, 1000, 80)).toBe(5000);
    expect(stepOf(40, 1000, 80)).toBe(5);
  });
});

describe("keys", () => {
  const pressed = (key: string, more = {}) =>
    commandOf({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });

  test("go from bar to bar", () => {
    const plan = planOf([workerOf(0), workerOf(1), workerOf(2)]);
    const bars = [
      barOf(1, { startedAt: 0 }),
      barOf(2, { startedAt: 100 }),
      barOf(3, { row: 2, startedAt: 90 }),
      barOf(4, { row: 2, startedAt: 500 }),
    ];
    const to = (from: number | undefined, way: Parameters<typeof neighbour>[3]) =>
      neighbour(
        bars,
        plan,
        bars.find(({ call }) => call === from),
        way,
      )?.call;
    expect(to(undefined, "earlier")).toBe(4);
    expect(to(2, "earlier")).toBe(1);
    expect(to(1, "earlier")).toBe(1);
    expect(to(1, "later")).toBe(2);
    // The row between has no bar.
    expect(to(2, "row-below")).toBe(3);
    expect(to(4, "row-above")).toBe(2);
    expect(to(1, "row-above")).toBe(1);
  });

  test("with Ctrl, Alt or Meta belong to the browser", () => {
    expect(pressed("+")).toMatchObject({ kind: "zoom" });
    expect(pressed("ArrowLeft", { shiftKey: true })).toMatchObject({ kind: "pan" });
    for (const modifier of ["ctrlKey", "altKey", "metaKey"]) expect(pressed("+", { [modifier]: true })).toBeUndefined();
    expect(pressed("Tab")).toBeUndefined();
  });
});

describe("colours", () => {
  /** Machado, Oliveira and Fernandes 2009: how light arrives where one kind of cone is missing. */
  const SIGHTS: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
    all: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    protanopia: [
      [0.152286, 1.052583, -0.204868],
      [0.114503, 0.786281, 0.099216],
      [-0.003882, -0.048116, 1.051998],
    ],
    deuteranopia: [
      [0.367322, 0.860646, -0.227968],
      [0.280085, 0.672501, 0.047413],
      [-0.01182, 0.04294, 0.968881],
    ],
    tritanopia: [
      [1.255528, -0.076749, -0.178779],
      [-0.078411, 0.930809, 0.147602],
      [0.004733, 0.691367, 0.3039],
    ],
  };

  /** In OKLab, where distances are as they are seen. */
  function seen(colour: string, sight: (typeof SIGHTS)[string]): [number, number, number] {
    const light = [1, 3, 5].map((at) => linear(Number.parseInt(colour.slice(at, at + 2), 16) / 255));
    const [r, g, b] = sight.map((row) =>
      Math.min(1, Math.max(0, row[0] * light[0]! + row[1] * light[1]! + row[2] * light[2]!)),
    ) as [number, number, number];
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return [
      0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
    ];
  }

  for (const theme of [LIGHT, DARK]) {
    const all = [...theme.functions, theme.failed, theme.waiting];

    for (const [name, sight] of Object.entries(SIGHTS)) {
      test(`of the ${theme.name} theme stay apart for ${name}`, () => {
        for (const [place, one] of all.entries()) {
          for (const other of all.slice(0, place)) {
            const [a, b] = [seen(one, sight), seen(other, sight)];
            const distance = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
            expect({ one, other, distance: distance > 0.06 }).toEqual({ one, other, distance: true });
          }
        }
      });
    }

    test(`of the ${theme.name} theme stand out from the ground; its texts can be read`, () => {
      for (const colour of all) expect(contrast(colour, theme.ground)).toBeGreaterThanOrEqual(2.9);
      for (const ground of [theme.ground, theme.rowGround]) {
        expect(contrast(theme.text, ground)).toBeGreaterThanOrEqual(7);
        expect(contrast(theme.muted, ground)).toBeGreaterThanOrEqual(4.5);
      }
    });
  }

  test("are the same for the same names, and different for the first eight", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 30 }), (names) => {
        const places = placesOf(names, 8);
        expect(placesOf(names, 8)).toEqual(places);
        expect(placesOf([...names, "another"], 8).slice(0, names.length)).toEqual(places);
        const first = places.slice(0, 8);
        expect(new Set(first).size).toBe(first.length);
      }),
    );
    expect(placesOf(["same", "same"], 8)[0]).toBe(placesOf(["same", "same"], 8)[1]);
  });
});

describe("texts for numbers", () => {
  test.each([
    [format.count(0), "0"],
    [format.count(9_999), "9\u202f999"],
    [format.count(56_120), "56.1k"],
    [format.count(999_960), "1.00M"],
    [format.decimal(0.254), "0.25"],
    [format.duration(0), "0 ms"],
    [format.duration(0.85), "850 µs"],
    [format.duration(12.34), "12.3 ms"],
    [format.duration(4200), "4.20 s"],
    [format.duration(200_000), "3 min 20 s"],
    [format.duration(7_500_000), "2 h 5 min"],
    [format.roundDuration(1500), "1.5 s"],
    [format.bytes(24_000_000), "24.0 MB"],
    [format.percent(0.374), "37\u202f%"],
  ])("%s", (said, expected) => expect(said).toBe(expected));

  test("never show what is no number", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (value) => {
        const said = [format.count(value), format.decimal(value), format.duration(value), format.age(value)];
        for (const text of said) expect(text).toMatch(/^\d/);
      }),
    );
  });
});
