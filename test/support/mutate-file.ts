import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXAMPLE_NAMES } from './example-names.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const golden = fileURLToPath(new URL('../config/golden/', import.meta.url));
const rke1 = fileURLToPath(new URL('../config/rke1/', import.meta.url));
const SOURCES = [
  ...EXAMPLE_NAMES.map((name) => readFileSync(`${examples}${name}/cluster.yml`, 'utf8')),
  ...['full-en', 'questionnaire'].map((name) => readFileSync(`${rke1}${name}.yml`, 'utf8')),
  ...['rke1-keys', 'labels-and-taints', 'rke2-values', 'merge-keys', 'bastion'].map((name) =>
    readFileSync(`${golden}${name}.yml`, 'utf8'),
  ),
];

/** Numbers from 0 up to 1 that are the same in every run. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ODD_VALUES = [
  '',
  'null',
  '~',
  'true',
  'yes',
  'on',
  '0',
  '-1',
  '1e999',
  '0x10',
  '0o17',
  '.inf',
  '.nan',
  '9'.repeat(400),
  '"9"',
  '[]',
  '{}',
  '[[[]]]',
  '{a: {b: {c: 1}}}',
  '2026-11-21',
  '!!binary aGVsbG8=',
  '!foo bar',
  '*nothing',
  '&x y',
  '|',
  '>-',
  '"\\u0000"',
  '"\\ud800"',
  "'",
  '"',
  '__proto__',
  'constructor',
  '{__proto__: {a: 1}}',
  '{? [a]: b}',
  '{null: 1}',
  '{<<: 5}',
  '{<<: [1]}',
  '\u{1f600}'.repeat(40),
  'x'.repeat(100_000),
  `${'['.repeat(500)}${']'.repeat(500)}`,
  `${'{a: '.repeat(300)}1${'}'.repeat(300)}`,
];

const MUTATIONS: readonly ((text: string, random: () => number) => string)[] = [
  (text, random) => editLine(text, random, () => []),
  (text, random) => editLine(text, random, (line) => [line, line]),
  (text, random) => editLine(text, random, (line) => [line.replace(/^(\s*)/, '$1  ')]),
  (text, random) => editLine(text, random, (line) => [line.replace(/^ {1,2}/, '\t')]),
  (text, random) => editLine(text, random, (line) => [line.replace(/(\w)(\w)(?=\w*:)/, '$2$1')]),
  (text, random) => editLine(text, random, (line) => [line.replace(/[\w-]+(?=:)/, pick(KEYS, random))]),
  (text, random) =>
    editLine(text, random, (line) => [line.replace(/: .*$/, `: ${pick(ODD_VALUES, random)}`)]),
  (text, random) =>
    editLine(text, random, (line) => [line.replace(/- .*$/, `- ${pick(ODD_VALUES, random)}`)]),
  (text, random) => text.slice(0, Math.floor(random() * text.length)),
  (text, random) => text.slice(Math.floor(random() * text.length)),
  (text, random) => insert(text, random, String.fromCharCode(Math.floor(random() * 256))),
  (text, random) =>
    insert(
      text,
      random,
      pick(
        ['{', '}', '[', ']', ':', '- ', '&a', '*a', '#', '\r', '\u2028', '\uFEFF', '---\n', '...\n'],
        random,
      ),
    ),
  (text, random) => insert(text, random, `\n${'- '.repeat(1 + Math.floor(random() * 200))}x\n`),
  (text) => text.replaceAll('\n', '\r\n'),
];

const KEYS = [
  'nodes',
  'role',
  'address',
  '__proto__',
  'toString',
  'addons',
  'services',
  '<<',
  '?',
  '" "',
  '1',
  'rke2',
];

function pick<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function editLine(text: string, random: () => number, edit: (line: string) => readonly string[]): string {
  const lines = text.split('\n');
  const index = Math.floor(random() * lines.length);
  lines.splice(index, 1, ...edit(lines[index] ?? ''));
  return lines.join('\n');
}

function insert(text: string, random: () => number, piece: string): string {
  const offset = Math.floor(random() * text.length);
  return text.slice(0, offset) + piece + text.slice(offset);
}

/** One of the good files with one to three things broken in it; the same for the same seed. */
export function mutateFile(seed: number): string {
  const random = makeRandom(seed);
  let text = pick(SOURCES, random);
  const rounds = 1 + Math.floor(random() * 3);
  for (let round = 0; round < rounds; round++) text = pick(MUTATIONS, random)(text, random);
  return text;
}
