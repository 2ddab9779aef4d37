import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { HttpTraceInstrumentation } from '../../src/index.js';
import { copyApi } from '../support/peers/api-copy.js';

const DIST = join(__dirname, '..', '..', 'dist', 'index.js');

const load: NodeJS.Require = createRequire(__filename);

/** A copy of the API as another package may bring it, of an older version. */
function loadOlderApi(): typeof import('@opentelemetry/api') {
  const folder = mkdtempSync(join(tmpdir(), 'httptrace-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  copyApi(folder, '1.8.0');
  return load(folder);
}

function instrument(Instrumentation = HttpTraceInstrumentation): HttpTraceInstrumentation {
  const instrumentation = new Instrumentation();
  onTestFinished(() => instrumentation.disable());
  return instrumentation;
}

afterEach(() => {
  trace.disable();
});

describe('two copies of this package', () => {
  it('show, with a word on how to find them', () => {
    const { HttpTraceInstrumentation: Built }: typeof import('../../src/index.js') = load(DIST);
    const ours = instrument();
    expect(ours.status().copies).toEqual(['0.1.0']);

    instrument(Built);

    expect(ours.status().copies).toEqual(['0.1.0', '0.1.0']);
    expect(ours.status().hints).toContainEqual(expect.stringMatching(/^2 copies of this package are loaded/));
  });
});

describe('two versions of the API', () => {
  it('show, and that what the older one registers is not seen', () => {
    loadOlderApi().trace.setGlobalTracerProvider(new BasicTracerProvider());

    const { openTelemetry, hints } = instrument().status();

    expect(openTelemetry).toMatchObject({
      apiVersion: '1.9.1',
      registeredApiVersion: '1.8.0',
      loadedApis: ['1.9.1', '1.8.0'],
      tracerProvider: false,
    });
    expect(hints).toContainEqual(
      expect.stringMatching(/^Several versions of @opentelemetry\/api are loaded \(1\.9\.1, 1\.8\.0\)/),
    );
  });
});
