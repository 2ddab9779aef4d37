import { EventEmitter } from 'node:events';
import { layOverPrototype, type Stop } from './descriptor.js';

export type EmitArgs = [event: string | symbol, ...args: unknown[]];
export type Emit = (this: EventEmitter, ...args: EmitArgs) => boolean;

/** Takes the place of `emit` on one emitter; calls it, with these arguments, to let the listeners run. */
export type Intercept = (emit: Emit, emitter: EventEmitter, args: EmitArgs) => boolean;

const PROBE = Symbol('httptrace.probe');

/** Lays one function over the `emit` of a prototype, below or above whatever others lay there. */
export class EmitPatch {
  private readonly prototype: EventEmitter;
  private readonly intercept: Intercept;
  private patched: Emit | undefined;
  private putBack: Stop | undefined;
  private active = false;
  private probed = false;

  constructor(prototype: EventEmitter, intercept: Intercept) {
    this.prototype = prototype;
    this.intercept = intercept;
  }

  install(): void {
    if (!this.isReached()) {
      this.patched = this.over(Object.getOwnPropertyDescriptor(this.prototype, 'emit')?.value);
      this.putBack = layOverPrototype(this.prototype, 'emit', this.patched);
    }
    this.active = true;
  }

  /** Puts back the very descriptor that was there. Under somebody else's patch ours stays, and does nothing. */
  remove(): void {
    this.active = false;
    if (Object.getOwnPropertyDescriptor(this.prototype, 'emit')?.value === this.patched) {
      this.putBack?.();
      this.patched = undefined;
    }
  }

  /** @param below What the prototype itself had; `undefined`: what it inherits, whenever that is. */
  private over(below: Emit | undefined): Emit {
    const patch = this;
    const parent: EventEmitter = Object.getPrototypeOf(this.prototype);
    return function emit(this: EventEmitter, ...args: EmitArgs): boolean {
      const next: Emit = below ?? parent.emit;
      if (patch.active) {
        return patch.intercept(next, this, args);
      }
      if (args[0] === PROBE) {
        patch.probed = true;
      }
      return Reflect.apply(next, this, args);
    };
  }

  /** Whether a call of `emit` comes through ours already: it may still lie under the patch of somebody else. */
  private isReached(): boolean {
    if (this.patched === undefined || this.active) {
      return this.active;
    }
    this.probed = false;
    Reflect.apply(this.prototype.emit, new EventEmitter(), [PROBE]);
    return this.probed;
  }
}
