import { type Finding, findingAt, type Mistake, type Path } from './finding.ts';
import { RKE1_KEYS, type Rke1Key } from './rke1-key-table.ts';

/**
 * Takes the keys of RKE1 that are not supported out of `value` (a fresh copy, which is changed) and names each of them.
 * One that asks for nothing, because it is empty or says what happens anyway, goes without a word.
 */
export function refuseRke1Keys(value: unknown): {
  readonly value: unknown;
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  for (const key of RKE1_KEYS) {
    for (const { holder, name, path } of findHolders(value, key.path)) {
      const asked = holder[name];
      delete holder[name];
      if (!isHarmless(asked, key.harmless ?? []))
        findings.push(findingAt(path, explainRefusal(name, key), 'key'));
    }
  }
  return { value, findings };
}

function explainRefusal(name: string, { fate, hint }: Rke1Key): Mistake {
  return fate === 'later'
    ? { code: 'rke1-not-yet', message: `RKE1's \`${name}\` is not supported yet.`, hint }
    : { code: 'rke1-gone', message: `RKE1's \`${name}\` has no meaning for RKE2.`, hint };
}

/** Whether nothing would be lost if the value were not there: all of it is empty, off, zero, or in the list. */
function isHarmless(value: unknown, harmless: readonly unknown[]): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) {
    return Object.values(value).every((each) => isHarmless(each, harmless));
  }
  return [null, '', false, 0, '0', ...harmless].includes(value);
}

interface Holder {
  readonly holder: Record<string, unknown>;
  readonly name: string;
  readonly path: Path;
}

/** Every map that has the last key of `pattern`, where the keys before it lead. */
function findHolders(root: unknown, pattern: string): readonly Holder[] {
  const steps = pattern.split('.');
  const name = steps.pop() ?? '';
  let places: { readonly value: unknown; readonly path: Path }[] = [{ value: root, path: [] }];
  for (const step of steps) {
    places = places.flatMap(({ value, path }) => {
      if (step !== '*') return isMap(value) ? [{ value: value[step], path: [...path, step] }] : [];
      return Array.isArray(value)
        ? value.map((each, index) => ({ value: each, path: [...path, index] }))
        : [];
    });
  }
  return places.flatMap(({ value, path }) =>
    isMap(value) && Object.hasOwn(value, name) ? [{ holder: value, name, path: [...path, name] }] : [],
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
