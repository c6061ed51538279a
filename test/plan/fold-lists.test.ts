import { describe, expect, it } from 'vitest';
import { foldLists, unfoldLists } from '../../src/plan/fold-lists.ts';

const LONG = Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`);
const STEPS = [
  { id: 'a', marker: { ipsets: { nodes: LONG } }, short: ['x'] },
  { id: 'b', marker: { ipsets: { nodes: [...LONG] } }, mixed: [...LONG, 1], none: null },
];

describe('folding lists', () => {
  it('leaves each longer list of words once, and gives all back', () => {
    const folded = foldLists(STEPS);
    expect(folded.lists).toEqual([LONG]);
    expect(JSON.stringify(folded.value)).not.toContain('10.0.0.1"]');
    expect(unfoldLists(JSON.parse(JSON.stringify(folded)))).toEqual(STEPS);
  });

  it('has nothing to fold in short ones', () => {
    expect(foldLists([['a', 'b'], []])).toEqual({ lists: [], value: [['a', 'b'], []] });
  });

  it('gives undefined for a list that is not there, which no schema takes', () => {
    expect(unfoldLists({ lists: [], value: { $list: 0 } })).toBeUndefined();
  });
});
