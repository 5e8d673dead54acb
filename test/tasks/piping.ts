/** What threads and processes do with connections. */
import type { Connection } from "manyhands/multiprocessing";

/** Sends every message back until the other end is closed. @returns how many came. */
export async function echo(connection: Connection): Promise<number> {
  for (let count = 0; ; count += 1) {
    let message: unknown;
    try {
      message = await connection.recv();
    } catch (error) {
      connection.close();
      if ((error as { code?: string }).code === "ERR_EOF") return count;
      throw error;
    }
    await connection.send(message);
  }
}

/** As `echo`, parked, and of bytes. */
export async function echoBytes(connection: Connection): Promise<void> {
  await connection.sendBytes(await connection.recvBytes());
  connection.close();
}

export function echoParked(connection: Connection): void {
  connection.sendSync(connection.recvSync());
  connection.close();
}

/** Says that it is there and waits to be killed. */
export async function hold(connection: Connection): Promise<void> {
  await connection.send("here");
  await connection.recv();
}

/** Sends the numbers up to `end` and closes. */
export async function count(connection: Connection, end: number): Promise<void> {
  for (let number = 0; number < end; number += 1) await connection.send(number);
  connection.close();
}

/** Polls, telling `news` when it waits (what is called before an `await` waits by then) and when it is over. */
export async function pollAndTell(connection: Connection, news: Connection): Promise<void> {
  const polling = connection.poll({ timeout: Number.POSITIVE_INFINITY });
  await news.send("waits");
  await news.send(await polling);
}

/** Receives one message, telling `news` when it waits and what has come. */
export async function receiveAndTell(connection: Connection, news: Connection): Promise<void> {
  const receiving = connection.recv();
  await news.send("waits");
  await news.send(await receiving);
}
