import * as diagnosticsChannel from 'node:diagnostics_channel';
import { enterMoment, leaveMoment } from '../clock.js';
import type { ChannelMessages, ChannelName } from './channels.js';
import type { Report, Stop } from './request-trace.js';

/** One handler for each channel of interest. */
export type Handlers = { [Name in ChannelName]?: (message: ChannelMessages[Name]) => void };

/** What came through a channel that is, or was, listened to. */
export interface ChannelUse {
  /** How many sources listen at the moment. */
  listeners: number;
  messages: number;
}

const uses = new Map<string, ChannelUse>();

export function channelUses(): ReadonlyMap<string, Readonly<ChannelUse>> {
  return uses;
}

/** Listens to diagnostics channels. Node makes an uncaught exception of what a subscriber throws: see `guarded`. */
export function subscribe(handlers: Handlers, report: Report): Stop {
  const stops = Object.entries(handlers).map(([name, handler]) =>
    listen(name, handler as (message: unknown) => void, report),
  );
  return () => {
    for (const stop of stops.splice(0)) {
      stop();
    }
  };
}

function listen(name: string, handler: (message: unknown) => void, report: Report): Stop {
  const use = uses.get(name) ?? { listeners: 0, messages: 0 };
  uses.set(name, use);
  const listener = guarded(name, handler, report, use);
  diagnosticsChannel.subscribe(name, listener);
  use.listeners++;
  return () => {
    diagnosticsChannel.unsubscribe(name, listener);
    use.listeners--;
  };
}

/** As `guarded`, for a listener of two things. */
export function guardedPair<First, Second>(
  what: string,
  listener: (first: First, second: Second) => void,
  report: Report,
): (first: First, second: Second) => void {
  const failed = reportOnce(what, report);
  return (first, second) => {
    const before = enterMoment();
    try {
      listener(first, second);
    } catch (error) {
      failed(error);
    } finally {
      leaveMoment(before);
    }
  };
}

/**
 * The one guard and clock between what we do and the program that we watch: a failure of ours is reported, once for
 * each thing that is listened to, and goes no further; all that one call tells happened at one moment.
 */
export function guarded<Message>(
  what: string,
  listener: (message: Message) => void,
  report: Report,
  use: Pick<ChannelUse, 'messages'> = { messages: 0 },
): (message: Message) => void {
  const failed = reportOnce(what, report);
  return (message) => {
    use.messages++;
    const before = enterMoment();
    try {
      listener(message);
    } catch (error) {
      failed(error);
    } finally {
      leaveMoment(before);
    }
  };
}

/** What fails of one thing is reported once. */
export function reportOnce(what: string, report: Report): (error: unknown) => void {
  let reported = false;
  return (error) => {
    if (!reported) {
      reported = true;
      report(`${what} could not be handled; further failures of it are not reported`, error);
    }
  };
}
