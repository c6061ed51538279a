import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { splitSignal } from '../../src/lib/split-signal.ts';

describe('a split signal', () => {
  it('aborts every branch with the reason of the one', () => {
    const controller = new AbortController();
    const split = splitSignal(controller.signal);
    const [first, second] = [split.branch(), split.branch()];
    const heard: unknown[] = [];
    first.addEventListener('abort', () => heard.push(first.reason));
    controller.abort('why');
    expect(heard).toEqual(['why']);
    expect(second.aborted).toBe(true);
    expect(second.reason).toBe('why');
    expect(split.branch().reason).toBe('why');
  });

  it('listens once, however many branches there are, and not after it was closed', () => {
    const controller = new AbortController();
    const split = splitSignal(controller.signal);
    const branches = Array.from({ length: 20 }, () => split.branch());
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    split.close();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    controller.abort();
    expect(branches.some(({ aborted }) => aborted)).toBe(false);
  });
});
