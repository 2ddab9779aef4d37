import type { Scale } from './bar.js';
import { formatDuration } from './format.js';

const COLUMNS_BETWEEN_TICKS = 10;

/** The times along the bars: each label begins where its time is. */
export function axis(scale: Scale): string {
  const length = scale.end - scale.start;
  if (length <= 0 || scale.width < COLUMNS_BETWEEN_TICKS) {
    return '';
  }
  const step = niceStep((length * COLUMNS_BETWEEN_TICKS) / scale.width);
  let text = '0';
  for (let time = step; time < length; time += step) {
    const label = formatTick(time);
    const column = Math.round((time / length) * scale.width);
    if (column + label.length > scale.width) {
      break;
    }
    text = `${text.padEnd(column)}${label}`;
  }
  return text;
}

/** The next of 1, 2, 2.5, 5, 10, 20, 25, 50 … that is not smaller. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 2.5, 5].find((candidate) => candidate * power >= least) ?? 10;
  return factor * power;
}

function formatTick(ms: number): string {
  return formatDuration(ms)
    .replace(/(\.\d*?)0+(?= )/, '$1')
    .replace('. ', ' ');
}
