/** When something began and ended, on our clock; `NaN` for what did not happen. */
export interface Interval {
  start: number;
  end: number;
  /** Why it failed; `undefined` if it did not. */
  error: Error | undefined;
}

/** When the parts of one dial happened. */
export class DialRecord {
  readonly dns: Interval = { start: Number.NaN, end: Number.NaN, error: undefined };
  /** From the first address tried to the end of the last one. */
  readonly connect: Interval = { start: Number.NaN, end: Number.NaN, error: undefined };
  readonly tls: Interval = { start: Number.NaN, end: Number.NaN, error: undefined };
  /** The name that is looked up. */
  host = '';
  private connected = false;

  /** Whether the dial brought a connection. A further attempt then is another dial. */
  get isDone(): boolean {
    return this.connected;
  }

  dnsStart(host: string, at: number): void {
    this.host = host;
    begin(this.dns, at);
  }

  dnsDone(at: number, error: Error | undefined): void {
    end(this.dns, at, error);
  }

  connectStart(at: number): void {
    if (Number.isNaN(this.connect.start)) {
      begin(this.connect, at);
    } else {
      this.connect.end = Number.NaN;
    }
  }

  connectDone(at: number, error: Error | undefined): void {
    end(this.connect, at, error);
    this.connected = error === undefined;
  }

  tlsHandshakeStart(at: number): void {
    if (Number.isNaN(this.tls.start)) {
      begin(this.tls, at);
    }
  }

  tlsHandshakeDone(at: number, error: Error | undefined): void {
    end(this.tls, at, error);
  }
}

function begin(interval: Interval, at: number): void {
  interval.start = at;
}

function end(interval: Interval, at: number, error: Error | undefined): void {
  interval.end = at;
  interval.error = error;
}
