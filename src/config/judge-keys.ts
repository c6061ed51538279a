import { type Finding, findingAt, type Mistake, type Path } from './finding.ts';
import type { LostKey } from './keys/key.ts';
import { keyTable } from './keys/key-table.ts';

/**
 * Names every key of RKE1 in `value` that has no place in RKE2: a warning where leaving it away changes nothing, an error
 * where that would surprise. One that asks for nothing, because it is empty or says what happens anyway, goes without a
 * word. A warned key that stands in many entries of a list is named at the first, with the number of the others.
 */
export function judgeKeys(value: unknown): readonly Finding[] {
  tree ??= growTree();
  const places: Place[] = [];
  collect(value, tree, [], places);
  const byKey = new Map<LostKey, Place[]>();
  for (const place of places) {
    const held = byKey.get(place.key);
    if (held) held.push(place);
    else byKey.set(place.key, [place]);
  }
  return [...byKey].flatMap(([key, found]) => {
    const shown = key.fate === 'warned' ? found.slice(0, 1) : found;
    const others = found.length - shown.length;
    return shown.map(({ path }) => findingAt(path, explainLoss(nameOf(path), key, others), 'key'));
  });
}

/** Whether nothing would be lost if the value were not there: all of it is empty, off, zero, or in the list. */
export function isHarmless(value: unknown, harmless: readonly unknown[] = []): boolean {
  if (Array.isArray(value)) return value.every((each) => isHarmless(each, harmless));
  if (typeof value === 'object' && value !== null) {
    return Object.values(value).every((each) => isHarmless(each, harmless));
  }
  return [undefined, null, '', false, 0, '0', ...harmless].includes(value);
}

/** The lost keys as a tree, along which a file is walked once, whatever its size; lists have no level of their own. */
interface LostTree {
  lost: LostKey | null;
  readonly below: Map<string, LostTree>;
}

interface Place {
  readonly path: Path;
  readonly key: LostKey;
}

let tree: LostTree | null = null;

function growTree(): LostTree {
  const root: LostTree = { lost: null, below: new Map() };
  for (const { entry, path } of keyTable()) {
    if (entry.fate !== 'warned' && entry.fate !== 'refused') continue;
    let place = root;
    for (const step of path.replaceAll('[]', '').split('.')) {
      const next = place.below.get(step) ?? { lost: null, below: new Map() };
      place.below.set(step, next);
      place = next;
    }
    place.lost = entry;
  }
  return root;
}

function collect(value: unknown, { lost, below }: LostTree, path: Path, places: Place[]): void {
  if (lost !== null) {
    if (!isHarmless(value, lost.harmless)) places.push({ path, key: lost });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) collect(each, { lost, below }, [...path, index], places);
    return;
  }
  for (const [key, each] of Object.entries(value)) {
    const next = below.get(key) ?? below.get('*');
    if (next) collect(each, next, [...path, key], places);
  }
}

/** The key from the nearest list entry on: `docker_socket`, `restore.snapshot_name`. */
function nameOf(path: Path): string {
  return path.slice(path.findLastIndex((step) => typeof step === 'number') + 1).join('.');
}

function explainLoss(name: string, { fate, why, instead }: LostKey, others: number): Mistake {
  if (fate === 'refused') {
    return { code: 'rke1-refused', message: `RKE1's \`${name}\` cannot be honoured. ${why}`, hint: instead };
  }
  const places = others === 1 ? '1 more place' : `${others} more places`;
  const more = others > 0 ? ` (The key stands in ${places}.)` : '';
  return {
    code: 'rke1-no-meaning',
    severity: 'warning',
    message: `RKE1's \`${name}\` has no meaning for RKE2. ${why}${more}`,
    hint: instead,
  };
}
