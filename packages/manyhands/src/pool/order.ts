/** What calls have in common that were submitted together: the function, its plan, what goes along, when and from where.
 *
 *  A burst of calls shares one order, so that each of them carries a pointer and not ten fields. */
import type { Carrier } from "../base/carriers.js";
import type { AnyTask } from "../wire/mod.js";
import type { PortFunction } from "../worker/mod.js";
import type { CallOwner } from "./call.js";
import type { CallPlan } from "./plan.js";
import type { Profile } from "./profile.js";
import type { Site } from "./sites.js";

export class Order {
  readonly owner: CallOwner;
  readonly task: AnyTask;
  readonly plan: CallPlan;
  /** Of what goes along with the calls, as the last of their arguments; `undefined` when nothing does. */
  readonly carriers: readonly Carrier[] | undefined;
  /** Epoch ms. */
  readonly submittedAt: number;
  /** The stack of the submit. */
  readonly site: Site;
  /** What a worker will run; `undefined` while that is worked out. */
  target: PortFunction | undefined = undefined;
  /** What is known of the target's running time. */
  profile: Profile;

  constructor(
    owner: CallOwner,
    task: AnyTask,
    plan: CallPlan,
    carriers: readonly Carrier[] | undefined,
    submittedAt: number,
    site: Site,
    profile: Profile,
  ) {
    this.owner = owner;
    this.task = task;
    this.plan = plan;
    this.carriers = carriers;
    this.submittedAt = submittedAt;
    this.site = site;
    this.profile = profile;
  }
}
