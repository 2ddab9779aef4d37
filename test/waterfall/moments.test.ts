import { describe, expect, it } from 'vitest';
import { momentsOf } from '../../src/waterfall/moments.js';
import { sinceStart, span } from './spans.js';

type Events = [name: string, at: number, attributes?: Record<string, unknown>][];

/** Each moment as `name details at`, with `!` if it is a failure. */
function told(events: Events): string[] {
  return momentsOf(span({ events }).events).map(({ name, details, at, failed }) =>
    [name, ...details, sinceStart(at), ...(failed ? ['!'] : [])].join(' '),
  );
}

describe('the moments of a span', () => {
  it('are the events of a client that are no ends of phases', () => {
    const events: Events = [
      ['http.send.start', 1],
      ['GOT 100 - Wait', 1],
      ['GOT 100 - Continue', 5],
      ['GOT 1xx', 5, { 'http.response.status_code': 100 }],
      ['http.receive.start', 5],
      ['GOT 1xx', 6, { 'http.response.status_code': 103 }],
    ];
    expect(told(events)).toEqual(['body held back 1', '100 Continue 5', '103 Early Hints 6']);
  });

  it('hold 100 Continue also when the event of every 1xx is switched off', () => {
    expect(told([['GOT 100 - Continue', 5]])).toEqual(['100 Continue 5']);
  });

  it('are the events of a server', () => {
    const events: Events = [
      ['http.response.informational', 1, { 'http.response.status_code': 102 }],
      ['http.response.head', 2, { 'http.response.status_code': 200 }],
      ['http.response.flush', 2],
      ['http.response.first_write', 3],
      ['http.response.push', 4, { 'url.path': '/style.css' }],
      ['http.response.aborted', 5, { 'http.response.body.size': 12 }],
      ['http.response.end', 6, { 'http.response.body.size': 2_500 }],
      ['http.connection.hijacked', 7, { 'network.protocol.name': 'websocket' }],
    ];
    expect(told(events)).toEqual([
      '102 Processing 1',
      'head 200 OK 2',
      'flush 2',
      'first write 3',
      'push /style.css 4',
      'aborted 12 B 5 !',
      'end 2.50 kB 6',
      'hijacked websocket 7',
    ]);
  });

  it('are what a program records itself, by its own name', () => {
    expect(
      told([
        ['exception', 1, { 'exception.message': 'no' }],
        ['cache.miss', 2],
      ]),
    ).toEqual(['exception no 1 !', 'cache.miss 2']);
  });
});
