/** Shared objects on their way to a thread, as the library itself carries them. */

const SHAREABLE = Symbol.for("manyhands.shareable");

interface Ticket {
  readonly kind: string;
  readonly memory: unknown;
}
type Carried =
  | { readonly type: "value"; readonly value: unknown }
  | { readonly type: "ticket"; readonly ticket: Ticket };

interface Revivers {
  reviverOf(kind: string): { fromThread(parcel: unknown): object } | undefined;
}

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
  const core = new URL("../../../packages/manyhands/dist/worker/core.js", import.meta.url).href;
  const { reviverOf } = (await import(core)) as Revivers;
  return args.map((each) => {
    if (each.type === "value") return each.value;
    const reviver = reviverOf(each.ticket.kind);
    if (reviver === undefined) throw new Error(`nobody revives a ${each.ticket.kind}`);
    return reviver.fromThread(each.ticket.memory);
  });
}
