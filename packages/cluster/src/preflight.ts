/** What in the settings of Redis would lose work, said before it happens.
 *
 *  Guarantees: nothing is changed; a Redis that does not tell (managed ones often refuse CONFIG) is not complained of. */
import type { Redis } from "ioredis";

/** A setting that can lose work. */
export interface RedisProblem {
  readonly setting: "appendonly" | "maxmemory-policy";
  readonly value: string;
  readonly message: string;
}

/** Looks at the settings that matter. */
export async function inspectRedis(redis: Redis): Promise<readonly RedisProblem[]> {
  const [persistence, memory] = await Promise.all([infoOf(redis, "persistence"), infoOf(redis, "memory")]);
  const problems: RedisProblem[] = [];
  if (persistence.get("aof_enabled") === "0") {
    problems.push({
      setting: "appendonly",
      value: "no",
      message:
        "Redis keeps no append-only file: what was queued or done since the last snapshot is lost when it is killed. " +
        "Set `appendonly yes` (`appendfsync everysec` is enough)",
    });
  }
  const policy = memory.get("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    problems.push({
      setting: "maxmemory-policy",
      value: policy,
      message: `Redis may throw jobs away when its memory is full (maxmemory-policy ${policy}). Set \`maxmemory-policy noeviction\``,
    });
  }
  return problems;
}

async function infoOf(redis: Redis, section: string): Promise<ReadonlyMap<string, string>> {
  try {
    const text = await redis.info(section);
    return new Map(
      text.split("\r\n").map((line): [string, string] => [line.replace(/:.*/, ""), line.replace(/^[^:]*:/, "")]),
    );
  } catch {
    // It does not let us look: nothing is known, which is not the same as wrong.
    return new Map();
  }
}

/** Warns of each, once in a process for each Redis. */
export function warnOf(problems: readonly RedisProblem[], where: string): void {
  for (const { setting, message } of problems) {
    const key = `${where} ${setting}`;
    if (warned.has(key)) continue;
    warned.add(key);
    process.emitWarning(message, { type: "ClusterWarning", code: "MANYHANDS_REDIS_SETTING" });
  }
}

const warned = new Set<string>();
