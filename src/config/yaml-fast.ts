import { CORE_SCHEMA, floatCoreTag, intCoreTag, load, mapTag, mergeTag, NOT_RESOLVED } from 'js-yaml';
import { countValues } from './count-values.ts';

/**
 * What the two readers might understand differently: quoted merge keys, tags, odd anchors and aliases, directives, odd
 * white space. Such files are read the slow way.
 */
const UNUSUAL = new RegExp(
  [
    /["']<<["']/,
    /(?:^|[\s,[{:-])!/,
    /(?:^|[\s,[{:-])&(?![\w-]+(?:\s|$))/,
    /(?:^|[\s,[{:-])\*(?![\w-]+(?:[\s,\]}]|$)|[\s"'/])/,
    /^%|^\.\.\./,
    /[\u0085\u2028\u2029\uFEFF]|\r(?!\n)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'm',
);

const INTEGER = /^(?:0o[0-7]+|0x[0-9a-fA-F]+|[-+]?[0-9]+)$/;
const FLOAT =
  /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)$/;

/** YAML 1.2's core schema with merge keys, numbers and empty keys as the other reader has them. */
const SCHEMA = CORE_SCHEMA.withTags(
  mergeTag,
  { ...intCoreTag, resolve: (source) => (INTEGER.test(source) ? toInteger(source) : NOT_RESOLVED) },
  { ...floatCoreTag, resolve: (source) => (FLOAT.test(source) ? toFloat(source) : NOT_RESOLVED) },
  {
    ...mapTag,
    addPair: (map, key, value) => (key === null ? 'an empty key' : mapTag.addPair(map, key, value)),
  },
);

function toInteger(source: string): number {
  if (source.startsWith('0o')) return Number.parseInt(source.slice(2), 8);
  return source.startsWith('0x') ? Number.parseInt(source.slice(2), 16) : Number.parseInt(source, 10);
}

function toFloat(source: string): number {
  const text = source.toLowerCase();
  if (text.endsWith('.nan')) return Number.NaN;
  if (text.endsWith('.inf'))
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number.parseFloat(text);
}

/**
 * The file as plain data, five times faster than with positions; null when it is anything but plain and flawless, so
 * that the reader with positions has to look at it. Both give the same data.
 */
export function readYamlFast(text: string, deepest: number): { readonly value: unknown } | null {
  if (UNUSUAL.test(text)) return null;
  try {
    const value = load(text, { schema: SCHEMA, maxDepth: deepest, maxTotalMergeKeys: -1 });
    return countValues(value) === null ? null : { value };
  } catch {
    return null;
  }
}
