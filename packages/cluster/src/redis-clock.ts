/** The clock of Redis, by which all machines of a cluster speak of time: their own clocks may be wrong by hours.
 *
 *  Guarantees: times are off by half a round trip at most, plus what the clock has drifted since it was last read. */
import type { Redis } from "ioredis";

export class RedisClock {
  /** ms that the clock of Redis is ahead of this process's. */
  #ahead = 0;

  /** Reads the clock. */
  async read(redis: Redis): Promise<void> {
    const before = localNow();
    const [seconds, micros] = await redis.time();
    this.#ahead = Number(seconds) * 1000 + Number(micros) / 1000 - (before + localNow()) / 2;
  }

  /** Epoch ms by the clock of Redis. */
  now(): number {
    return localNow() + this.#ahead;
  }

  /** What the shared clock showed when this process's showed `local`. */
  shared(local: number): number {
    return local + this.#ahead;
  }

  /** What this process's clock showed when the shared one showed `shared`. */
  local(shared: number): number {
    return shared - this.#ahead;
  }
}

/** Epoch ms by the monotonic clock, as the library's own. */
export function localNow(): number {
  return performance.timeOrigin + performance.now();
}
