/** Where this thread stands among those that share objects, and the memory of the objects it has.
 *
 *  Guarantees: a thread has one seat and one bell in each world, and one core for each object, however often the object
 *  arrives; the end of any thread that this one has started is noticed, once this file is loaded. */
import { getEnvironmentData, isMainThread, setEnvironmentData, threadId, type Worker } from "node:worker_threads";
import { hasEnded, whenEnded } from "../base/thread-ends.js";
import { Bell } from "../memory/bell.js";
import { type Cells, sharedCells } from "../memory/cells.js";
import { Listening } from "../memory/listening.js";
import { WORLD_BYTES, World } from "../memory/world.js";

/** What an object stands on: its words, and the bell of the thread that uses it. */
export interface Site {
  readonly bell: Bell;
  readonly cells: Cells;
  /** The object's number in its world. */
  readonly object: number;
}

/** The memory of an object, as it goes to other threads. */
export interface Parcel {
  readonly world: SharedArrayBuffer;
  readonly memory: SharedArrayBuffer;
}

/** A site whose memory can travel. */
export interface Place extends Site {
  readonly parcel: Parcel;
}

/** What a thread tells those it starts. */
interface Heritage {
  readonly world: SharedArrayBuffer;
  readonly parent: number;
}

const HERITAGE = "manyhands:world";

/** Words that every object has before its own: its number in its world. */
export const OBJECT_HEADER = 1;
const NUMBER = 0;

/** This thread in one world. */
interface Presence {
  readonly bell: Bell;
  readonly buffer: SharedArrayBuffer;
  readonly cores: Map<number, WeakRef<object>>;
  readonly forget: FinalizationRegistry<number>;
}

const inherited = getEnvironmentData(HERITAGE) as Heritage | undefined;
const presences = new Map<string, Presence>();
/** This thread in the world in which it makes objects, once it has made one. */
let own: Presence | undefined;

function enter(buffer: SharedArrayBuffer): Presence {
  const world = new World(sharedCells(buffer));
  const known = presences.get(world.id);
  if (known !== undefined) return known;
  const bell = new Bell(world, world.sit(threadId, inherited?.parent ?? -1));
  bell.attend(new Listening(bell));
  const cores = new Map<number, WeakRef<object>>();
  const forget = new FinalizationRegistry((object: number) => {
    // The object may have arrived anew.
    if (cores.get(object)?.deref() === undefined) cores.delete(object);
  });
  const presence: Presence = { bell, buffer, cores, forget };
  presences.set(world.id, presence);
  return presence;
}

function newWorld(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(WORLD_BYTES);
  const [high = 0, low = 0] = crypto.getRandomValues(new Int32Array(2));
  new World(sharedCells(buffer)).name(high, low);
  return buffer;
}

/** The world in which this thread makes objects. The first thread makes it; others are told of it when they start. */
const home: SharedArrayBuffer = inherited?.world ?? newWorld();
setEnvironmentData(HERITAGE, { world: home, parent: threadId } satisfies Heritage);

whenEnded((ended) => {
  for (const { bell } of presences.values()) bell.world.bury(ended);
});
/** The threads that this one has started, and that have not ended. */
const children = new Set<Worker>();
process.on("worker", (worker: Worker) => {
  const { threadId: started } = worker;
  children.add(worker);
  worker.once("exit", () => {
    children.delete(worker);
    hasEnded(started);
  });
});
if (!isMainThread) {
  // Who has started this thread may be parked, and see of its end nothing before it is free again: which it may never be,
  // when it waits for what this thread holds.
  process.once("exit", () => {
    // Node ends them, too, but later: they would go on with what is now given to others.
    for (const child of children) child.terminate().catch(() => undefined);
    hasEnded(threadId);
  });
}

/** Makes the memory of a new object of so many words, which are 0. */
export function newPlace(words: number): Place {
  own ??= enter(home);
  const memory = new SharedArrayBuffer(4 * (OBJECT_HEADER + words));
  const cells = sharedCells(memory);
  const object = own.bell.world.newObject();
  cells.store(NUMBER, object);
  return { bell: own.bell, cells, object, parcel: { world: own.buffer, memory } };
}

/** The place of an object that has arrived. */
export function placeAt({ world, memory }: Parcel): Place {
  const { bell, buffer } = enter(world);
  const cells = sharedCells(memory);
  return { bell, cells, object: cells.load(NUMBER), parcel: { world: buffer, memory } };
}

/** What this thread has for the object already. */
export function remembered({ object, parcel }: Place): object | undefined {
  return enter(parcel.world).cores.get(object)?.deref();
}

/** Lets this thread find the core again when the object comes back. Called before the object leaves. */
export function remember(core: object, { object, parcel }: Place): void {
  const { cores, forget } = enter(parcel.world);
  if (cores.get(object)?.deref() === core) return;
  cores.set(object, new WeakRef(core));
  forget.register(core, object);
}
