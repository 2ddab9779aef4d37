/** Draws traces in the terminal. */
export { type WaterfallOptions, WaterfallSpanExporter } from './exporter.js';
export type { ExportResult, ReadableSpan } from './readable-span.js';
