import type { PlacedOption } from '../src/config/options.js';

export function configTable(
  placedOptions: readonly PlacedOption[],
  variablesOf: (placed: PlacedOption) => readonly string[],
): string;

export function withConfigTable(text: string, table: string): string;
