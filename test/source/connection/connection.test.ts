import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { now } from '../../../src/clock.js';
import { Connection } from '../../../src/source/connection/connection.js';

describe('a connection that is older than we are', () => {
  it('is idle for nobody knows how long', () => {
    expect(Connection.older(new Socket(), true).take(now())).toMatchObject({
      reused: true,
      wasIdle: true,
      idleTime: Number.NaN,
    });
  });

  it('is not idle when it carries a request', () => {
    expect(Connection.older(new Socket(), false).take(now())).toMatchObject({
      reused: true,
      wasIdle: false,
      idleTime: 0,
    });
  });

  it('is idle from when its first request that we saw was done', () => {
    const connection = Connection.older(new Socket(), true);
    connection.take(now());
    connection.release();
    const { wasIdle, idleTime } = connection.take(now());
    expect({ wasIdle, known: idleTime >= 0 }).toEqual({ wasIdle: true, known: true });
  });
});
