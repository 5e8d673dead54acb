/** `idle.js KIND`: a pool that has worked and works no more, in a program that waits without a timer: for a connection to
 *  the port it prints, after which it must end by itself. */
import { createServer } from "node:net";
import { openServer } from "#tasks/alive.js";
import { square } from "#tasks/basic.js";
import { candidate } from "../conformance/executors.js";

const pool = candidate(process.argv[2]).make({ maxWorkers: 2, initializer: openServer });
// Two workers, calls one by one and in thousands: whatever a pool does to be quick it has begun to do.
await pool.map(
  square,
  Array.from({ length: 20_000 }, (_, n) => n),
);
await pool.submit(square, 3);

const server = createServer((socket) => {
  socket.destroy();
  server.close();
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(`resources ${JSON.stringify(process.getActiveResourcesInfo())}`);
  console.log(`port ${typeof address === "object" ? address?.port : address}`);
});
