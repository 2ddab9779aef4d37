import { formatDuration } from './format.js';

/** The time span of a drawing, and its width in columns. */
export interface Scale {
  start: number;
  end: number;
  width: number;
}

const EIGHTHS_FROM_THE_LEFT = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'] as const;

/** A solid bar, exact to an eighth of a column at its end and to about a quarter at its start. */
export function solidBar(start: number, end: number, scale: Scale): string {
  const [from, to] = cells(start, end, scale, 8);
  const first = Math.floor(from / 8);
  const last = Math.floor((to - 1) / 8);
  const offset = from - first * 8;
  if (first === last) {
    return blank(first) + withinOneCell(offset, to - from);
  }
  return (
    blank(first) + leftEdge(offset) + '█'.repeat(last - first - 1) + EIGHTHS_FROM_THE_LEFT[to - last * 8]
  );
}

function withinOneCell(offset: number, length: number): string {
  if (offset < 4) {
    return EIGHTHS_FROM_THE_LEFT[length] ?? '█';
  }
  return length < 3 ? '▕' : '▐';
}

/** Only two blocks fill a part of a cell from the right: an eighth and a half. */
function leftEdge(offset: number): string {
  if (offset < 3) {
    return '█';
  }
  return offset < 6 ? '▐' : '▕';
}

/** A line from the start to the end of a span, exact to half a column. */
export function line(start: number, end: number, scale: Scale): string {
  const [from, to] = cells(start, end, scale, 2);
  const first = Math.floor(from / 2);
  const last = Math.floor((to - 1) / 2);
  const startsLate = from % 2 === 1;
  const endsEarly = to % 2 === 1;
  if (first === last) {
    return blank(first) + (startsLate ? '╺' : endsEarly ? '╸' : '━');
  }
  return blank(first) + (startsLate ? '╺' : '━') + '━'.repeat(last - first - 1) + (endsEarly ? '╸' : '━');
}

/** A mark at one moment. */
export function mark(at: number, scale: Scale): string {
  const [from] = cells(at, at, scale, 1);
  return `${blank(from)}◆`;
}

/** Start and end in parts of a column. The range is never empty and never outside the drawing. */
function cells(start: number, end: number, scale: Scale, parts: number): [number, number] {
  const length = scale.end - scale.start;
  const total = scale.width * parts;
  const part = (time: number): number =>
    length > 0 ? Math.round(((time - scale.start) / length) * total) : 0;
  const from = Math.min(Math.max(part(start), 0), total - 1);
  const to = length > 0 ? Math.min(Math.max(part(end), from + 1), total) : total;
  return [from, to];
}

function blank(columns: number): string {
  return ' '.repeat(columns);
}

const COLUMNS_BETWEEN_TICKS = 10;

/** The times along the bars. Each label begins at the column of its time. */
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

/** The smallest of 1, 2, 2.5, 5, 10, 20, 25, 50 … that is not below `least`. */
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
