import { describe, expect, test } from 'vitest';
import { Sources } from '../../src/artifacts/sources.ts';

const FILE = 'f'.repeat(64);
const MB = 1_000_000;

const make = (fanOut = 2, operatorSlots = 4) => new Sources({ fanOut, operatorSlots });

/** Lets nodes want the file and choose at once, one after the other. */
function arrive(sources: Sources, keys: readonly string[], now = 0) {
  return keys.map((key) => {
    sources.join(FILE, key, 0, now);
    const choice = sources.choose(FILE, key, now);
    return choice.from === 'node' ? choice.key : choice.from;
  });
}

function report(sources: Sources, bytes: Readonly<Record<string, number>>, now: number): void {
  for (const [key, count] of Object.entries(bytes)) sources.report(FILE, key, count, now);
}

describe('who gives to whom', () => {
  test('is fed by us once; from there it spreads, none serving more than it may', () => {
    expect(arrive(make(), ['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toEqual([
      'operator',
      'a',
      'a',
      'b',
      'c',
      'b',
      'c',
    ]);
    expect(arrive(make(1), ['a', 'b', 'c', 'd'])).toEqual(['operator', 'a', 'b', 'c']);
  });

  test('reaches a thousand nodes with one feed, in the depth of a tree', () => {
    const sources = make();
    const keys = Array.from({ length: 1000 }, (_, index) => `n${index}`);
    const from = arrive(sources, keys);
    expect(from.filter((source) => source === 'operator')).toHaveLength(1);
    const depth = new Map<string, number>();
    for (const [index, source] of from.entries()) {
      depth.set(keys[index] ?? '', source === 'operator' ? 0 : (depth.get(source) ?? Number.NaN) + 1);
    }
    expect(Math.max(...depth.values())).toBe(9);
  });

  test('keeps to nodes that have it all, and asks nothing of us then', () => {
    const sources = make();
    sources.hold(FILE, 'old');
    sources.join(FILE, 'new', 0, 0);
    expect(sources.choose(FILE, 'new', 0)).toEqual({ from: 'node', key: 'old', isWhole: true });
  });

  test('feeds several where nobody serves, as many as we may at once', () => {
    const sources = make(0, 2);
    expect(arrive(sources, ['a', 'b', 'c'])).toEqual(['operator', 'operator', 'nobody']);
    sources.hold(FILE, 'a');
    expect(sources.choose(FILE, 'c', 0)).toEqual({ from: 'operator' });
  });

  test('prefers a node that is ahead of the one that asks', () => {
    const sources = make();
    arrive(sources, ['a', 'b']);
    report(sources, { a: 10 * MB, b: 400 * MB }, 0);
    sources.join(FILE, 'c', 300 * MB, 0);
    expect(sources.choose(FILE, 'c', 0)).toMatchObject({ key: 'b' });
  });
});

describe('a node that falls away', () => {
  test('is left at once when its step has failed, and one of those behind it is fed by us', () => {
    const sources = make();
    arrive(sources, ['a', 'b', 'c', 'd']);
    report(sources, { a: 9 * MB, b: 8 * MB, c: 7 * MB, d: 6 * MB }, 1_000);
    sources.drop(FILE, 'a');
    expect(sources.restless(FILE, 1_100)).toEqual(['b', 'c']);
    sources.lose(FILE, 'b', { bytes: 8 * MB, met: true }, 1_200);
    expect(sources.choose(FILE, 'b', 1_200)).toEqual({ from: 'operator' });
    sources.lose(FILE, 'c', { bytes: 7 * MB, met: true }, 1_300);
    expect(sources.choose(FILE, 'c', 1_300)).toMatchObject({ key: 'b' });
  });

  test('is left by those behind it, and not by those behind them, when it falls silent', () => {
    const sources = make(1);
    arrive(sources, ['a', 'b', 'c']);
    for (let now = 0; now <= 12_000; now += 1_000) {
      if (now <= 2_000) report(sources, { a: now * 1_000, b: now * 1_000, c: now * 1_000 }, now);
      else report(sources, { b: 2 * MB, c: 2 * MB }, now);
      if (now < 12_000) expect([now, sources.restless(FILE, now)]).toEqual([now, []]);
    }
    expect(sources.restless(FILE, 12_000)).toEqual(['b']);
    sources.lose(FILE, 'b', { bytes: 2 * MB, met: true }, 12_000);
    expect(sources.choose(FILE, 'b', 12_000)).toEqual({ from: 'operator' });
  });

  test('is left when it has what it does not give', () => {
    const sources = make();
    sources.hold(FILE, 'old');
    arrive(sources, ['a']);
    report(sources, { a: 5 * MB }, 1_000);
    report(sources, { a: 5 * MB }, 11_000);
    expect(sources.restless(FILE, 11_000)).toEqual(['a']);
    sources.lose(FILE, 'a', { bytes: 5 * MB, met: true }, 11_000);
    expect(sources.choose(FILE, 'a', 11_000)).toEqual({ from: 'operator' });
  });

  test('costs nobody anything when all wait because our line stands still', () => {
    const sources = make(1);
    arrive(sources, ['a', 'b', 'c']);
    report(sources, { a: 5 * MB, b: 5 * MB, c: 5 * MB }, 1_000);
    report(sources, { a: 5 * MB, b: 5 * MB, c: 5 * MB }, 20_000);
    expect(sources.restless(FILE, 20_000)).toEqual([]);
  });

  test('never makes two nodes wait for each other', () => {
    const sources = make();
    arrive(sources, ['a', 'b', 'c', 'd']);
    report(sources, { a: 0, b: 5 * MB, c: 9 * MB, d: 9 * MB }, 1_000);
    // d takes from b, so b must not take from d, however far d is.
    sources.lose(FILE, 'b', { bytes: 5 * MB, met: false }, 1_000);
    expect(sources.choose(FILE, 'b', 1_000)).toMatchObject({ key: 'c' });
  });
});

describe('nodes that do not let each other in', () => {
  test('are tried a few times, then everything comes from us', () => {
    const sources = make();
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    let tries = 0;
    let fed = 0;
    for (const key of keys) {
      sources.join(FILE, key, 0, 0);
      for (;;) {
        const choice = sources.choose(FILE, key, 0);
        if (choice.from === 'operator') break;
        if (choice.from === 'nobody') throw new Error(`${key} waits although nobody can help it`);
        tries += 1;
        sources.lose(FILE, key, { bytes: 0, met: false }, 0);
      }
      fed += 1;
      // Each is done before the next, so that our own slots are not what is tried here.
      sources.hold(FILE, key);
    }
    expect(fed).toBe(8);
    expect(tries).toBeLessThanOrEqual(4);
  });

  test('of which one lets nobody in, go round that one', () => {
    const sources = make();
    arrive(sources, ['shut', 'b']);
    sources.lose(FILE, 'b', { bytes: 0, met: false }, 0);
    expect(sources.choose(FILE, 'b', 0)).toEqual({ from: 'operator' });
    sources.join(FILE, 'c', 0, 0);
    const first = sources.choose(FILE, 'c', 0);
    if (first.from === 'node' && first.key === 'shut') {
      sources.lose(FILE, 'c', { bytes: 0, met: false }, 0);
      expect(sources.choose(FILE, 'c', 0)).toMatchObject({ key: 'b' });
    } else expect(first).toMatchObject({ key: 'b' });
    report(sources, { b: 2 * MB, c: 1 * MB }, 1_000);
    expect(arrive(sources, ['d', 'e', 'f'], 1_000)).toEqual(['b', 'c', 'd']);
  });

  test('are not told apart by a node that cannot listen at all', () => {
    const sources = make();
    arrive(sources, ['a']);
    sources.silence('a');
    expect(arrive(sources, ['b', 'c'])).toEqual(['operator', 'b']);
  });
});

describe('a node that damages what it gives', () => {
  test('is left by those that take from it, and asked by nobody', () => {
    const sources = make();
    arrive(sources, ['a', 'b', 'c', 'd']);
    report(sources, { a: 9 * MB, b: 8 * MB, c: 7 * MB, d: 6 * MB }, 1_000);
    sources.retire('b');
    expect(sources.restless(FILE, 1_000)).toEqual(['d']);
    sources.lose(FILE, 'd', { bytes: 6 * MB, met: true }, 1_100);
    expect(sources.choose(FILE, 'd', 1_100)).toMatchObject({ key: 'c' });
    expect(arrive(sources, ['e', 'f'], 1_200)).toEqual(['c', 'd']);
  });
});

describe('a slow node', () => {
  test('is left by those that lack what others have', () => {
    const sources = make();
    arrive(sources, ['a', 'slow', 'c', 'd']);
    report(sources, { a: 200 * MB, slow: 10 * MB, c: 199 * MB, d: 9 * MB }, 5_000);
    expect(sources.restless(FILE, 5_000)).toEqual(['d']);
    sources.lose(FILE, 'd', { bytes: 9 * MB, met: true }, 5_000);
    expect(sources.choose(FILE, 'd', 5_000)).toMatchObject({ key: 'c' });
  });

  test('does not wander when it is slow itself', () => {
    const sources = make();
    arrive(sources, ['a', 'slow', 'c']);
    report(sources, { a: 300 * MB, slow: 10 * MB, c: 299 * MB }, 5_000);
    expect(sources.restless(FILE, 5_000)).toEqual([]);
  });
});
