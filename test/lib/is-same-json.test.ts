import { expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { isSameJson } from '../../src/lib/is-same-json.ts';

it.each([
  [{ a: [1, { b: null }], c: 'x' }, { a: [1, { b: null }], c: 'x' }, true],
  [{ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
  [{ a: 1, b: undefined }, { a: 1 }, true],
  [{ a: new Secret('one') }, { a: new Secret('other') }, true],
  [null, null, true],
  [{ a: 1 }, { a: 2 }, false],
  [{ a: 1 }, { a: '1' }, false],
  [{ a: [1, 2] }, { a: [2, 1] }, false],
  [{ a: null }, {}, false],
  [{ a: {} }, { a: [] }, false],
  [null, {}, false],
])('%j and %j: %s', (left, right, expected) => {
  expect(isSameJson(left, right)).toBe(expected);
  expect(isSameJson(right, left)).toBe(expected);
});
