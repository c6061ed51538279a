import { describe, expect, it } from 'vitest';
import { remember } from '../../src/lib/remember.ts';

describe('a function that remembers', () => {
  function counting() {
    const calls: string[] = [];
    const join = remember((one: readonly string[], other: readonly string[]) => {
      calls.push([...one, ...other].join());
      return [...one, ...other];
    });
    return { join, calls };
  }

  it('gives the same thing for the same objects, and makes it once', () => {
    const { join, calls } = counting();
    const [a, b] = [['a'], ['b']];
    expect(join(a, b)).toBe(join(a, b));
    expect(calls).toEqual(['a,b']);
  });

  it('takes objects that are only alike for others, and keeps their order apart', () => {
    const { join, calls } = counting();
    const [a, b] = [['a'], ['b']];
    expect([join(a, b), join(b, a), join(['a'], b), join(a, ['b'])]).toEqual([
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(calls).toHaveLength(4);
  });

  it('remembers also that there was nothing', () => {
    let calls = 0;
    const nothing = remember((_of: object): undefined => {
      calls += 1;
    });
    const key = {};
    nothing(key);
    nothing(key);
    expect(calls).toBe(1);
  });
});
