/** What a stream may tell of the terminal behind it. */
export interface TerminalStream {
  columns?: number;
  isTTY?: boolean;
  hasColors?(): boolean;
}

const DEFAULT_WIDTH = 100;

/** The width in columns: `COLUMNS`, else the width of the terminal, else 100. */
export function terminalWidth(stream: TerminalStream, env: NodeJS.ProcessEnv = process.env): number {
  return positiveInteger(env.COLUMNS) ?? positiveInteger(stream.columns) ?? DEFAULT_WIDTH;
}

function positiveInteger(value: string | number | undefined): number | undefined {
  const number = value === '' ? Number.NaN : Number(value);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

/** Whether to colour. `FORCE_COLOR` wins over `NO_COLOR`. Without both, a terminal with colours gets them. */
export function terminalColors(stream: TerminalStream, env: NodeJS.ProcessEnv = process.env): boolean {
  const forced = env.FORCE_COLOR;
  if (forced !== undefined) {
    return forced !== '0' && forced !== 'false';
  }
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') {
    return false;
  }
  return stream.isTTY === true && stream.hasColors?.() === true;
}
