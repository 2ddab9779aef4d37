/** The time that something has, and when it must stop for another reason. */
export class TimeLimit {
  readonly signal: AbortSignal;
  private readonly timer: NodeJS.Timeout | undefined;

  /**
   * @param ms `undefined`: any time.
   * @param what What has not happened by then.
   * @param stopped The other reason.
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
