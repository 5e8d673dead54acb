/** `--halt`: when failures end the run.
 *
 *  Guarantees: pure. A percentage is of the calls that have ended so far, and is not judged before three have: the
 *  first call's failure would always be 100 %. */
import { InvalidArgumentError } from "commander";

export type HaltPolicy =
  | { readonly when: "never" }
  | { readonly when: "soon" | "now"; readonly failures: number }
  | { readonly when: "soon" | "now"; readonly percent: number };

/** What a policy says about the counts so far: `drain` lets running calls end, `stop` ends them. */
export type HaltDecision = "go-on" | "drain" | "stop";

const LEAST_FOR_PERCENT = 3;

/** `never`, or `[now|soon,]fail=N` or `N%`; `soon` when not said. */
export function parseHalt(text: string): HaltPolicy {
  if (text === "never") return { when: "never" };
  const [, when = "soon", amount, percent] = /^(?:(now|soon),)?fail=(\d+(?:\.\d+)?)(%)?$/.exec(text) ?? [];
  const limit = Number(amount);
  const fits = percent === undefined ? Number.isInteger(limit) && limit >= 1 : limit > 0 && limit <= 100;
  if (amount === undefined || !fits || (when !== "now" && when !== "soon")) {
    throw new InvalidArgumentError("It must be never, now,fail=N, soon,fail=N, or with N% (0 < N% <= 100%).");
  }
  return percent === undefined ? { when, failures: limit } : { when, percent: limit };
}

export function decideHalt(policy: HaltPolicy, ended: number, failed: number): HaltDecision {
  if (policy.when === "never") return "go-on";
  const reached =
    "failures" in policy
      ? failed >= policy.failures
      : ended >= LEAST_FOR_PERCENT && failed > 0 && (failed / ended) * 100 >= policy.percent;
  if (!reached) return "go-on";
  return policy.when === "now" ? "stop" : "drain";
}
