/** `Pipe`: two connections that are each other's ends, and how they travel. */
import { checkNames, checkType } from "../base/options.js";
import { registerReviver, type Travel } from "../base/shareable.js";
import { sharedCells } from "../memory/cells.js";
import { newStoreMemory, type StoreMemory } from "../memory/open-store.js";
import type { Ticket } from "../memory/world.js";
import { PIPE_WORDS, SharedEnd, SharedPipe } from "../sync/pipe-core.js";
import type { End } from "../sync/pipe-ends.js";
import { RemoteEnd, remoteEnd } from "../sync/pipe-remote.js";
import { newPlace, type Parcel, type Place } from "../sync/site.js";
import { arrived, type Placed, travelOf, travelOfProxy } from "../sync/travel.js";
import { Connection, type Ways } from "./connection.js";

const KIND = "Connection";

/** The memory of an end on its way to another thread. */
interface EndParcel extends Parcel {
  readonly stores: readonly [StoreMemory, StoreMemory];
  readonly end: End;
  readonly ways: Ways;
  /** The thread that counts this copy as its own until it has arrived. */
  readonly lender: Ticket;
  /** One word: whether it has. What a call is given can arrive more than once. */
  readonly passage: SharedArrayBuffer;
}

type Memory = Pick<EndParcel, "stores" | "end" | "ways">;

/** Makes a pipe.
 *  @param options - `duplex: false`: messages go one way, from the second connection to the first
 *  @returns its two ends
 *  @throws InvalidOptionError (`ERR_INVALID_OPTION`) naming the option
 *  @example
 *  ```ts
 *  const [receiver, sender] = Pipe({ duplex: false });
 *  ``` */
export function Pipe(options: { readonly duplex?: boolean } = {}): [Connection, Connection] {
  checkNames("A pipe", options, ["duplex"]);
  checkType("duplex", options.duplex, "boolean");
  const place = newPlace(PIPE_WORDS);
  const stores = [newStoreMemory("fifo"), newStoreMemory("fifo")] as const;
  const core = new SharedPipe(place, stores);
  const make = (end: End, ways: Ways): Connection => {
    core.open(end);
    return connection({ core, place }, { stores, end, ways });
  };
  const oneWay = options.duplex === false;
  return [make(0, oneWay ? "receive" : "both"), make(1, oneWay ? "send" : "both")];
}

/** A connection over a copy of an end that the pipe has counted. */
function connection(placed: Placed<SharedPipe>, memory: Memory): Connection {
  const core = new SharedEnd(placed.core, memory.end);
  return new Connection({ core, travel: travel(placed, memory), ways: memory.ways });
}

function travel({ core, place }: Placed<SharedPipe>, memory: Memory): Travel {
  const { end, ways } = memory;
  const common = travelOf(KIND, { core, place }, remoteEnd(core, end, { ways }));
  return {
    ...common,
    toThread: () => {
      core.open(end);
      const passage = new SharedArrayBuffer(4);
      return { ...Object(common.toThread()), ...memory, lender: core.ticket, passage } satisfies EndParcel;
    },
    lost: (sent) => {
      const { passage } = sent as EndParcel;
      // As if it had arrived and been closed at once.
      if (sharedCells(passage).replace(0, 0, 1)) core.close(end);
    },
  };
}

function revived(sent: unknown): Connection {
  const parcel = sent as EndParcel;
  const { stores, end, ways, lender, passage } = parcel;
  const placed: { core: SharedPipe; place: Place } = arrived(parcel, (place) => new SharedPipe(place, stores));
  if (sharedCells(passage).replace(0, 0, 1)) placed.core.receive(end, lender);
  else placed.core.open(end);
  return connection(placed, { stores, end, ways });
}

registerReviver(KIND, {
  module: import.meta.url,
  fromThread: revived,
  fromProcess: (link, facts) =>
    new Connection({
      core: new RemoteEnd(link),
      travel: travelOfProxy(KIND),
      ways: (facts as { readonly ways: Ways }).ways,
    }),
});
