import { describe, expect, it } from 'vitest';
import { retry } from '../../src/lib/retry.ts';

const options = { attempts: 4, delayMs: 1 };

describe('retry', () => {
  it('gives the first success', async () => {
    const seen: number[] = [];
    const work = async (attempt: number): Promise<string> => {
      seen.push(attempt);
      if (attempt < 3) throw new Error(`attempt ${attempt}`);
      return 'done';
    };
    expect(await retry(work, options)).toBe('done');
    expect(seen).toEqual([1, 2, 3]);
  });

  it('rejects with the last error when the attempts are used up', async () => {
    const work = (attempt: number): Promise<never> => Promise.reject(new Error(`attempt ${attempt}`));
    await expect(retry(work, options)).rejects.toThrow('attempt 4');
  });

  it('does not try again what cannot succeed', async () => {
    let attempts = 0;
    const work = (): Promise<never> => {
      attempts += 1;
      return Promise.reject(new Error('never'));
    };
    await expect(retry(work, { ...options, shouldRetry: () => false })).rejects.toThrow('never');
    expect(attempts).toBe(1);
  });

  it('waits longer each time, up to the limit, and never less than half', async () => {
    const pauses: number[] = [];
    let last = performance.now();
    const work = (): Promise<never> => {
      pauses.push(performance.now() - last);
      last = performance.now();
      return Promise.reject(new Error('no'));
    };
    const waits = { attempts: 4, delayMs: 20, maxDelayMs: 40, random: () => 0.999 };
    await expect(retry(work, waits)).rejects.toThrow();
    expect(pauses[1]).toBeGreaterThanOrEqual(18);
    expect(pauses[2]).toBeGreaterThanOrEqual(38);
    expect(pauses[3]).toBeGreaterThanOrEqual(38);
    expect(pauses[3]).toBeLessThan(75);
  });

  it('ends a pause with the reason of the signal', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopped')), 10);
    const work = (): Promise<never> => Promise.reject(new Error('no'));
    const started = performance.now();
    await expect(retry(work, { attempts: 2, delayMs: 60_000, signal: stop.signal })).rejects.toThrow(
      'stopped',
    );
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
