import type { Phase } from '../semconv/semconv.js';
import type { Side, Tone } from './model.js';
import { sanitize, textWidth, truncate, truncateMiddle } from './text.js';

export type Style = 'plain' | 'bold' | 'dim' | Tone | Phase | `${Side} span`;

/** Text of one style. Made by `segment`, so that it cannot command a terminal. */
export interface Segment {
  readonly text: string;
  readonly style: Style;
}

const BOLD = 1;
const DIM = 2;
const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const BLUE = 34;
const MAGENTA = 35;
const CYAN = 36;
const BRIGHT_CYAN = 96;
const GRAY = 90;

/** The sixteen colours of every terminal, which follow its theme. */
const CODES: Readonly<Record<Style, number | undefined>> = {
  plain: undefined,
  bold: BOLD,
  dim: DIM,
  good: GREEN,
  redirect: CYAN,
  warning: YELLOW,
  bad: RED,
  neutral: undefined,
  getconn: GRAY,
  dns: CYAN,
  connect: YELLOW,
  tls: MAGENTA,
  send: BLUE,
  wait: GREEN,
  receive: BRIGHT_CYAN,
  'client span': undefined,
  'server span': CYAN,
  'other span': GRAY,
};

export function segment(text: string, style: Style = 'plain'): Segment {
  return { text: sanitize(text), style };
}

export function segmentsWidth(segments: readonly Segment[]): number {
  return segments.reduce((width, { text }) => width + textWidth(text), 0);
}

/** Cuts segments to `width`. With `middle`, the segment that crosses the edge loses its middle. */
export function cut(segments: readonly Segment[], width: number, middle = false): Segment[] {
  const kept: Segment[] = [];
  let left = width;
  for (const { text, style } of segments) {
    if (left <= 0) {
      break;
    }
    const shown = middle ? truncateMiddle(text, left) : truncate(text, left);
    kept.push({ text: shown, style });
    left -= shown === text ? textWidth(text) : left;
  }
  return kept;
}

const SEPARATOR = segment(' · ', 'dim');

/** Segments and the service after or before them, which share one room. */
export interface Labelled {
  readonly segments: Segment[];
  readonly service: Segment[];
  /** The text between the two, whichever comes first. */
  readonly separator: Segment[];
}

export function labelledWidth(segments: readonly Segment[], service: readonly Segment[]): number {
  return segmentsWidth([...segments, ...separatorOf(segments, service), ...service]);
}

function separatorOf(segments: readonly Segment[], service: readonly Segment[]): Segment[] {
  return segments.length > 0 && service.length > 0 ? [SEPARATOR] : [];
}

/** Cuts segments and their service to a common room. If both are too long, the service gets a third. */
export function cutLabelled(
  segments: readonly Segment[],
  service: readonly Segment[],
  width: number,
): Labelled {
  const separator = separatorOf(segments, service);
  const room = width - segmentsWidth(separator);
  const forService = Math.min(
    segmentsWidth(service),
    Math.max(room - segmentsWidth(segments), Math.floor(room / 3)),
  );
  return { segments: cut(segments, room - forService), service: cut(service, forService), separator };
}

/** The segments as text without trailing spaces, with the escape codes of their colours if `colors`. */
export function paint(segments: readonly Segment[], colors: boolean): string {
  if (!colors) {
    return segments
      .map(({ text }) => text)
      .join('')
      .trimEnd();
  }
  return segments.map(paintOne).join('').trimEnd();
}

function paintOne({ text, style }: Segment): string {
  const code = CODES[style];
  if (code === undefined || text.trim() === '') {
    return text;
  }
  return `\u001b[${code}m${text}\u001b[${code === BOLD || code === DIM ? 22 : 39}m`;
}
