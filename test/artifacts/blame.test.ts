import { describe, expect, test } from 'vitest';
import { Blame } from '../../src/artifacts/blame.ts';

const FILE = 'f'.repeat(64);
const isWhole = () => true;
const isTaking = () => false;

describe('who damages a file', () => {
  test('is the one that had it right and gave it wrong', () => {
    expect(new Blame().accuse(FILE, 'b', ['a'], isWhole)).toEqual(['a']);
  });

  test('is not the one that was given it wrong', () => {
    const blame = new Blame();
    expect(blame.accuse(FILE, 'b', ['a'], isWhole)).toEqual(['a']);
    expect(blame.accuse(FILE, 'c', ['b'], isWhole)).toEqual([]);
    expect(blame.settle(FILE, 'b')).toBe(false);
  });

  test('is known of one that still takes it once its own copy was seen', () => {
    const blame = new Blame();
    expect(blame.accuse(FILE, 'c', ['b'], isTaking)).toEqual([]);
    expect(blame.settle(FILE, 'b')).toBe(true);
    expect(blame.accuse(FILE, 'd', ['e'], isTaking)).toEqual([]);
    expect(blame.accuse(FILE, 'e', ['a'], isWhole)).toEqual(['a']);
    expect(blame.settle(FILE, 'e')).toBe(false);
  });

  test('is told for each file by itself', () => {
    const blame = new Blame();
    blame.accuse(FILE, 'b', ['a'], isWhole);
    expect(blame.accuse('0'.repeat(64), 'c', ['b'], isWhole)).toEqual(['b']);
  });

  test('is not one of several whom the same node complains of', () => {
    const blame = new Blame();
    expect(blame.accuse(FILE, 'b', ['a'], isWhole)).toEqual(['a']);
    expect(blame.accuse('0'.repeat(64), 'b', ['c'], isWhole)).toEqual([]);
    expect(blame.accuse('1'.repeat(64), 'b', ['d'], isTaking)).toEqual([]);
    expect(blame.settle('1'.repeat(64), 'd')).toBe(false);
    expect(new Blame().accuse(FILE, 'b', ['a', 'c'], isWhole)).toEqual([]);
    expect(blame.accuse(FILE, 'e', ['c'], isWhole)).toEqual(['c']);
  });
});
