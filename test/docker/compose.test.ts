import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(__dirname, '../..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

/** The lines of each service. */
const services = new Map(
  Array.from(text.matchAll(/^ {2}(\w+):\n((?:(?: {4}.*)?\n)+)/gm), ([, name = '', lines = '']) => [
    name,
    lines,
  ]),
);
const pick = (pattern: RegExp, lines = text): string[] =>
  Array.from(lines.matchAll(pattern), ([, found = '']) => found);

test('only Jaeger starts when no profile is named', () => {
  const always = [...services].filter(([, lines]) => !lines.includes('profiles: [metrics]'));
  expect([...services.keys()]).toEqual(['jaeger', 'collector', 'prometheus', 'grafana']);
  expect(always.map(([name]) => name)).toEqual(['jaeger']);
});

test('Jaeger takes OTLP on 4317 and 4318, and has its page on 16686', () => {
  expect(pick(/- "(\d+:\d+)"/g, services.get('jaeger'))).toEqual(['16686:16686', '4317:4317', '4318:4318']);
});

test('each image has a version, and Jaeger a 2', () => {
  const images = pick(/image: (.*)/g);
  expect(images).toHaveLength(services.size);
  expect(images.filter((image) => !/^[\w/-]+:v?\d+\.\d+\.\d+$/.test(image))).toEqual([]);
  expect(images[0]).toMatch(/^jaegertracing\/jaeger:2\./);
});

test('each file that is mounted is there', () => {
  const mounted = pick(/- (\.\/.*?):/g);
  expect(mounted).toHaveLength(5);
  expect(mounted.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
