import * as diagnosticsChannel from 'node:diagnostics_channel';
import { atOneMoment } from '../clock.js';
import type { ChannelMessages, ChannelName } from './channels.js';
import type { Report, Stop } from './request-trace.js';

/** One handler for each channel of interest. */
export type Handlers = { [Name in ChannelName]?: (message: ChannelMessages[Name]) => void };

/** Listens to diagnostics channels. Node makes an uncaught exception of what a subscriber throws: see `guarded`. */
export function subscribe(handlers: Handlers, report: Report): Stop {
  const subscribed: [name: string, listener: (message: unknown) => void][] = [];
  for (const [name, handler] of Object.entries(handlers)) {
    const listener = guarded(name, handler as (message: unknown) => void, report);
    diagnosticsChannel.subscribe(name, listener);
    subscribed.push([name, listener]);
  }
  return () => {
    for (const [name, listener] of subscribed.splice(0)) {
      diagnosticsChannel.unsubscribe(name, listener);
    }
  };
}

/** As `guarded`, for a listener of two things. */
export function guardedPair<First, Second>(
  what: string,
  listener: (first: First, second: Second) => void,
  report: Report,
): (first: First, second: Second) => void {
  const safe = guarded(what, ([first, second]: [First, Second]) => listener(first, second), report);
  return (first, second) => safe([first, second]);
}

/**
 * The one guard and clock between what we do and the program that we watch: a failure of ours is reported, once for
 * each thing that is listened to, and goes no further; all that one call tells happened at one moment.
 */
export function guarded<Message>(
  what: string,
  listener: (message: Message) => void,
  report: Report,
): (message: Message) => void {
  let reported = false;
  return (message) => {
    try {
      atOneMoment(listener, message);
    } catch (error) {
      if (!reported) {
        reported = true;
        report(`${what} could not be handled; further failures of it are not reported`, error);
      }
    }
  };
}
