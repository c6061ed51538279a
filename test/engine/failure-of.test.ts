import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CancelledError, ConnectionLostError, ServiceError } from '../../src/domain/errors.ts';
import { failureOf } from '../../src/engine/failure-of.ts';

describe('failureOf', () => {
  it('takes a wait that was broken off for what it is', async () => {
    const abort = new AbortController();
    const waiting = sleep(10_000, undefined, { signal: abort.signal }).catch((error: unknown) => error);
    abort.abort();
    expect(failureOf(await waiting)).toMatchObject({
      outcome: 'cancelled',
      failure: { code: 'cancelled' },
    });
    expect(failureOf(new CancelledError()).outcome).toBe('cancelled');
  });

  it('calls the outcome unknown after a lost connection, and only then', () => {
    const lost = new ConnectionLostError({ code: 'connection-lost', message: 'gone', hint: 'look' });
    expect(failureOf(lost).outcome).toBe('unknown');
    expect(failureOf(new Error('x')).outcome).toBe('failed');
  });

  it('carries a service’s last words, and names what is a defect of ours', () => {
    const details = { code: 'service-failed', message: 'm', hint: 'h', lastWords: ['level=fatal x'] };
    expect(failureOf(new ServiceError(details)).failure).toEqual(details);
    expect(failureOf(new TypeError('oops')).failure).toMatchObject({
      code: 'internal',
      message: expect.stringContaining('oops'),
      hint: expect.stringContaining('defect'),
    });
    expect(failureOf('a thrown word').failure.message).toBe('a thrown word');
  });
});
