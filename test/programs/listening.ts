/** `listening.js HOW ADDRESS KEY`: the other side of a connection, in a process of its own. */
import { type Address, Client, Listener } from "manyhands/multiprocessing";

const [, , how, address = "", authkey] = process.argv;
const where = JSON.parse(address) as Address;
const key = authkey === undefined ? {} : { authkey };

switch (how) {
  // Sends back what it gets until the other end goes.
  case "echo": {
    const connection = await Client(where, key);
    try {
      for (;;) await connection.sendBytes(await connection.recvBytes());
    } catch (error) {
      console.log(`ended ${(error as { code: string }).code}`);
    }
    break;
  }
  case "idle":
    await Client(where, key);
    // Neither a listener nor a connection that nobody waits for keeps a program alive.
    await Listener.open();
    console.log("connected");
    break;
  case "wait": {
    const connection = await Client(where, key);
    console.log(`got ${await connection.recv()}`);
    break;
  }
  default:
    throw new Error(`there is no way ${how}`);
}
