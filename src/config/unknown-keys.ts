import { formatPath, listNames, type Mistake, type Path } from './finding.ts';
import { keyTable } from './keys/key-table.ts';
import { findNearestName } from './nearest-name.ts';

/** More names than this are not read in an error, but looked up. */
const MOST_LISTED = 14;

/** What to say of a key that is not known at `parent`, where `known` are. */
export function explainUnknownKey(key: string, parent: Path, known: readonly string[]): Mistake {
  const where = parent.length === 0 ? 'at the top of the file' : `in \`${formatPath(parent)}\``;
  const shown = key === '' ? 'The empty key' : `The key \`${key.slice(0, 80)}\``;
  const message = `${shown} is not known ${where}.`;
  const homes = findHomes(key);
  if (homes.length > 0) {
    const places = homes.map((home) => (home === '' ? 'the top of the file' : `\`${home}\``));
    return { code: 'unknown-key', message, hint: `It belongs to ${places.join(' or ')}.` };
  }
  const nearest = key === '' ? null : findNearestName(key, known);
  if (nearest) return { code: 'unknown-key', message, hint: `Did you mean \`${nearest}\`?` };
  return { code: 'unknown-key', message, hint: listKnown(parent, known) };
}

function listKnown(parent: Path, known: readonly string[]): string {
  if (known.length === 0) return 'Nothing can be set here: leave it out.';
  if (known.length <= MOST_LISTED) return `Known here: ${listNames(known, 'and')}.`;
  const place = parent.filter((step) => typeof step === 'string').join('.');
  return `Leave it out, or look it up: \`rke2ctl explain${place === '' ? '' : ` ${place}`}\` lists the keys that are known here.`;
}

let homes: ReadonlyMap<string, readonly string[]> | null = null;

/** Single words that nothing else is meant by; of others (`version`, `timeout`) a guess would mislead. */
const CLEAR_WORDS = [
  'address',
  'role',
  'labels',
  'taints',
  'plugin',
  'sans',
  'artifacts',
  'channel',
  'mirror',
  'kubelet',
  'kubeproxy',
  'scheduler',
];

/** Where a key belongs that was written in another place: at most two places, for more would be no help. */
function findHomes(key: string): readonly string[] {
  if (!/[a-z][_-][a-z]/.test(key) && !CLEAR_WORDS.includes(key)) return [];
  homes ??= listHomes();
  const found = homes.get(key) ?? [];
  return found.length <= 2 ? found : [];
}

function listHomes(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { entry, path } of keyTable()) {
    if (entry.fate === 'warned' || entry.fate === 'refused') continue;
    const end = path.lastIndexOf('.');
    const key = path.slice(end + 1);
    found.set(key, [...(found.get(key) ?? []), end < 0 ? '' : path.slice(0, end)]);
  }
  return found;
}
