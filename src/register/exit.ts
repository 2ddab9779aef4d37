import { isMainThread } from 'node:worker_threads';
import { complain, WHERE_TO_SEND } from './complain.js';

/** How long the end of a program waits until the last telemetry is sent. */
const LIMIT_MS = 3_000;

/** The telemetry of a program. Neither promise is ever rejected. */
export interface Telemetry {
  /** Sends what was recorded so far. */
  flush(): Promise<void>;
  /** Sends what was recorded so far, and records nothing more. */
  shutdown(): Promise<void>;
}

/** Sends the last telemetry when the program ends by itself, or by SIGTERM or SIGINT. */
export function sendAtExit(telemetry: Telemetry): void {
  process.prependOnceListener('beforeExit', () => void sendAtNaturalEnd(telemetry));
  // Only the main thread gets signals.
  if (isMainThread) {
    sendOnSignal('SIGTERM', telemetry);
    sendOnSignal('SIGINT', telemetry);
  }
}

async function sendAtNaturalEnd(telemetry: Telemetry): Promise<void> {
  // Without other listeners nobody can have begun anything that must go on.
  const isAlone = process.listenerCount('beforeExit') === 0;
  const isSent = await withinLimit(telemetry.shutdown());
  if (!isSent && isAlone) {
    process.exit();
  }
}

/** Sends on a signal, which then does what it would do without us. Without listeners of the program it ends the program. */
function sendOnSignal(signal: 'SIGTERM' | 'SIGINT', telemetry: Telemetry): void {
  const onSignal = (): void => {
    // Some listeners end the program only if they are the only one.
    process.removeListener(signal, onSignal);
    const isUnheard = process.listenerCount(signal) === 0;
    const sent = withinLimit(telemetry.flush());
    void (isUnheard ? sent.then(() => raise(signal)) : Promise.resolve()).then(listen);
  };
  const listen = (): void => {
    process.prependListener(signal, onSignal);
  };
  listen();
}

/** Ends the program, unless somebody listens by now, or it is the first process of a container, which no signal ends. */
function raise(signal: 'SIGTERM' | 'SIGINT'): void {
  process.kill(process.pid, signal);
}

/** @returns Whether everything was sent in time. */
async function withinLimit(sent: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, LIMIT_MS, false);
  });
  const isSent = await Promise.race([sent.then(() => true), late]);
  clearTimeout(timer);
  if (!isSent) {
    complain(`what was recorded last could not be sent within ${LIMIT_MS / 1_000} s; ${WHERE_TO_SEND}`);
  }
  return isSent;
}
