import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument, stringify } from 'yaml';
import { applyEdits, toLineText } from '../../../src/config/convert/line-text.ts';
import { duplicatesIn, placesOf, removalsOf } from '../../../src/config/convert/remove-keys.ts';
import type { Path } from '../../../src/config/finding.ts';

function remove(text: string, ...paths: Path[]): string | null {
  const document = parseDocument(text, { merge: true, uniqueKeys: false });
  const edits = removalsOf(document, text, placesOf(document, paths));
  return edits === null ? null : applyEdits(toLineText(text), edits).text;
}

describe('keys are taken out of a text', () => {
  it('with the comment right above them and what is indented below', () => {
    const text = `# about the file

# about a
a: 1
# about b,
# in two lines
b:
  c: 2
  # below b
# about d
d: 3
`;
    expect(remove(text, ['b'])).toBe('# about the file\n\n# about a\na: 1\n# about d\nd: 3\n');
    expect(remove(text, ['a'])).toBe(text.replace('# about a\na: 1\n', ''));
  });

  it('and one lot of blank lines stays', () => {
    expect(remove('a: 1\n\nb: 2\n\nc: 3\n\nd: 4\n', ['b'], ['c'])).toBe('a: 1\n\nd: 4\n');
    expect(remove('a: 1\n\n# on b\nb: 2\nc: 3\n\nd: 4\n', ['b'], ['c'])).toBe('a: 1\n\nd: 4\n');
  });

  it('with the map that they leave empty', () => {
    expect(remove('a:\n  b:\n    c: 1\n    d: 2\ne: 3\n', ['a', 'b', 'c'], ['a', 'b', 'd'])).toBe('e: 3\n');
  });

  it('where the dash of a list stands before them', () => {
    const text = 'nodes:\n  - socket: x\n    # who\n    user: u\n    address: a\n  - address: b\n';
    expect(remove(text, ['nodes', 0, 'socket'])).toBe(
      'nodes:\n  - user: u\n    address: a\n  - address: b\n',
    );
    expect(remove(text, ['nodes', 0, 'socket'], ['nodes', 0, 'user'])).toBe(
      'nodes:\n  - address: a\n  - address: b\n',
    );
    expect(remove(text, ['nodes', 1])).toBe(text.replace('  - address: b\n', ''));
  });

  it('from brackets and braces', () => {
    expect(remove('a: {b: 1, c: 2, d: [x, y]}\n', ['a', 'c'])).toBe('a: {b: 1, d: [x, y]}\n');
    expect(remove('a: {b: 1, c: 2, d: [x, y]}\n', ['a', 'd'], ['a', 'c'])).toBe('a: {b: 1}\n');
    expect(remove('a: {b: 1, c: 2, d: [x, y]}\n', ['a', 'd', 1])).toBe('a: {b: 1, c: 2, d: [x]}\n');
  });

  it('where texts have several lines', () => {
    const text = 'key: |-\n  -----BEGIN-----\n  # no comment\n  -----END-----\n\nother: 1\n';
    expect(remove(text, ['key'])).toBe('other: 1\n');
    expect(remove(text, ['other'])).toBe('key: |-\n  -----BEGIN-----\n  # no comment\n  -----END-----\n\n');
  });

  it('where a merge brought them', () => {
    const text = 'base: &base\n  user: u\n  socket: x\nnodes:\n  - <<: *base\n    address: a\n';
    expect(remove(text, ['nodes', 0, 'socket'])).toBe(text.replace('  socket: x\n', ''));
  });

  it('never when something else refers to them', () => {
    expect(remove('a: &x {b: 1}\nc: *x\n', ['a'])).toBeNull();
    expect(remove('a: &x {b: 1}\nc: *x\n', ['c'])).toBe('a: &x {b: 1}\n');
    expect(remove('a: &x {b: 1}\nc: *x\nd: 1\n', ['a'], ['c'])).toBe('d: 1\n');
  });

  it('of equal keys all but the last', () => {
    const text = 'a: 1\nb: {c: 1, c: 2}\na: 2\n';
    const document = parseDocument(text, { uniqueKeys: false });
    const edits = removalsOf(document, text, duplicatesIn(document)) ?? [];
    expect(applyEdits(toLineText(text), edits).text).toBe('b: {c: 2}\na: 2\n');
  });

  it('and every line that stays knows its old number', () => {
    const text = 'a: 1\nb:\n  c: 1\n  d: 2\ne: 3\n';
    const document = parseDocument(text);
    const edits = removalsOf(document, text, placesOf(document, [['a'], ['b', 'c']])) ?? [];
    expect(applyEdits(toLineText(text), edits)).toEqual({
      text: 'b:\n  d: 2\ne: 3\n',
      origins: [2, 4, 5, 6],
    });
  });

  it('and nothing else goes, whatever the file looks like', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'long key', 'x-y');
    const leaf = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.constantFrom('text', 'a: b', '# no comment', 'two\nlines\n', '-', '- x', '', 'x\n\ny'),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.dictionary(key, tie('any'), { minKeys: 1, maxKeys: 4 }),
      any: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        tie('value'),
        fc.array(tie('any'), { maxLength: 3 }),
      ),
    })) as { value: fc.Arbitrary<Record<string, unknown>> };
    const form = fc.record({ indent: fc.constantFrom(2, 4), indentSeq: fc.boolean(), flow: fc.nat(5) });
    fc.assert(
      fc.property(
        value,
        form,
        fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        (data, { flow, ...style }, picks) => {
          const all = [...pathsOf(data)];
          const chosen = picks.map((pick) => all[pick % all.length] as Path);
          const text = write(data, flow, style);
          const left = remove(text, ...chosen);
          if (left === null) throw new Error('nothing was taken out');
          expect(parse(left) ?? {}).toEqual(without(data, chosen) ?? {});
        },
      ),
      { numRuns: 400 },
    );
  });
});

/** The data as YAML with comments, of which every so manieth map or list is written in brackets. */
function write(data: unknown, flow: number, style: { indent: number; indentSeq: boolean }): string {
  const document = parseDocument(stringify(data));
  let count = 0;
  const walk = (node: unknown): void => {
    const items = (node as { items?: unknown[] } | null)?.items;
    if (!items) return;
    count += 1;
    if (flow > 0 && count % (flow + 1) === 0) {
      (node as { flow: boolean }).flow = true;
      return;
    }
    for (const item of items) {
      const pair = item as { key?: { commentBefore?: string }; value?: unknown };
      if (pair.key && count % 2 === 0) pair.key.commentBefore = ' a comment';
      walk(pair.key ? pair.value : item);
    }
  };
  walk(document.contents);
  return document.toString({ ...style, lineWidth: 0 });
}

function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    yield here;
    yield* pathsOf(each, here);
  }
}

/** The data without what is at the paths, and without the maps and lists that this empties; undefined: nothing is left. */
function without(value: unknown, paths: readonly Path[], path: Path = []): unknown {
  if (paths.some((each) => each.length === path.length && each.every((step, index) => step === path[index])))
    return undefined;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => [
    key,
    without(each, paths, [...path, Array.isArray(value) ? Number(key) : key]),
  ]);
  const kept = entries.filter(([, each]) => each !== undefined);
  if (kept.length === 0 && entries.length > 0) return undefined;
  return Array.isArray(value) ? kept.map(([, each]) => each) : Object.fromEntries(kept);
}
