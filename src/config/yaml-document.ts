import { type Document, isScalar, parseDocument, visit } from 'yaml';
import type { Path } from './finding.ts';
import { countLines, type LineColumn } from './line-column.ts';
import { findAnchorMistakes } from './yaml-anchors.ts';
import { explainYamlError, isOutOfPlace, isUnclosed } from './yaml-errors.ts';
import { findOffset } from './yaml-position.ts';

/** A mistake in the YAML itself, where the parser found it. */
export interface YamlMistake extends LineColumn {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** A file that was read with the position of everything in it. */
export interface YamlDocument {
  /** The file as plain data; undefined when its YAML is too broken to be read at all. */
  readonly value: unknown;
  readonly mistakes: readonly YamlMistake[];
  /** Where the key or the value at `path` stands; the nearest thing above it when it is not in the file. */
  locate(path: Path, at: 'key' | 'value'): LineColumn;
}

/** How deep lists and maps may lie in each other. */
export const DEEPEST = 64;

/** Reads YAML 1.2 with merge keys. Syntax errors and duplicate keys are mistakes, all of them at once; it never throws. */
export function readYamlDocument(text: string): YamlDocument {
  try {
    const document = parseDocument(text, {
      merge: true,
      prettyErrors: false,
      logLevel: 'error',
    });
    return readDocument(document, text);
  } catch (error) {
    if (error instanceof RangeError) return unreadable(...TOO_DEEP);
    throw error;
  }
}

export const TOO_DEEP = [
  'yaml-too-deep',
  'The file nests lists or maps deeper than any setting goes.',
  'Look for brackets that are never closed, or indentation that only grows.',
] as const;

/** Stands for a file of which nothing is read. */
export function unreadable(code: string, message: string, hint: string): YamlDocument {
  const start = { line: 1, column: 1 };
  return { value: undefined, mistakes: [{ code, message, hint, ...start }], locate: () => start };
}

function readDocument(document: Document.Parsed, text: string): YamlDocument {
  const toPosition = countLines(text);
  const mistakes = [...document.errors.filter(isNoConsequence), ...document.warnings].map(
    (error): YamlMistake => {
      const [found] = error.pos;
      const offset = isUnclosed(error.message) ? findOpening(document, found) : found;
      return {
        ...explainYamlError(error.code, error.message, text.slice(found, found + 80)),
        ...toPosition(offset),
      };
    },
  );
  const locate = (path: Path, at: 'key' | 'value'): LineColumn => toPosition(findOffset(document, path, at));
  const isBroken = document.errors.some((error) => error.code !== 'DUPLICATE_KEY');
  if (isBroken) return { value: undefined, mistakes: keepFirstOfLine(mistakes), locate };
  mistakes.push(...findDeepNodes(document, toPosition));
  mistakes.push(
    ...findAnchorMistakes(document).map(({ offset, ...each }) => ({ ...each, ...toPosition(offset) })),
  );
  if (mistakes.some(({ code }) => code === 'yaml-too-deep' || code === 'yaml-anchor')) {
    return { value: undefined, mistakes, locate };
  }
  return { value: document.toJS({ maxAliasCount: -1 }), mistakes, locate };
}

/** Once the parser has lost the thread, it calls every further word of the file unexpected. */
function isNoConsequence({ message }: { readonly message: string }, index: number): boolean {
  return index === 0 || !isOutOfPlace(message);
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
