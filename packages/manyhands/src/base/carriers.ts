/** What travels with calls besides their arguments: values of the place that submits, which are put in force around the
 *  task wherever it runs.
 *
 *  This module does not know what is carried. Each carrier takes its value where a call is submitted, and puts it in force where
 *  the task runs; a worker finds the carrier by the module that exports it.
 *
 *  Guarantees: while no carrier is registered a call pays one look at a variable; a call for which no carrier has a value
 *  travels as if there were none; the list of a burst's carriers is one and the same object as long as nobody registers. */
import type { AsyncLocalStorage } from "node:async_hooks";

/** Where a carrier is exported. */
export interface CarrierRef {
  /** URL of the module. */
  readonly module: string;
  readonly name: string;
}

/** The call that is about to be submitted. */
export interface DepartingCall {
  /** As the messages of `manyhands:task` name it. */
  readonly id: number;
  readonly task: string;
  readonly executor: { readonly id: number; readonly kind: string; readonly name: string };
}

/** Puts a value in force while something runs, and whatever that awaits. */
export interface Around {
  around<R>(value: unknown, run: () => R): R;
}

export interface Carrier extends CarrierRef, Around {
  /** The value that goes with the call; `undefined` for none. */
  capture(call: DepartingCall): unknown;
}

/** What a call takes along. */
export interface Luggage {
  readonly carriers: readonly Carrier[];
  /** One for each of them. */
  readonly values: readonly unknown[];
}

let carriers: readonly Carrier[] = [];

/** Registers a carrier, in the place of one that is exported under the same name. Disposing of what it returns ends that. */
export function addCarrier(carrier: Carrier): Disposable {
  carriers = [...carriers.filter((other) => !isSame(other, carrier)), carrier];
  return {
    [Symbol.dispose]: () => {
      carriers = carriers.filter((other) => other !== carrier);
    },
  };
}

function isSame(a: CarrierRef, b: CarrierRef): boolean {
  return a.module === b.module && a.name === b.name;
}

/** Whether anything may travel with calls. */
export function carries(): boolean {
  return carriers.length > 0;
}

/** What goes with a call that is submitted here and now. On the event loop always something: a call begins there in the context
 *  of whoever submitted the first of its turn, so "no value" must be put in force as well. */
export function luggageOf(call: DepartingCall): Luggage | undefined {
  const values = carriers.map((carrier) => carrier.capture(call));
  const nothing = call.executor.kind !== "event-loop" && values.every((value) => value === undefined);
  return nothing ? undefined : { carriers, values };
}

/** Runs something with all that came along in force. */
export function runAround<R>(arounds: readonly Around[], values: readonly unknown[], run: () => R): R {
  let inner = run;
  for (const [at, each] of arounds.entries()) {
    const value = values[at];
    const within = inner;
    inner = () => each.around(value, within);
  }
  return inner();
}

/** A storage as a carrier puts its values in force. Not even touched when that changes nothing: the first `run` makes every
 *  `await` of the thread dearer on Node 20 and 22. */
export function aroundStorage(storage: AsyncLocalStorage<unknown>): Around {
  return { around: (value, run) => (storage.getStore() === value ? run() : storage.run(value, run)) };
}
