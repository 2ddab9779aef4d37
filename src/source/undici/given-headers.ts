import { Itself } from '../../patch/hidden-field.js';
import type { Method } from '../../patch/method.js';
import { overlayPrototype } from '../../patch/overlay.js';
import type { UndiciRequest } from '../channels.js';
import type { Stop } from '../request-trace.js';

/** Says whether a request has this header, and nobody may add another. */
export type Keeps = (request: UndiciRequest, name: string) => boolean;

/** A class of its own and no `hiddenField`, whose code all fields share: that costs each look-up 160 instructions. */
class Given extends Itself {
  readonly #keeps: Keeps;

  constructor(request: UndiciRequest, keeps: Keeps) {
    super(request);
    this.#keeps = keeps;
  }

  static of(request: UndiciRequest): Keeps | undefined {
    return #keeps in request ? request.#keeps : undefined;
  }
}

/** This request was given headers: from now on it keeps what `keeps` says, whoever adds more. */
export function keepHeaders(request: UndiciRequest, keeps: Keeps): void {
  if (Given.of(request) === undefined) {
    new Given(request, keeps);
  }
}

/** Lets the requests that were given headers keep them, of all that share this prototype. */
export function watchAddHeader(prototype: object): Stop {
  return overlayPrototype<Record<'addHeader', Method>>(prototype, {
    addHeader: (own, parent) =>
      function addHeader(this: UndiciRequest, name, ...rest) {
        return Given.of(this)?.(this, String(name))
          ? this
          : Reflect.apply(own ?? parent.addHeader, this, [name, ...rest]);
      },
  });
}
