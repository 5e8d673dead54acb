/** Shared objects on their way to a thread, as the library itself carries them. */

const SHAREABLE = Symbol.for("manyhands.shareable");
const REVIVERS = Symbol.for("manyhands.revivers");

interface Ticket {
  readonly kind: string;
  readonly memory: unknown;
}
type Carried =
  | { readonly type: "value"; readonly value: unknown }
  | { readonly type: "ticket"; readonly ticket: Ticket };

type Revivers = ReadonlyMap<string, { fromThread(parcel: unknown): object }>;

export function carried(args: readonly unknown[]): readonly Carried[] {
  return args.map((value) => {
    const travel = Object(value)[SHAREABLE];
    if (travel === undefined) return { type: "value", value };
    return { type: "ticket", ticket: { kind: travel.kind, memory: travel.toThread() } };
  });
}

export async function arrived(args: readonly Carried[]): Promise<unknown[]> {
  await Promise.all(
    ["manyhands/threading", "manyhands/queue", "manyhands/multiprocessing"].map((room) => import(room)),
  );
  return args.map((each) => {
    if (each.type === "value") return each.value;
    const reviver = (globalThis as { [REVIVERS]?: Revivers })[REVIVERS]?.get(each.ticket.kind);
    if (reviver === undefined) throw new Error(`nobody revives a ${each.ticket.kind}`);
    return reviver.fromThread(each.ticket.memory);
  });
}
