/** The names under which executors tell what they do, by `node:diagnostics_channel`. Listeners find them by these names, in
 *  whichever copy of the library they come from: so they never change. */

/** What becomes of calls. */
export const TASK_CHANNEL = "manyhands:task";
/** What becomes of workers. */
export const WORKER_CHANNEL = "manyhands:worker";
