// What httpsnoop adds to a call of a request handler, beside the bare call, in one run.
//
// node bench/httpsnoop.mjs
import { ok, strictEqual } from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { captureMetrics, Metrics, wrap } from 'opentelemetry-instrumentation-httptrace/httpsnoop';
import { median, printTable } from './harness.mjs';

const BATCH = 200;
const ROUNDS = 1000;
const WARM_UP = 200;

const BODY = 'hello, world';
const empty = () => undefined;
const answer = (_req, res) => res.end(BODY);

const passOn = {
  write:
    (next) =>
    (...args) =>
      next(...args),
  end:
    (next) =>
    (...args) =>
      next(...args),
};

const bare = (handler, req, res) => handler(req, res);
const capture = (handler, req, res) => captureMetrics(handler, req, res);
const captureTwice = (handler, req, res) =>
  captureMetrics((innerReq, innerRes) => captureMetrics(handler, innerReq, innerRes), req, res);
const wrapped = (handler, req, res) => handler(req, wrap(res, passOn));

/** Cases with the same base are compared with the bare call of that base's handler. */
const CASES = [
  { name: 'empty handler, bare', handler: empty, call: bare },
  { name: 'empty handler, captureMetrics', handler: empty, call: capture, captures: true },
  { name: 'empty handler, captureMetrics twice', handler: empty, call: captureTwice, captures: true },
  { name: 'empty handler, wrap (write, end)', handler: empty, call: wrapped },
  { name: 'res.end(body), bare', handler: answer, call: bare },
  { name: 'res.end(body), captureMetrics', handler: answer, call: capture, captures: true },
];

class FakeSocket extends Writable {
  _write(_chunk, _encoding, callback) {
    callback();
  }
}

function exchanges() {
  return Array.from({ length: BATCH }, () => {
    const req = new IncomingMessage(new FakeSocket());
    req.httpVersionMajor = 1;
    req.httpVersionMinor = 1;
    req.method = 'GET';
    const res = new ServerResponse(req);
    res.assignSocket(req.socket);
    return { req, res };
  });
}

/** The time of one batch in ns per call, from the call of the handler to the close of the response. */
async function time({ handler, call, captures }) {
  const batch = exchanges();
  let result;
  const start = process.hrtime.bigint();
  for (const { req, res } of batch) {
    result = call(handler, req, res);
    res.emit('close');
  }
  if (captures) {
    result = await result;
  }
  const elapsed = Number(process.hrtime.bigint() - start);
  if (captures) {
    verify(result, handler);
  }
  // What Node put off to a later tick is not to pile up.
  await setImmediate();
  return elapsed / BATCH;
}

function verify(metrics, handler) {
  ok(metrics instanceof Metrics, 'nothing was captured');
  ok(metrics.duration > 0, 'no duration was captured');
  strictEqual(metrics.written, handler === answer ? BODY.length : 0);
}

/**
 * Runs all cases in turn, round by round, so that whatever else the machine does meets all of them.
 *
 * @returns {Promise<{name: string, nsPerCall: number, aboveBareNs: number}[]>}
 */
export async function httpsnoopRows() {
  const times = new Map(CASES.map((one) => [one, []]));
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (const [one, taken] of times) {
      const ns = await time(one);
      if (round >= WARM_UP) {
        taken.push(ns);
      }
    }
  }
  const medians = CASES.map((one) => ({ ...one, nsPerCall: median(times.get(one)) }));
  return medians.map(({ name, nsPerCall, handler }) => {
    const base = medians.find((one) => one.handler === handler && one.call === bare);
    return { name, nsPerCall: Math.round(nsPerCall), aboveBareNs: Math.round(nsPerCall - base.nsPerCall) };
  });
}

if (process.argv[1] === import.meta.filename) {
  printTable(
    'captureMetrics and wrap: one call of a handler',
    ['', 'ns per call', 'above the bare call'],
    (await httpsnoopRows()).map(({ name, nsPerCall, aboveBareNs }) => [name, nsPerCall, aboveBareNs]),
  );
}
