import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { canonicalJson } from '../../src/lib/canonical-json.ts';

/** The same value with the keys of every object in another order. */
function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reverseKeys(member)]),
  );
}

describe('canonicalJson', () => {
  it('sorts keys by code unit at every depth and leaves no white space', () => {
    expect(canonicalJson({ b: [{ z: 1, a: null }], a: 'ü', B: true })).toBe(
      '{"B":true,"a":"ü","b":[{"a":null,"z":1}]}',
    );
  });

  it('takes an undefined property for an absent one', () => {
    expect(canonicalJson({ a: 1, b: undefined })).toBe('{"a":1}');
  });

  it('does not take the keys of one form for those of another', () => {
    expect(canonicalJson({ '["b","a"]': 1 })).toBe('{"[\\"b\\",\\"a\\"]":1}');
    expect(canonicalJson({ b: 1, a: 2 })).toBe('{"a":2,"b":1}');
    expect(canonicalJson({ '["b","a"]': 1 })).toBe('{"[\\"b\\",\\"a\\"]":1}');
    expect(canonicalJson({ 'b","a': 1 })).toBe('{"b\\",\\"a":1}');
  });

  it('keeps the order of lists', () => {
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]));
  });

  it.each([
    ['NaN', Number.NaN],
    ['Infinity', [Number.POSITIVE_INFINITY]],
    ['a function', { f: () => 1 }],
    ['undefined', undefined],
    ['a hole in a list', [undefined]],
    ['a big integer', 1n],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a Secret', { token: new Secret('hidden') }],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it('can be read back, whatever JSON value it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        // JSON has no negative zero, so compare what JSON itself keeps.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order in which keys were set', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reverseKeys(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('gives different texts for different values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const equal = JSON.stringify(tagged(a)) === JSON.stringify(tagged(b));
        expect(canonicalJson(a) === canonicalJson(b)).toBe(equal);
      }),
    );
  });
});

/** A second way to bring keys into order, independent of the one under test. */
function tagged(value: unknown): unknown {
  if (Array.isArray(value)) return ['list', ...value.map(tagged)];
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value;
  const members = new Map(Object.entries(value));
  return ['object', ...[...members.keys()].sort().map((key) => [key, tagged(members.get(key))])];
}
