import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PAGES } from '../../scripts/pages/pages.mjs';
import { stepsOf } from '../../scripts/pages/steps.mjs';
import { withSurroundings } from '../../scripts/pages/surroundings.mjs';
import { walk } from '../../scripts/pages/walk.mjs';

const ROOT = join(__dirname, '..', '..');
const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const every = ['README.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`)];
const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** An empty folder, and the npm and npx that link what a page installs. */
function newProject(): { folder: string; programs: string } {
  const place = mkdtempSync(join(tmpdir(), 'httptrace-'));
  onTestFinished(() => rmSync(place, { recursive: true }));
  const [folder, programs] = [join(place, 'project'), join(place, 'programs')];
  for (const path of [folder, programs]) {
    mkdirSync(path);
  }
  for (const name of ['npm', 'npx']) {
    const script = join(ROOT, 'scripts', 'pages', 'linked-npm.mjs');
    writeFileSync(join(programs, name), `#!/bin/sh\nexec node "${script}" ${name} "$@"\n`, { mode: 0o755 });
  }
  return { folder, programs };
}

/** The anchors of a page, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  return Array.from(textOf(page).matchAll(/^#+ (.+)$/gm), ([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(PAGES)('%s', (page) => {
  it('does what it says, typed from top to bottom', async () => {
    const { folder, programs } = newProject();
    const commands = await withSurroundings(({ env, spans }) => {
      const path = [programs, dirname(process.execPath), process.env.PATH].join(delimiter);
      return walk(textOf(page), { folder, checkout: ROOT, spans, env: { ...env, PATH: path } });
    });
    expect(commands).toBe(stepsOf(textOf(page)).filter(({ command }) => command !== undefined).length);
  }, 120_000);
});

describe('README.md', () => {
  it('is short', () => {
    expect(Buffer.byteLength(textOf('README.md'))).toBeLessThan(12_000);
  });

  it('leads to each page, and to each example', () => {
    const targets = linksOf('README.md').map(({ path }) => path);
    expect(docs.map((name) => `docs/${name}`).filter((path) => !targets.includes(path))).toEqual([]);
    const examples = readdirSync(join(ROOT, 'examples')).map((name) => `examples/${name}`);
    expect(examples.filter((path) => !targets.includes(path))).toEqual([]);
  });
});

/** What a page has links to in this repository. */
function linksOf(page: string): { path: string; anchor: string | undefined }[] {
  return Array.from(
    textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g),
    ([, path = '', anchor]) => ({
      path: path === '' ? page : join(dirname(page), path),
      anchor,
    }),
  );
}

it.each(every)('%s has no link that leads nowhere', (page) => {
  const broken = linksOf(page).filter(
    ({ path, anchor }) =>
      !existsSync(join(ROOT, path)) || (anchor !== undefined && !anchorsOf(path).includes(anchor)),
  );
  expect(broken).toEqual([]);
});

/** What a page names in a file of ours: `[`Class.method`](file)`. */
function namesIn(page: string): { name: string; path: string }[] {
  return Array.from(
    textOf(page).matchAll(/\[`([\w.]+)`\]\((src\/[^)#]+\.ts)\)/g),
    ([, name = '', path = '']) => ({
      name,
      path,
    }),
  );
}

/** Whether a file declares it: a class or function of this name, or a class with a method of it. */
function declares(path: string, name: string): boolean {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return name.split('.').every((word, index) => {
    const declaration =
      index === 0 ? '(?:export )?(?:class|function|const|interface)' : '  (?:private |async )*';
    return new RegExp(`^${declaration} ?${word}\\b`, 'm').test(text);
  });
}

describe('CONTRIBUTING.md', () => {
  it('names functions that are where it says', () => {
    const names = namesIn('CONTRIBUTING.md');
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter(({ name, path }) => !declares(path, name))).toEqual([]);
  });

  it('has a way from each room to its tests', () => {
    const targets = linksOf('CONTRIBUTING.md').map(({ path }) => path);
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const rooms = folders.flatMap(({ name }) =>
      name === 'source' || name === 'emit'
        ? readdirSync(join(ROOT, 'src', name), { withFileTypes: true })
            .filter((entry) => entry.isDirectory())
            .map((inner) => `${name}/${inner.name}`)
        : [name],
    );
    const missing = rooms.flatMap((room) =>
      [`src/${room}`, `test/${room}`].filter((path) => !targets.includes(path)),
    );
    expect(missing).toEqual([]);
  });
});
