import { CONFIG_KEYS, type ConfigKey } from '../rke2/config-keys.ts';
import { type KeyRow, keyTable } from './keys/key-table.ts';
import { findNearestName, measureDistance } from './nearest-name.ts';

/** What somebody means who names a key. */
export type FoundKey =
  | { readonly kind: 'row'; readonly row: KeyRow; readonly below: readonly KeyRow[] }
  /** A key of RKE2's own config.yaml, below `rke2` of the cluster or of a node. */
  | { readonly kind: 'rke2'; readonly path: string; readonly key: ConfigKey }
  /** `nearest` are paths that there are, the likeliest first; perhaps none. */
  | { readonly kind: 'unknown'; readonly nearest: readonly string[] };

const MOST_NEAREST = 6;

/**
 * Finds the row of a key by its path, with or without the brackets of lists (`nodes.labels`, `nodes[0].labels`), or by
 * its end alone where only one key ends so (`backup_config`). `below` are the rows one level down.
 */
export function findKey(asked: string): FoundKey {
  const plain = asked.trim().replaceAll(/\[\d*\]/g, '');
  const rows = keyTable();
  const row = rows.find(({ path }) => matcher(path).test(plain)) ?? findByEnd(plain, rows);
  if (row !== null) return { kind: 'row', row, below: listBelow(row.path) };
  const key = findRke2Key(plain);
  return key ?? { kind: 'unknown', nearest: listNearest(plain, rows) };
}

/** The rows one level below a path, of lists and maps with names of one's choice those of their entries; the top's for `''`. */
export function listBelow(path: string): readonly KeyRow[] {
  const starts = path === '' ? [''] : [`${path}[].`, `${path}.*.`, `${path}.`];
  return keyTable().filter(({ path: other }) => {
    const start = starts.find((each) => other.startsWith(each));
    return start !== undefined && !other.slice(start.length).includes('.');
  });
}

/** Whether nothing of the key has a place in RKE2, neither itself nor what stands below it. */
export function isLost({ entry, path }: KeyRow): boolean {
  if (entry.fate === 'warned' || entry.fate === 'refused') return true;
  const below = entry.fate === 'group' ? listBelow(path) : [];
  return below.length > 0 && below.every(isLost);
}

/** `*` stands for a name that the file chooses, which may have dots. */
function matcher(path: string): RegExp {
  const pattern = path
    .replaceAll('[]', '')
    .split('*')
    .map((part) => part.replaceAll(/[.\\^$+?()[\]{}|]/g, '\\$&'))
    .join('.+');
  return new RegExp(`^${pattern}$`);
}

function findByEnd(plain: string, rows: readonly KeyRow[]): KeyRow | null {
  const found = rows.filter(({ path }) => path.replaceAll('[]', '').endsWith(`.${plain}`));
  return found.length === 1 ? (found[0] ?? null) : null;
}

function findRke2Key(plain: string): FoundKey | null {
  const [, name, place] = /^((?:nodes\.)?rke2\.(?:(server|agent)\.)?)/.exec(plain) ?? [];
  if (name === undefined) return null;
  const key = CONFIG_KEYS.find((each) => each.name === plain.slice(name.length));
  if (key === undefined || (place === 'agent' && key.side === 'server')) return null;
  return { kind: 'rke2', path: plain, key };
}

/** First a name that looks alike below the same parent, then keys of that very name elsewhere, then names like it or with it in them. */
function listNearest(plain: string, rows: readonly KeyRow[]): readonly string[] {
  const parts = plain.split('.');
  const last = parts.at(-1) ?? '';
  const parent = parts.slice(0, -1).join('.');
  const name = (row: KeyRow) => row.path.split('.').at(-1) ?? '';
  const siblings = listBelow(findParent(parent, rows));
  const sibling = findNearestName(last, siblings.map(name));
  const same = rows.filter((row) => name(row) === last);
  const alike = rows
    .filter((row) => measureDistance(name(row), last) <= Math.max(1, Math.floor(last.length / 4)))
    .toSorted((a, b) => measureDistance(a.path, plain) - measureDistance(b.path, plain));
  const word = last.toLowerCase();
  const holding = word.length < 2 ? [] : rows.filter((row) => name(row).toLowerCase().includes(word));
  const found = [...siblings.filter((row) => name(row) === sibling), ...same, ...alike, ...holding];
  return [...new Set(found.map(({ path }) => path))].slice(0, MOST_NEAREST);
}

function findParent(plain: string, rows: readonly KeyRow[]): string {
  return rows.find(({ path }) => matcher(path).test(plain))?.path ?? '';
}
