/** Who owns an object of another process that is used here.
 *
 *  Guarantees: knowing keeps nothing alive. */

/** An object of some owner: the owner's socket, the key to it, and the object's number there. */
export interface OwnedElsewhere {
  readonly path: string;
  readonly key: string;
  readonly object: number;
}

const owners = new WeakMap<object, OwnedElsewhere>();

export function ownerOf(object: object): OwnedElsewhere | undefined {
  return owners.get(object);
}

export function rememberOwner(object: object, owner: OwnedElsewhere): void {
  owners.set(object, owner);
}
