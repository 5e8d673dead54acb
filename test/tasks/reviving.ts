/** Shared objects on their way to a thread, without a call that carries them. */

interface Travel {
  readonly kind: string;
  toThread(): unknown;
}
interface Reviver {
  fromThread(parcel: unknown): object;
}
interface Known {
  readonly [kept: symbol]: ReadonlyMap<string, Reviver>;
}

const SHAREABLE = Symbol.for("manyhands.shareable");
const REVIVERS = Symbol.for("manyhands.revivers");

export type Parcels = readonly { readonly kind: string; readonly parcel: unknown }[];

export function parcelsOf(objects: readonly object[]): Parcels {
  return objects.map((object) => {
    const travel = Reflect.get(object, SHAREABLE) as Travel;
    return { kind: travel.kind, parcel: travel.toThread() };
  });
}

export function revived(parcels: Parcels): readonly object[] {
  const revivers = (globalThis as unknown as Known)[REVIVERS];
  return parcels.map(({ kind, parcel }) => revivers?.get(kind)?.fromThread(parcel) as object);
}
