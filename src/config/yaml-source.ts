import { countValues } from './count-values.ts';
import type { Path } from './finding.ts';
import { countLines, type LineColumn } from './line-column.ts';
import {
  DEEPEST,
  readYamlDocument,
  TOO_DEEP,
  unreadable,
  type YamlDocument,
  type YamlMistake,
} from './yaml-document.ts';
import { explainYamlError } from './yaml-errors.ts';
import { readYamlFast } from './yaml-fast.ts';
import { findPlace, readPlaces } from './yaml-places.ts';

export interface YamlSource {
  /** The file as plain data; undefined when its YAML is too broken to be read at all. */
  readonly value: unknown;
  readonly mistakes: readonly YamlMistake[];
  /** Where the key or the value at `path` stands; the nearest thing above it when it is not in the file. */
  locate(path: Path, at: 'key' | 'value'): LineColumn;
}

/** In characters: more than 10,000 nodes take with labels, taints and comments. */
const LARGEST_FILE = 16 * 1024 * 1024;

/** Values that a file may hold with its aliases written out: so many, or ten for each of its characters. */
const MOST_VALUES = 20_000;
const MOST_PER_CHARACTER = 10;

/**
 * Reads YAML 1.2 with merge keys; never throws. A flawless file is read without positions, which takes a fifth of the
 * time: they are looked for when somebody asks.
 */
export function readYaml(text: string): YamlSource {
  if (text.length > LARGEST_FILE)
    return unreadable('yaml-too-large', 'The file is larger than 16 MiB.', 'Name a cluster.yml.');
  if (text.includes('\0'))
    return unreadable(
      'yaml-binary',
      'The file holds zero bytes, so it is no text.',
      'Name a cluster.yml in UTF-8.',
    );
  const lineEnd = text.search(/\r(?!\n)/);
  if (lineEnd >= 0) return strayReturn(text.slice(0, lineEnd).split('\n').length);
  if (isNestedTooDeep(text)) return unreadable(...TOO_DEEP);
  const fast = readYamlFast(text, DEEPEST);
  if (fast === null) return limit(readYamlDocument(text), text);
  let locator: Locator | null = null;
  const locate = (path: Path, at: 'key' | 'value'): LineColumn => {
    locator ??= makeLocator(text);
    return locator(path, at);
  };
  return limit({ value: fast.value, mistakes: [], locate }, text);
}

type Locator = YamlSource['locate'];

function makeLocator(text: string): Locator {
  const root = readPlaces(text, DEEPEST);
  const toPosition = countLines(text);
  let document: YamlDocument | null = null;
  return (path, at) => {
    const offset = findPlace(root, path, at);
    if (offset !== null) return toPosition(offset);
    document ??= readYamlDocument(text);
    return document.locate(path, at);
  };
}

function strayReturn(line: number): YamlSource {
  const mistake = {
    code: 'yaml-line-ends',
    message:
      'There is a carriage return in this line that ends no line: editors show two lines, YAML sees one.',
    hint: 'Save the file with Unix line ends (LF).',
    line,
    column: 1,
  };
  return { value: undefined, mistakes: [mistake], locate: () => mistake };
}

/** The parser needs time and stack for every level, so that a file of brackets only is turned away before it runs. */
function isNestedTooDeep(text: string): boolean {
  return /(?:[[{]\s*){65}|^[ \t]*(?:[-?] ){65}/m.test(text);
}

/** Turns away what is small in the file and immense once its aliases are written out. */
function limit(source: YamlSource, text: string): YamlSource {
  if ((countValues(source.value) ?? 0) <= Math.max(text.length * MOST_PER_CHARACTER, MOST_VALUES))
    return source;
  const mistake = { ...explainYamlError('ALIAS_BOMB', ''), line: 1, column: 1 };
  return { ...source, value: undefined, mistakes: [...source.mistakes, mistake] };
}
