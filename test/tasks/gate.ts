/** The worker's side of a `Gate` (see conformance/support.ts): arrive, and wait to be let through. */
import { connect } from "node:net";

/** Tells the gate at `path` that `label` has arrived, waits until it is let through, and returns the label. */
export function passGate(path: string, label: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`the gate closed before ${label} was let through`)));
    socket.once("data", () => {
      resolve(label);
      socket.destroy();
    });
    socket.write(`${label}\n`);
  });
}

/** The same, and then a failure. */
export async function passGateAndFail(path: string, label: string): Promise<never> {
  await passGate(path, label);
  throw new Error(label);
}

/** Two gates, one after the other. */
export async function passGates(first: string, second: string, label: string): Promise<string> {
  await passGate(first, label);
  return passGate(second, label);
}
