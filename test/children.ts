/** Children of tests: programs of the system that a test starts and need not end itself. */
import { Popen, type PopenOptions } from "manyhands/subprocess";
import { later } from "./keeping.js";

/** Kills the child, and all its tree when it has one, after the test. */
export function keepChild<E extends BufferEncoding | undefined>(child: Popen<E>): Popen<E> {
  later(() => child.close());
  return child;
}

/** A line in a shell. */
export function shell<E extends BufferEncoding | undefined = undefined>(
  line: string,
  options: PopenOptions<E> = {},
): Popen<E> {
  return keepChild(new Popen(line, { ...options, shell: true }));
}

/** A program for `node`. */
export function script<E extends BufferEncoding | undefined = undefined>(
  source: string,
  options: PopenOptions<E> = {},
): Popen<E> {
  return keepChild(new Popen(scriptArgs(source), options));
}

export function scriptArgs(source: string): readonly string[] {
  return [process.execPath, "--input-type=module", "-e", source];
}
