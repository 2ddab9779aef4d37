import { isMainThread } from 'node:worker_threads';
import { complain, WHERE_TO_SEND } from './complain.js';

/** How long the end of a program waits for what was recorded last. */
const LIMIT_MS = 3_000;

/** What ends with the program. Neither promise is ever rejected. */
export interface Telemetry {
  /** Sends what was recorded so far. */
  flush(): Promise<void>;
  /** Sends what was recorded so far; nothing is recorded any more. */
  shutdown(): Promise<void>;
}

/** Sends what was recorded last when the program ends by itself, or by SIGTERM or SIGINT. */
export function sendAtExit(telemetry: Telemetry): void {
  process.prependOnceListener('beforeExit', () => void sendAtNaturalEnd(telemetry));
  // Signals go to the main thread alone.
  if (isMainThread) {
    sendOnSignal('SIGTERM', telemetry);
    sendOnSignal('SIGINT', telemetry);
  }
}

async function sendAtNaturalEnd(telemetry: Telemetry): Promise<void> {
  // If nobody else is told, nobody can have begun anything that must go on.
  const isAlone = process.listenerCount('beforeExit') === 0;
  const isSent = await withinLimit(telemetry.shutdown());
  if (!isSent && isAlone) {
    process.exit();
  }
}

/** The signal does what it would do without us: what the program's listeners do, else it ends the program. */
function sendOnSignal(signal: 'SIGTERM' | 'SIGINT', telemetry: Telemetry): void {
  const onSignal = (): void => {
    // Some listeners end the program only if they are alone.
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

/** Returns only if somebody listens by now, and to the first process of a container, which has to handle signals. */
function raise(signal: 'SIGTERM' | 'SIGINT'): void {
  process.kill(process.pid, signal);
}

/** @returns Whether it was done in time. */
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
