/** What the scenarios are made of: a world with seats taken, objects, and threads that stand in it with the code that ships. */
import { Bell } from "../../packages/manyhands/dist/memory/bell.js";
import { type Cells, SharedCells } from "../../packages/manyhands/dist/memory/cells.js";
import type { Line } from "../../packages/manyhands/dist/memory/line.js";
import { type Ticket, WORLD_BYTES, World } from "../../packages/manyhands/dist/memory/world.js";
import type { Site } from "../../packages/manyhands/dist/sync/site.js";
import { type Actor, type Scenario, wordsOf } from "./explorer.js";
import { ModelCells, NOTES_FROM, type Region, type Replay } from "./memory-model.js";

const WORLD: Region = { name: "world", base: 0 };
const OBJECTS: readonly Region[] = [
  { name: "first object", base: 10_000 },
  { name: "second object", base: 12_000 },
];
const NOTES: Region = { name: "notes of the test", base: NOTES_FROM };
const INSIDE = 0;

/** Puts something between the code and the memory: how a defect is made that no code of the library has. */
export type Twist = (cells: Cells, region: Region) => Cells;

/** A thread of a scenario, standing in its world. */
export class Self {
  readonly index: number;
  readonly bell: Bell;
  readonly notes: Cells;
  readonly #replay: Replay;
  readonly #twist: Twist;
  readonly #tickets: readonly Ticket[];

  constructor(index: number, tickets: readonly Ticket[], replay: Replay, twist: Twist) {
    this.index = index;
    this.#tickets = tickets;
    this.#replay = replay;
    this.#twist = twist;
    const world = new World(twist(new ModelCells(replay, WORLD), WORLD));
    // Who is not there from the beginning takes a seat when it begins.
    this.bell = new Bell(world, tickets[index] ?? world.sit(index, -1));
    this.notes = new ModelCells(replay, NOTES);
  }

  /** The first object or the second, as this thread sees it. */
  site(object = 0): Site {
    const region = OBJECTS[object] as Region;
    const cells = this.#twist(new ModelCells(this.#replay, region), region);
    return { bell: this.bell, cells, object };
  }

  /** Says what this thread has in mind when it falls asleep, besides where it stands; a role for which that is not the same
   *  each time has to say so. */
  keepsInMind(what: unknown): void {
    this.#replay.inMind = JSON.stringify(what);
  }

  /** One of so many things may happen here. */
  choose(among: number): number {
    return this.#replay.take({ do: "choose", among }) as number;
  }

  /** Begins to do what only `most` may do at once. The dead do not count. */
  enter(most = 1): void {
    const before = this.notes.add(INSIDE, 1 << this.index);
    const others = this.#tickets.filter((ticket, n) => (before & (1 << n)) !== 0 && this.bell.world.alive(ticket));
    if (others.length >= most) throw new Error(`is one of ${others.length + 1} where ${most} may be`);
  }

  leave(): void {
    this.notes.sub(INSIDE, 1 << this.index);
  }

  /** Lives like a thread in its event loop until `over`: sleeps on the bell, and answers it. */
  live(over: () => boolean): void {
    while (!over()) {
      this.bell.world.sleep(this.bell.seat, Number.POSITIVE_INFINITY);
      this.bell.answer();
    }
  }

  /** Waits in a line like a task, and in vain when the scenario so chooses.
   *  @returns whether the wait was given up. */
  waitAsTask(line: Line, attempt: () => boolean): "served" | "given up" {
    let state: "waiting" | "served" = "waiting";
    const place = line.join({
      attempt,
      ready: () => {
        state = "served";
      },
    });
    if ((state as string) === "waiting" && this.choose(2) === 1) {
      place[Symbol.dispose]();
      return "given up";
    }
    this.live(() => (state as string) === "served");
    return "served";
  }
}

/** What a thread does, and what may befall it. */
export interface Role {
  readonly does: ((self: Self) => void) | readonly ((self: Self) => void)[];
  readonly mortal?: true;
  readonly twist?: Twist;
  /** It has no seat before it begins. */
  readonly seat?: "later";
  readonly afterDeathOf?: number;
}

const STRAIGHT: Twist = (cells) => cells;

/** Sets a scenario up: a thread for each role, and for each that may die one that buries it.
 *  @param prepare - writes the first words of an object */
export function scenario(
  roles: readonly Role[],
  prepare: (first: Site, second: Site, tickets: readonly Ticket[]) => void = () => undefined,
  twist: Twist = STRAIGHT,
): Scenario {
  const world = new SharedCells(new SharedArrayBuffer(WORLD_BYTES));
  const worldWords = new Int32Array(WORLD_BYTES / 4);
  const tickets = roles.map(({ seat }, index) => (seat === "later" ? undefined : new World(world).sit(index, -1)));
  const bell = new Bell(new World(world), tickets[0] as Ticket);
  const objects = OBJECTS.map(() => new SharedArrayBuffer(8000));
  const [first, second] = objects.map((memory, object): Site => ({ bell, cells: new SharedCells(memory), object }));
  prepare(first as Site, second as Site, tickets as readonly Ticket[]);
  for (const index of worldWords.keys()) worldWords[index] = world.load(index);
  const initial = new Map([
    ...wordsOf(WORLD, worldWords),
    ...objects.flatMap((memory, n) => [...wordsOf(OBJECTS[n] as Region, new Int32Array(memory))]),
  ]);
  const actors = roles.map((role, index): Actor => {
    const { does, mortal, afterDeathOf } = role;
    return {
      name: `thread ${index}`,
      runs: [does]
        .flat()
        .map((each) => (replay) => each(new Self(index, tickets as readonly Ticket[], replay, role.twist ?? twist))),
      ...(mortal === undefined ? {} : { mortal }),
      ...(afterDeathOf === undefined ? {} : { afterDeathOf }),
    };
  });
  return { actors: [...actors, ...roles.flatMap((role, index) => undertakerOf(role, index, twist))], initial };
}

function undertakerOf({ mortal }: Role, index: number, twist: Twist): Actor[] {
  if (mortal === undefined) return [];
  return [
    {
      name: `who buries thread ${index}`,
      afterDeathOf: index,
      runs: [(replay) => new World(twist(new ModelCells(replay, WORLD), WORLD)).bury(index)],
    },
  ];
}
