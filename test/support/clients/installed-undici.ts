import { UNDICI_FLAVOURS, type UndiciFlavour } from './undici-flavours.js';

/** An undici with all that the package exports. */
export type InstalledUndici = UndiciFlavour & { readonly installed: NonNullable<UndiciFlavour['installed']> };

/** The undici packages that run on this Node, without the one inside it. */
export const INSTALLED_UNDICI: readonly InstalledUndici[] = UNDICI_FLAVOURS.filter(isInstalled);

function isInstalled(flavour: UndiciFlavour): flavour is InstalledUndici {
  return flavour.installed !== undefined;
}
