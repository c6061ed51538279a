import { growKeyTree, type KeyTree, stepInto } from './keys/key-tree.ts';

/** Values as they must be written so that reading them puts in no variable: the other way round of `substituteVariables`. */
export function escapeVariables(value: unknown): unknown {
  return walk(
    value,
    growKeyTree(({ entry }) => entry.fate === 'mapped' && entry.verbatim === true),
  );
}

function walk(value: unknown, verbatim: KeyTree | undefined): unknown {
  if (verbatim?.row) return value;
  if (typeof value === 'string') return value.includes('${') ? value.replaceAll('$', '$$$$') : value;
  if (Array.isArray(value)) return value.map((each) => walk(each, verbatim));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, walk(each, verbatim && stepInto(verbatim, key))]),
  );
}
