import { ownApiVersion } from '../status/packages.js';

/** Says why nothing could be started, and what to type. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const missing = /^Cannot find (?:module|package) '([^'./][^']*)'/.exec(message)?.[1];
  return missing === undefined
    ? `nothing is recorded: ${message.split('\n')[0]}; \`npm ls @opentelemetry/api @opentelemetry/sdk-node\` shows what is installed`
    : `nothing is recorded, because ${missing} is not installed; type: ${installCommand()}`;
}

/** OpenTelemetry 3 needs a later Node and a later API. Without both, the last release before it is installed. */
function installCommand(): string {
  const packages =
    isNodeAtLeast(22, 15) && ownApiVersion()?.startsWith('1.9.') !== true
      ? '@opentelemetry/api @opentelemetry/sdk-node'
      : '@opentelemetry/api@1.9 @opentelemetry/sdk-node@0.223';
  return `npm install ${packages}`;
}

function isNodeAtLeast(wantedMajor: number, wantedMinor: number): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
