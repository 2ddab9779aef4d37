import { formatDuration } from './format.js';
import type { Block, Note, Row, Waterfall } from './model.js';
import { type Segment, type Style, segment } from './style.js';
import { pad, textWidth } from './text.js';

/** The shape between the label and the time of a bar line. */
export type Shape =
  | { kind: 'span' | 'phase'; start: number; end: number; style: Style }
  | { kind: 'moment'; start: number; style: Style };

/** One line of the drawing, before its parts have a width. */
export type LayoutLine =
  | { kind: 'title'; label: Segment[] }
  | { kind: 'head'; guide: string; left: Segment[]; outcome: Segment[]; service: Segment[] }
  | { kind: 'bar'; guide: string; label: Segment[]; service: Segment[]; shape: Shape; time: string }
  | { kind: 'note'; guide: string; continuation: string; text: string; style: Style };

/** One item under a span. */
type Item = { row: Row } | { block: Block } | { note: Note };

const INSIDE = { branch: '├ ', below: '│ ' };
const LAST = { branch: '└ ', below: '  ' };

/** The lines of a trace, from top to bottom. */
export function layout({ traceId, blocks, omitted }: Waterfall): LayoutLine[] {
  const lines: LayoutLine[] = [];
  if (traceId !== undefined) {
    lines.push({ kind: 'title', label: [segment(`trace ${traceId}`, 'dim')] });
  }
  for (const block of blocks) {
    pushBlock(lines, block, '', '');
  }
  if (omitted > 0) {
    lines.push({
      kind: 'note',
      guide: '',
      continuation: '',
      text: `… and ${omitted} more spans`,
      style: 'dim',
    });
  }
  return lines;
}

function pushBlock(lines: LayoutLine[], block: Block, guide: string, below: string): void {
  const items = itemsOf(block);
  if (block.side === 'other') {
    lines.push(barOf(block, guide, [segment(block.title, 'bold')], serviceOf(block)));
  } else {
    const kind = block.side === 'server' ? [segment('server ', 'server span')] : [];
    lines.push({
      kind: 'head',
      guide,
      left: [...kind, segment(block.title, 'bold')],
      outcome: outcomeOf(block),
      service: serviceOf(block),
    });
    const facts = block.facts.length > 0 ? block.facts.join(' · ') : 'total';
    lines.push(barOf(block, below + (items.length > 0 ? INSIDE.below : LAST.below), [segment(facts, 'dim')]));
  }
  for (const [index, item] of items.entries()) {
    const { branch, below: continued } = index === items.length - 1 ? LAST : INSIDE;
    pushItem(lines, item, block.start, below + branch, below + continued);
  }
}

/** The items under a span. The phases of a request come first. Other items are in the order in which they begin. */
function itemsOf({ side, rows, children, notes }: Block): Item[] {
  const happens = [
    ...rows.map((row) => ({ row, start: row.start })),
    ...children.map((block) => ({ block, start: block.start })),
  ];
  if (side !== 'client') {
    happens.sort((a, b) => a.start - b.start);
  }
  return [...happens, ...notes.map((note) => ({ note }))];
}

function pushItem(lines: LayoutLine[], item: Item, spanStart: number, guide: string, below: string): void {
  if ('block' in item) {
    pushBlock(lines, item.block, guide, below);
  } else if ('row' in item) {
    pushRow(lines, item.row, spanStart, guide, below);
  } else {
    const { text, tone } = item.note;
    lines.push({ kind: 'note', guide, continuation: below, text, style: tone === 'bad' ? 'bad' : 'dim' });
  }
}

function barOf(
  { side, start, end }: Block,
  guide: string,
  label: Segment[],
  service: Segment[] = [],
): LayoutLine {
  const shape: Shape = { kind: 'span', start, end, style: `${side} span` };
  return { kind: 'bar', guide, label, service, shape, time: formatDuration(end - start) };
}

function serviceOf({ service }: Block): Segment[] {
  return service === undefined ? [] : [segment(service, 'dim')];
}

function outcomeOf({ outcome }: Block): Segment[] {
  return outcome === undefined ? [] : [segment(outcome.text, outcome.tone)];
}

/** Names of phases are padded to the longest, so that the texts after them line up. */
const PHASE_NAME_WIDTH = textWidth('connect');

function pushRow(lines: LayoutLine[], row: Row, spanStart: number, guide: string, below: string): void {
  const { name, details, start, end, phase, failed } = row;
  const style: Style = failed ? 'bad' : (phase ?? 'plain');
  const text = details.join(' · ');
  const padded = text === '' ? name : `${pad(name, phase === undefined ? 0 : PHASE_NAME_WIDTH)} `;
  const label = [segment(padded, style), segment(text, failed ? 'bad' : 'plain')];
  const shape: Shape =
    end === undefined ? { kind: 'moment', start, style } : { kind: 'phase', start, end, style };
  const time = end === undefined ? `+${formatDuration(start - spanStart)}` : formatDuration(end - start);
  lines.push({ kind: 'bar', guide, label, service: [], shape, time });
  for (const [index, inner] of row.rows.entries()) {
    const { branch, below: continued } = index === row.rows.length - 1 ? LAST : INSIDE;
    pushRow(lines, inner, spanStart, below + branch, below + continued);
  }
}
