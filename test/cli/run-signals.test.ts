import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listenToRun, type RunSignals } from '../../src/cli/run/run-signals.ts';

let signals: RunSignals;
let ends: string[];

beforeEach(() => {
  vi.useFakeTimers();
  ends = [];
});

afterEach(() => {
  signals.close();
  vi.useRealTimers();
});

function listen(timeoutMs: number | null = null): void {
  signals = listenToRun({ timeoutMs, onEnd: (why) => ends.push(why) });
}

const send = (signal: NodeJS.Signals) => process.emit(signal, signal);

describe('a run', () => {
  it('ends by the first Ctrl-C and is left alone by the second', () => {
    listen();
    send('SIGINT');
    expect([signals.why(), signals.wasTyped(), signals.ending.aborted]).toEqual(['interrupted', true, true]);
    expect(signals.abort.aborted).toBe(false);
    vi.advanceTimersByTime(600);
    send('SIGINT');
    expect(signals.abort.aborted).toBe(true);
    expect(ends).toEqual(['interrupted']);
  });

  it('takes one Ctrl-C that comes over two ways for one', () => {
    listen();
    send('SIGINT');
    vi.advanceTimersByTime(20);
    send('SIGINT');
    expect(signals.abort.aborted).toBe(false);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('goes on cleaning up however often it gets %s', (signal) => {
    listen();
    send(signal);
    vi.advanceTimersByTime(7_500);
    send(signal);
    send('SIGTERM');
    expect([signals.why(), signals.wasTyped(), signals.abort.aborted]).toEqual(['interrupted', false, false]);
  });

  it('ends when its time is up; Ctrl-C then is the first', () => {
    listen(5_000);
    vi.advanceTimersByTime(5_000);
    expect(signals.why()).toBe('timeout');
    send('SIGINT');
    expect([signals.why(), signals.wasTyped(), signals.abort.aborted]).toEqual(['timeout', false, false]);
    vi.advanceTimersByTime(1_000);
    send('SIGINT');
    expect(signals.abort.aborted).toBe(true);
    expect(ends).toEqual(['timeout', 'interrupted']);
  });

  it('is not ended by time once it only cleans up', () => {
    listen(5_000);
    signals.disarm();
    vi.advanceTimersByTime(60_000);
    expect(signals.why()).toBeNull();
  });
});
