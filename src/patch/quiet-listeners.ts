import type { EventEmitter } from 'node:events';
import { hiddenField } from './hidden-field.js';

type Listener = (...args: never[]) => void;

/**
 * Listeners of ours on somebody else's emitter, which are taken off together. Node warns of too many listeners, and ours do
 * not count for that.
 */
export class QuietListeners {
  private readonly emitter: EventEmitter;
  private readonly listeners: [event: string | symbol, listener: (...args: unknown[]) => void][] = [];

  constructor(emitter: EventEmitter) {
    this.emitter = emitter;
  }

  get isEmpty(): boolean {
    return this.listeners.length === 0;
  }

  on(event: string | symbol, listener: Listener, add: 'on' | 'prependListener' = 'on'): void {
    const added = listener as (...args: unknown[]) => void;
    if (this.isEmpty) {
      roomOf(this.emitter).make();
    }
    this.emitter[add](event, added);
    this.listeners.push([event, added]);
  }

  removeAll(): void {
    if (!this.isEmpty) {
      for (const [event, listener] of this.listeners.splice(0)) {
        this.emitter.removeListener(event, listener);
      }
      roomOf(this.emitter).giveBack();
    }
  }
}

/** Where Node keeps an emitter's own limit; `undefined` where it follows the default. */
const OWN_LIMIT = '_maxListeners';

/** Raises an emitter's limit of listeners by one for each set of ours. */
class Room {
  private readonly emitter: EventEmitter;
  private sets = 0;
  /** The emitter's own limit as the program left it. */
  private before: unknown;
  /** The limit as we left it. Any other limit is the program's. */
  private raisedTo = Number.NaN;

  constructor(emitter: EventEmitter) {
    this.emitter = emitter;
  }

  make(): void {
    const limit = this.emitter.getMaxListeners();
    if (limit === 0) {
      return;
    }
    if (limit !== this.raisedTo) {
      this.sets = 0;
      this.before = Reflect.get(this.emitter, OWN_LIMIT);
    }
    this.sets++;
    this.raiseTo(limit + 1);
  }

  giveBack(): void {
    if (this.emitter.getMaxListeners() === this.raisedTo) {
      this.sets--;
      this.raiseTo(this.raisedTo - 1);
      if (this.sets === 0) {
        Reflect.set(this.emitter, OWN_LIMIT, this.before);
        this.raisedTo = Number.NaN;
      }
    }
  }

  private raiseTo(limit: number): void {
    this.emitter.setMaxListeners(limit);
    this.raisedTo = limit;
  }
}

const rooms = hiddenField<Room>();

function roomOf(emitter: EventEmitter): Room {
  const known = rooms.get(emitter);
  if (known !== undefined) {
    return known;
  }
  const room = new Room(emitter);
  rooms.set(emitter, room);
  return room;
}
