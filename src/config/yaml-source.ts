import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml';
import type { Path } from './finding.ts';
import { explainYamlError, isUnclosed } from './yaml-errors.ts';

export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

/** A mistake in the YAML itself, where the parser found it. */
export interface YamlMistake extends LineColumn {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface YamlSource {
  /** The file as plain data; undefined when its YAML is too broken to be read at all. */
  readonly value: unknown;
  readonly mistakes: readonly YamlMistake[];
  /** Where the key or the value at `path` stands; the nearest thing above it when it is not in the file. */
  locate(path: Path, at: 'key' | 'value'): LineColumn;
}

const LARGEST_FILE = 4 * 1024 * 1024;
const DEEPEST = 64;

/** Reads YAML 1.2 with merge keys. Syntax errors and duplicate keys are mistakes, all of them at once; it never throws. */
export function readYaml(text: string): YamlSource {
  if (text.length > LARGEST_FILE)
    return unreadable('yaml-too-large', 'The file is larger than 4 MiB.', 'Name a cluster.yml.');
  if (text.includes('\0'))
    return unreadable(
      'yaml-binary',
      'The file holds zero bytes, so it is no text.',
      'Name a cluster.yml in UTF-8.',
    );
  try {
    if (isNestedTooDeep(text)) return unreadable(...TOO_DEEP);
    const lines = new LineCounter();
    const document = parseDocument(text, {
      lineCounter: lines,
      merge: true,
      prettyErrors: false,
      logLevel: 'error',
    });
    return readDocument(document, lines, text);
  } catch (error) {
    if (error instanceof RangeError) return unreadable(...TOO_DEEP);
    throw error;
  }
}

const TOO_DEEP = [
  'yaml-too-deep',
  'The file nests lists or maps deeper than any setting goes.',
  'Look for brackets that are never closed, or indentation that only grows.',
] as const;

function unreadable(code: string, message: string, hint: string): YamlSource {
  const start = { line: 1, column: 1 };
  return { value: undefined, mistakes: [{ code, message, hint, ...start }], locate: () => start };
}

/** The parser needs time and stack for every level, so that a file of brackets only is turned away before it runs. */
function isNestedTooDeep(text: string): boolean {
  return /(?:[[{]\s*){65}|^[ \t]*(?:[-?] ){65}/m.test(text);
}

function readDocument(document: Document.Parsed, lines: LineCounter, text: string): YamlSource {
  const toPosition = (offset: number): LineColumn => {
    const { line, col } = lines.linePos(Math.min(Math.max(offset, 0), text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const mistakes = [...document.errors, ...document.warnings].map((error): YamlMistake => {
    const [found] = error.pos;
    const offset = isUnclosed(error.message) ? findOpening(document, found) : found;
    return {
      ...explainYamlError(error.code, error.message, text.slice(found, found + 80)),
      ...toPosition(offset),
    };
  });
  const locate = (path: Path, at: 'key' | 'value'): LineColumn => toPosition(findOffset(document, path, at));
  const isBroken = document.errors.some((error) => error.code !== 'DUPLICATE_KEY');
  if (isBroken) return { value: undefined, mistakes: keepFirstOfLine(mistakes), locate };
  mistakes.push(...findDeepNodes(document, toPosition));
  const unknownAlias = findUnknownAlias(document);
  if (unknownAlias) mistakes.push({ ...unknownAlias, ...toPosition(unknownAlias.offset) });
  if (mistakes.some(({ code }) => code === 'yaml-too-deep' || code === 'yaml-alias')) {
    return { value: undefined, mistakes, locate };
  }
  try {
    return { value: document.toJS({ maxAliasCount: 100 }), mistakes, locate };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const mistake = explainYamlError('ALIAS_BOMB', error.message);
    return { value: undefined, mistakes: [...mistakes, { ...mistake, line: 1, column: 1 }], locate };
  }
}

/** One slip of the pen often makes several syntax errors in its line, of which the first says most. */
function keepFirstOfLine(mistakes: readonly YamlMistake[]): readonly YamlMistake[] {
  const lines = new Set<number>();
  return mistakes.filter(({ code, line }) => {
    if (code !== 'yaml-syntax') return true;
    const isFirst = !lines.has(line);
    lines.add(line);
    return isFirst;
  });
}

/** Where the innermost quote or bracket begins that is still open at `offset`. */
function findOpening(document: Document.Parsed, offset: number): number {
  let opening = offset;
  visit(document, {
    Node(_key, node) {
      const isOpener = isScalar(node) ? node.type?.startsWith('QUOTE') : 'flow' in node && node.flow === true;
      const [start, , end] = node.range ?? [offset, offset, offset];
      if (isOpener && start < offset && end >= offset) opening = start;
    },
  });
  return opening;
}

function findDeepNodes(document: Document.Parsed, toPosition: (offset: number) => LineColumn): YamlMistake[] {
  let offset: number | null = null;
  visit(document, {
    Collection(_key, node, ancestors) {
      if (ancestors.length <= DEEPEST) return undefined;
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  if (offset === null) return [];
  const [code, message, hint] = TOO_DEEP;
  return [{ code, message, hint, ...toPosition(offset) }];
}

/** An alias whose anchor comes later or never, or that stands inside its own anchor. */
function findUnknownAlias(
  document: Document.Parsed,
): { code: string; message: string; hint: string; offset: number } | null {
  let found: { code: string; message: string; hint: string; offset: number } | null = null;
  visit(document, {
    Alias(_key, alias, ancestors) {
      const target = alias.resolve(document);
      const offset = alias.range?.[0] ?? 0;
      if (target && !ancestors.includes(target)) return undefined;
      const message = target
        ? `\`*${alias.source}\` stands inside the very thing that it stands for.`
        : `\`*${alias.source}\` stands for nothing: there is no \`&${alias.source}\` before it.`;
      found = {
        code: 'yaml-alias',
        message,
        hint: 'Set the anchor before its alias, or write the value out.',
        offset,
      };
      return visit.BREAK;
    },
  });
  return found;
}

function findOffset(document: Document.Parsed, path: Path, at: 'key' | 'value'): number {
  let node: Node | null = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const container = deref(node, document);
    const isLast = index === path.length - 1;
    if (isSeq(container) && typeof step === 'number') {
      node = (container.items[step] as Node | undefined) ?? null;
      if (!node) return offset;
      offset = startOf(node) ?? offset;
      continue;
    }
    const pair = isMap(container) ? findPair(container.items, String(step), document) : null;
    if (!pair) return offset;
    const key = startOf(pair.key) ?? offset;
    node = pair.value as Node | null;
    const isEmpty = node === null || (isScalar(node) && node.value === null && !node.source);
    offset =
      (isLast && at === 'key') || isEmpty ? key : isLast || isInline(node) ? (startOf(node) ?? key) : key;
  }
  return offset;
}

/** A flow collection or scalar begins where its value stands; a block is better shown by its key. */
function isInline(node: Node | null): boolean {
  return !((isMap(node) || isSeq(node)) && !node.flow);
}

/** The pair of that key; one from a merge (`<<`) when the map has none of its own. */
function findPair(items: readonly unknown[], key: string, document: Document.Parsed): Pair | null {
  const pairs = items.filter(isPair);
  const own = pairs.findLast((pair) => keyText(pair.key) === key);
  if (own) return own;
  for (const merge of pairs.filter((pair) => keyText(pair.key) === '<<')) {
    const source = deref(merge.value as Node | null, document);
    const maps = isSeq(source) ? source.items.map((item) => deref(item as Node, document)) : [source];
    for (const map of maps) {
      const pair = isMap(map) ? findPair(map.items, key, document) : null;
      if (pair) return pair;
    }
  }
  return null;
}

function keyText(key: unknown): string {
  return isScalar(key) ? (key.source ?? String(key.value ?? '')) : '';
}

function deref(node: Node | null, document: Document.Parsed): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}

function startOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null;
}
