import { axis, line, mark, type Scale, solidBar } from './bar.js';
import { type LayoutLine, layout, type Shape } from './layout.js';
import type { Block, Row, Waterfall } from './model.js';
import { cut, cutLabelled, labelledWidth, paint, type Segment, segment, segmentsWidth } from './style.js';
import { pad, textWidth, wrap } from './text.js';

/** The looks of a drawing. */
export interface DrawOptions {
  /** Columns. No line is wider. */
  width: number;
  colors: boolean;
}

/** The columns of the parts of a line. */
interface Columns {
  width: number;
  label: number;
  bar: number;
}

/** Columns of the longest time, such as `+12.3 min`, with the space before it. */
const TIME_WIDTH = 9;
const LEAST_BAR = 8;

/** Draws a trace. Returns its lines without line breaks, none wider than `width`. */
export function draw(waterfall: Waterfall, { width, colors }: DrawOptions): string[] {
  const lines = layout(waterfall);
  const columns = shareOut(lines, width);
  const scale: Scale = { ...extent(waterfall.blocks), width: columns.bar };
  return lines
    .flatMap((layoutLine) => renderLine(layoutLine, columns, scale))
    .map((segments) => paint(cut(segments, width), colors));
}

/** Labels get the columns that they need, between a third and half of the width. */
function shareOut(lines: readonly LayoutLine[], width: number): Columns {
  const most = Math.floor(width * 0.52);
  const wanted = Math.max(0, ...lines.map((layoutLine) => labelWidth(layoutLine, most)));
  const label = Math.min(Math.max(wanted, Math.floor(width * 0.34)), most);
  return { width, label, bar: Math.max(width - label - 1 - TIME_WIDTH, LEAST_BAR) };
}

function labelWidth(layoutLine: LayoutLine, most: number): number {
  switch (layoutLine.kind) {
    case 'bar':
      return textWidth(layoutLine.guide) + labelledWidth(layoutLine.label, layoutLine.service);
    case 'title': {
      // A title that leaves no room for the axis has the line for itself.
      const width = segmentsWidth(layoutLine.label);
      return width > most ? 0 : width;
    }
    default:
      return 0;
  }
}

function extent(blocks: readonly (Block | Row)[]): { start: number; end: number } {
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  const pending = [...blocks];
  for (let block = pending.pop(); block !== undefined; block = pending.pop()) {
    start = Math.min(start, block.start);
    end = Math.max(end, block.end ?? block.start);
    pending.push(...('children' in block ? [...block.children, ...block.rows] : block.rows));
  }
  return { start, end };
}

function renderLine(layoutLine: LayoutLine, columns: Columns, scale: Scale): Segment[][] {
  switch (layoutLine.kind) {
    case 'title':
      return [renderTitle(layoutLine.label, columns, scale)];
    case 'head':
      return [renderHead(layoutLine, columns)];
    case 'bar':
      return [renderBar(layoutLine, columns, scale)];
    case 'note':
      return renderNote(layoutLine, columns);
  }
}

function renderTitle(label: Segment[], columns: Columns, scale: Scale): Segment[] {
  const missing = columns.label - segmentsWidth(label);
  return missing < 0 ? label : [...label, segment(' '.repeat(missing + 1)), segment(axis(scale), 'dim')];
}

function renderHead(head: LayoutLine & { kind: 'head' }, { width }: Columns): Segment[] {
  const guide = guideSegment(head.guide, width);
  const { segments, service, separator } = cutLabelled(head.outcome, head.service, Math.floor(width / 2));
  const right = [...service, ...separator, ...segments];
  const room = width - textWidth(guide.text) - segmentsWidth(right) - (right.length > 0 ? 1 : 0);
  const left = cut(head.left, room, true);
  const gap = width - textWidth(guide.text) - segmentsWidth(left) - segmentsWidth(right);
  return [guide, ...left, segment(' '.repeat(Math.max(0, gap))), ...right];
}

function renderBar(bar: LayoutLine & { kind: 'bar' }, columns: Columns, scale: Scale): Segment[] {
  const guide = guideSegment(bar.guide, columns.label);
  const room = columns.label - textWidth(guide.text);
  const { segments, service, separator } = cutLabelled(bar.label, bar.service, room);
  const label = [...segments, ...separator, ...service];
  const gap = columns.label - textWidth(guide.text) - segmentsWidth(label) + 1;
  const drawn = segment(pad(drawShape(bar.shape, scale), columns.bar), bar.shape.style);
  const failed = bar.shape.style === 'bad';
  return [
    guide,
    ...label,
    segment(' '.repeat(gap)),
    drawn,
    segment(bar.time.padStart(TIME_WIDTH), failed ? 'bad' : 'plain'),
  ];
}

function drawShape(shape: Shape, scale: Scale): string {
  switch (shape.kind) {
    case 'span':
      return line(shape.start, shape.end, scale);
    case 'phase':
      return solidBar(shape.start, shape.end, scale);
    case 'moment':
      return mark(shape.start, scale);
  }
}

function renderNote(note: LayoutLine & { kind: 'note' }, { width }: Columns): Segment[][] {
  const first = guideSegment(note.guide, width);
  const rest = guideSegment(note.continuation, width);
  const texts = wrap(segment(note.text).text, Math.max(1, width - textWidth(first.text)));
  return texts.map((text, index) => [index === 0 ? first : rest, segment(text, note.style)]);
}

/** The lines of the tree. A very deep tree loses its outer lines, so that the text keeps half of the room. */
function guideSegment(guide: string, room: number): Segment {
  const most = Math.floor(room / 4) * 2;
  return segment(guide.length > most ? guide.slice(guide.length - most) : guide, 'dim');
}
