/** What can be waited for together with other things: an end of a pipe that has a message, a process that has ended. */

/** Something that becomes ready. `wait` of `manyhands/multiprocessing` takes any number of these. */
export interface Waitable {
  /** Whether waiting for it would end at once. */
  isReady(): boolean;
  /** Waits until it is ready. Nothing is taken by waiting: whoever looks afterwards may find that another was faster.
   *
   *  Cancelling leaves nothing behind: neither a listener nor what kept the program alive for the wait.
   *  @throws CancelledError when `signal` aborts; its reason is the cause. */
  whenReady(options: { readonly signal: AbortSignal }): Promise<void>;
}
