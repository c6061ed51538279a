import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document, parseDocument } from 'yaml';
import type { Path } from '../../src/config/finding.ts';
import { readYamlDocument } from '../../src/config/yaml-document.ts';
import { readYamlFast } from '../../src/config/yaml-fast.ts';
import { readYaml } from '../../src/config/yaml-source.ts';
import { EXAMPLE_NAMES } from '../support/example-names.ts';
import { mutateFile } from '../support/mutate-file.ts';

const golden = fileURLToPath(new URL('golden/', import.meta.url));
const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const FILES = [
  ...EXAMPLE_NAMES.map((name) => `${examples}${name}/cluster.yml`),
  ...readdirSync(golden)
    .filter((name) => name.endsWith('.yml'))
    .map((name) => `${golden}${name}`),
];

/** Every path of a value, and one below each that leads nowhere. */
function* listPaths(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  yield [...path, 'no such key'];
  yield [...path, 99];
  if (typeof value !== 'object' || value === null || path.length > 12) return;
  for (const [key, each] of Object.entries(value))
    yield* listPaths(each, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** Whether the fast reader took the text; if so, the other one must have found the same at the same places, and nothing amiss. */
function compareReaders(text: string): boolean {
  const fast = readYamlFast(text, 64);
  if (fast === null) return false;
  const slow = readYamlDocument(text);
  expect(slow.mistakes, text).toEqual([]);
  expect(fast.value, text).toStrictEqual(slow.value);
  const { locate, mistakes } = readYaml(text);
  if (mistakes.length > 0) return false; // refused before any reader saw it, for its brackets
  for (const path of listPaths(slow.value))
    for (const at of ['key', 'value'] as const) {
      const [one, other] = [locate(path, at), slow.locate(path, at)];
      if (one.line !== other.line || one.column !== other.column)
        expect([path, at, one], text).toEqual([path, at, other]);
    }
  return true;
}

/** Plain scalars that readers of YAML 1.1, of JSON and of YAML 1.2 disagree about, and everything near them. */
const ODD = [
  'yes',
  'No',
  'on',
  'OFF',
  'y',
  'n',
  '~',
  'null',
  'Null',
  'NULL',
  'nULL',
  '',
  'true',
  'True',
  'TRUE',
  'tRue',
  '0',
  '-0',
  '+0',
  '00',
  '007',
  '0777',
  '0o17',
  '-0o17',
  '0O17',
  '0x1F',
  '-0x1F',
  '0X1F',
  '0b11',
  '1_000',
  '1,000',
  '1.5',
  '.5',
  '5.',
  '+.5',
  '-.5e3',
  '1e3',
  '1E+3',
  '1e',
  '1e999',
  '.inf',
  '-.Inf',
  '+.INF',
  '.nan',
  '.NaN',
  '.Nan',
  '190:20:30',
  '1:2',
  '2001-12-14',
  '2001-12-14t21:59:43.10-05:00',
  '10.0.0.1',
  '10.0.0.0/8',
  'fd00::1',
  '::',
  '::1',
  '9007199254740993',
  '123456789012345678901234567890',
  'v1.35.7+rke2r1',
  '<<',
  '=',
  '-',
  '--',
  '---x',
  '-x',
  '?x',
  ':x',
  'a:b',
  'a#b',
  'a #b',
  '*x',
  '\tx',
  'x\t',
  'a\tb',
  'a\t#b',
  'a:\tb',
  '-\tx',
  '{a:\t1}',
  '[\t1,\t2\t]',
  '\n\tx',
  'x\n\ty',
  '#\t',
  '*',
  '* x',
  '*"x"',
  '*/x',
  '&',
  '& x',
  '&x',
  '!x',
  '%x',
  '@x',
  '`x',
  '"x"',
  "'x'",
  '"a\\nb"',
  "'it''s'",
  '{}',
  '[]',
  '{a: 1}',
  '[1, 2]',
  '|',
  '>-',
];

const scalar = fc.oneof(
  fc.constantFrom(...ODD),
  fc.stringMatching(/^[-+.0-9eExXoObBnNaAiIfF_:]{1,8}$/),
  fc.string({ maxLength: 8 }),
);

describe('the two readers of YAML', () => {
  it.each(FILES)('say the same of %s', (file) => {
    compareReaders(readFileSync(file, 'utf8'));
  });

  it('read the examples fast', () => {
    for (const file of FILES.slice(0, EXAMPLE_NAMES.length))
      expect(compareReaders(readFileSync(file, 'utf8')), file).toBe(true);
  });

  it('say the same of broken files', () => {
    let fast = 0;
    for (let seed = 1; seed <= 500; seed++) if (compareReaders(mutateFile(seed))) fast++;
    expect(fast).toBeGreaterThan(150);
  });

  it('say the same of any plain scalar, as value, in brackets and as key', () => {
    fc.assert(
      fc.property(scalar, scalar, (one, two) => {
        for (const text of [
          `a: ${one}\n`,
          `a: [${one}, ${two}]\n`,
          `${one}: ${two}\n`,
          `a: {${one}: ${two}}\n`,
          `- ${one}\n- ${two}\n`,
          `a: ${one}\n  ${two}\n`,
        ])
          compareReaders(text);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('say the same of any value that is written out as YAML', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(null, true, false),
        fc.double(),
        fc.integer(),
        fc.string(),
        tie('list'),
        tie('map'),
      ),
      list: fc.array(tie('any'), { maxLength: 4 }),
      map: fc.dictionary(fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom(...ODD)), tie('any'), {
        maxKeys: 4,
      }),
    })).any;
    fc.assert(
      fc.property(value, (each) => void compareReaders(new Document(each).toString())),
      { numRuns: 500, seed: 1 },
    );
  });

  it.each([
    'base: &b {a: 1, c: 2}\nn: {<<: *b, a: 3}\n',
    'base: &b {a: 1, c: 2}\nn: {a: 3, <<: *b}\n',
    'x: &x {a: 1}\ny: &y {a: 2, b: 2}\nn:\n  <<: [*x, *y]\n  d: 4\n',
    'x: &x {a: 1}\nn:\n  - &f {<<: *x, b: 1}\n  - {<<: *f, a: 2}\n',
    'a: &a [1]\nb: *a\nc: {d: *a}\n',
    'a: &a 1\nb: *a\nb2: &a 2\nc: *a\n',
    'a: "<<"\n"<<": 1\n',
    '"<<": {a: 1}\n',
  ])('say the same of anchors: %j', (text) => {
    compareReaders(text);
  });
});

describe('readYaml', () => {
  it('reads a thousand aliases of one map, as files with one anchor for all nodes have them', () => {
    const lines = Array.from(
      { length: 1000 },
      (_, index) => `  - {<<: *base, address: 10.0.${index >> 8}.${index & 255}, labels: *labels}`,
    );
    const text = `labels: &labels {a: b}\nbase: &base {user: root, role: [worker]}\nnodes:\n${lines.join('\n')}\n`;
    const { mistakes, value } = readYaml(text);
    expect(mistakes).toEqual([]);
    expect(value).toMatchObject({ nodes: { length: 1000, 999: { user: 'root', labels: { a: 'b' } } } });
  });

  it('refuses a file above 16 MiB and takes one just below', () => {
    const line = `# ${'x'.repeat(1021)}\n`;
    expect(readYaml(`a: 1\n${line.repeat(16 * 1024)}`).mistakes.map(({ code }) => code)).toEqual([
      'yaml-too-large',
    ]);
    expect(readYaml(`a: 1\n${line.repeat(16 * 1023)}`).value).toEqual({ a: 1 });
  });

  it('refuses what is no text, and lines that end in a way of their own', () => {
    expect(readYaml('a: 1\n\0').mistakes.map(({ code }) => code)).toEqual(['yaml-binary']);
    expect(readYaml('a: 1\r\nb: 2\r\n').value).toEqual({ a: 1, b: 2 });
    expect(readYaml('a: 1\r\nb: 2\rc: 3\n').mistakes).toMatchObject([{ code: 'yaml-line-ends', line: 2 }]);
  });

  it('finds positions after a fast reading', () => {
    const source = readYaml('# comment\nnodes:\n  - address: a\n    role: [worker]\n');
    expect(source.locate(['nodes', 0, 'role', 0], 'value')).toEqual({ line: 4, column: 12 });
    expect(source.locate(['nodes', 0, 'role'], 'key')).toEqual({ line: 4, column: 5 });
  });

  it('knows what the parser of positions would have made of it', () => {
    expect(parseDocument('a: 0o17', { merge: true }).toJS()).toEqual(readYaml('a: 0o17').value);
  });
});

describe('mistakes in the YAML', () => {
  it.each([
    'a: |planted\n',
    'a:\n  - b\n }planted\n',
    'a: b\n] planted\n',
    'a: b\n"planted"\n',
    '- a\nplanted\n',
    'a: "planted\n',
    'a: !planted b\n',
    'a: b: planted\n',
    '\tplanted: a\n',
  ])('never quote the file: %j', (text) => {
    const { mistakes } = readYaml(text);
    expect(mistakes.length).toBeGreaterThan(0);
    expect(JSON.stringify(mistakes)).not.toContain('planted');
  });
});
