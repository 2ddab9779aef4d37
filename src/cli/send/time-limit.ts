/** A time limit, which another reason may cut short. */
export class TimeLimit {
  readonly signal: AbortSignal;
  private readonly timer: NodeJS.Timeout | undefined;

  /**
   * @param ms Milliseconds; `undefined` for no limit.
   * @param what What has not happened when the time is over, for the message.
   * @param stopped Aborted for the other reason.
   */
  constructor(ms: number | undefined, what: string, stopped: AbortSignal) {
    if (ms === undefined) {
      this.signal = stopped;
      return;
    }
    const controller = new AbortController();
    const reason = new Error(`${what} within ${ms / 1_000} s`);
    reason.name = 'TimeoutError';
    this.timer = setTimeout(() => controller.abort(reason), ms);
    this.signal = AbortSignal.any([stopped, controller.signal]);
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
