/** How objects in shared memory travel to threads, and lend themselves to other processes. */
import { SerializationError } from "../base/errors.js";
import type { RemoteLink, RemoteObject, Reviver, Travel } from "../base/shareable.js";
import { factsOf } from "./remote-sites.js";
import { type Parcel, type Place, placeAt, remember, remembered } from "./site.js";

/** What stands for an object in a thread: there is one, as long as anybody has it. */
export interface Core {
  /** Others have the object from now on. */
  share(): void;
}

/** A core with its place in memory. */
export interface Placed<C> {
  readonly core: C;
  readonly place: Place;
}

/** The travel of an object whose memory is this thread's too.
 *  @param remote - what other processes may do with it */
export function travelOf(kind: string, { core, place }: Placed<Core>, remote: RemoteObject): Travel {
  return {
    kind,
    toThread: () => {
      remember(core, place);
      core.share();
      return place.parcel;
    },
    remote: {
      facts: () => ({ ...factsOf(place), ...Object(remote.facts()) }),
      open: () => {
        core.share();
        return remote.open();
      },
      // From now on, and not from when it is there: until then somebody waits for what it is going to do.
      given: () => {
        core.share();
        return remote.given?.();
      },
    },
  };
}

/** An object that has arrived from another thread: on the core that this thread has already, or on one that `make` makes. */
export function arrived<C extends Core>(parcel: unknown, make: (place: Place) => C): Placed<C> {
  const place = placeAt(parcel as Parcel);
  const known = remembered(place) as C | undefined;
  if (known !== undefined) return { core: known, place };
  const core = make(place);
  remember(core, place);
  core.share();
  return { core, place };
}

/** The travel of an object that another process owns. Whoever carries it knows the way to its owner, and tells that. */
export function travelOfProxy(kind: string): Travel {
  return {
    kind,
    toThread: () => {
      throw new SerializationError(
        "",
        `This ${kind} belongs to another process: only what has brought it can carry it on`,
      );
    },
  };
}

/** A reviver that says what it makes. */
export interface Revives<T extends object> extends Reviver {
  fromThread(parcel: unknown): T;
  fromProcess(link: RemoteLink, facts: unknown): T;
}
