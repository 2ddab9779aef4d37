import { describe, expect, it } from 'vitest';
import { UNDICI_FLAVOURS } from '../support/clients/undici-flavours.js';
import { useContextManager } from '../support/context-manager.js';
import { GO_SCENARIOS, type GoCall, type GoScenario } from '../support/go/go-reference.js';
import { PLAYS, type ReferenceClient } from '../support/go/go-scenarios.js';
import { NODE_REFERENCE_CLIENTS } from '../support/go/node-reference.js';
import { undiciReferenceClients } from '../support/go/undici-reference.js';

useContextManager();

const CLIENTS: readonly ReferenceClient[] = [
  ...UNDICI_FLAVOURS.flatMap(undiciReferenceClients),
  ...NODE_REFERENCE_CLIENTS,
];

describe.each(CLIENTS)('$name', (client) => {
  const runnable = GO_SCENARIOS.filter(({ name }) => !(name in client.cannot));

  it.each(runnable)('runs the same hooks as Go: $about', async (scenario) => {
    const { outcome, requests } = await playOf(scenario)(client.open);
    expect(outcome).toEqual(scenario.outcome);
    expect(requests.map(asLines)).toEqual(
      scenario.requests.map((calls) => asLines(changed(calls, scenario, client))),
    );
  });

  it.each(client.differences)('differs from Go: $reason', ({ change }) => {
    const differing = runnable.filter((scenario) =>
      scenario.requests.some((calls) => asLines(change(calls, scenario)).join() !== asLines(calls).join()),
    );
    expect(differing).not.toEqual([]);
  });
});

function playOf({ name }: GoScenario) {
  const play = PLAYS[name];
  if (play === undefined) {
    throw new Error(`Nobody plays ${name}`);
  }
  return play;
}

function changed(calls: readonly GoCall[], scenario: GoScenario, { differences }: ReferenceClient) {
  return differences.reduce((before, { change }) => change(before, scenario), calls);
}

/** A line for each call, so that a failure shows the two sequences side by side. */
function asLines(calls: readonly GoCall[]): string[] {
  return calls.map(({ hook, args }) =>
    Object.entries(args ?? {})
      .sort()
      .reduce((line, [name, value]) => `${line} ${name}=${JSON.stringify(value)}`, hook),
  );
}
