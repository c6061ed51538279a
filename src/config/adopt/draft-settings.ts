import type { Rke2Value, Rke2Values } from '../../domain/cluster.ts';
import { CLUSTER_WIDE_KEYS } from '../../rke2/cluster-wide-keys.ts';
import { findConfigKey } from '../../rke2/config-keys.ts';
import { ownedKeys, RESERVED_KEYS } from '../owned-keys.ts';
import { type DraftNote, draftNote } from './draft-note.ts';
import { KEY_WRITERS, type Put } from './key-writers.ts';

/** The settings of one node, and which service reads them. */
export interface NodeSettings {
  readonly name: string;
  readonly side: 'server' | 'agent';
  readonly values: Rke2Values;
}

export interface DraftedSettings {
  /** Keys of cluster.yml, nested as they stand there. */
  readonly keys: Readonly<Record<string, unknown>>;
  /** What goes below `rke2` of single nodes, in the order given. */
  readonly own: readonly Rke2Values[];
  readonly notes: readonly DraftNote[];
}

/** Taken from elsewhere than the settings: roles, names, addresses, labels, taints, tokens. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...['server', 'token', 'token-file', 'agent-token', 'agent-token-file', 'node-name', 'node-ip'],
  ...['node-label', 'node-taint', 'with-node-id', 'node-name-from-cloud-provider-metadata', 'config'],
  ...['disable-etcd', 'disable-apiserver', 'disable-controller-manager', 'disable-scheduler', 'data-dir'],
  ...['private-registry', 'secrets-encryption', 'tls-san'],
]);

/** What servers and agents have in common becomes one key of cluster.yml, where it has one for both. */
const FOR_ALL: ReadonlySet<string> = new Set([
  'profile',
  'selinux',
  'pause-image',
  'disable-default-registry-endpoint',
]);

/**
 * The settings of all nodes as keys of cluster.yml: under their own name where cluster.yml has one, else below
 * `rke2.server` and `rke2.agent`, and below `rke2` of a node where it differs from its like. What nothing can say is in the notes.
 */
export function draftSettings(nodes: readonly NodeSettings[]): DraftedSettings {
  const keys: Record<string, unknown> = {};
  const own: Record<string, Rke2Value>[] = nodes.map(() => ({}));
  const notes: DraftNote[] = [];
  const put: Put = (path, value) => putAt(keys, path, value);
  const done = new Set<string>();
  for (const key of namesOf(nodes)) {
    if (!FOR_ALL.has(key)) continue;
    const common = commonValue(nodes, key);
    if (common === null || KEY_WRITERS[key]?.(common, put, nodes[0]?.values ?? {}) !== true) continue;
    done.add(key);
  }
  for (const side of ['server', 'agent'] as const) {
    const group = nodes.filter((node) => node.side === side);
    for (const key of namesOf(group)) {
      if (done.has(key) || ELSEWHERE.has(key)) continue;
      notes.push(...place(key, side, nodes, { put, own }));
    }
  }
  return { keys, own, notes };
}

interface Places {
  readonly put: Put;
  readonly own: Record<string, Rke2Value>[];
}

function place(
  key: string,
  side: NodeSettings['side'],
  nodes: readonly NodeSettings[],
  { put, own }: Places,
): readonly DraftNote[] {
  const group = nodes.filter((node) => node.side === side);
  const known = findConfigKey(key);
  if (known === null) return [unknownKey(key)];
  // Agents pass over what only servers take.
  if (side === 'agent' && known.side === 'server') return [];
  const values = group[0]?.values ?? {};
  const common = commonValue(group, key);
  if (common !== null) {
    if (side === 'server' && !FOR_ALL.has(key) && KEY_WRITERS[key]?.(common, put, values) === true) return [];
    if (!ownedKeys().has(key)) {
      put(['rke2', side, key], typed(key, common));
      return [];
    }
  }
  const reserved = RESERVED_KEYS.get(key);
  const isRefused = reserved !== undefined && reserved.fate !== 'node';
  if (isRefused || (side === 'server' && CLUSTER_WIDE_KEYS.has(key))) return [notCarried(key, group, common)];
  for (const [index, node] of nodes.entries()) {
    const value = node.side === side ? node.values[key] : undefined;
    const target = own[index];
    if (value !== undefined && target !== undefined) target[key] = typed(key, value);
  }
  return [];
}

function namesOf(nodes: readonly NodeSettings[]): readonly string[] {
  return [...new Set(nodes.flatMap(({ values }) => Object.keys(values)))].sort();
}

/** The value that every node of the group has alike; null when one of them has another, or none. */
function commonValue(group: readonly NodeSettings[], key: string): Rke2Value | null {
  const first = group[0]?.values[key];
  if (first === undefined) return null;
  const text = textOf(first);
  return group.every(({ values }) => values[key] !== undefined && textOf(values[key]) === text)
    ? first
    : null;
}

function textOf(value: Rke2Value | undefined): string {
  return JSON.stringify([value ?? ''].flat().map(String));
}

/** As cluster.yml wants it: RKE2 takes every value as a flag's text, however it is written. */
function typed(key: string, value: Rke2Value): Rke2Value {
  const type = findConfigKey(key)?.type;
  const single = Array.isArray(value) ? value.at(-1) : value;
  if (type === 'list') return [value].flat().map(String);
  if (type === 'flag') return String(single) === 'true';
  if (type === 'number') return Number(single);
  return String(single ?? '');
}

function putAt(keys: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) {
    keys[first] = value;
    return;
  }
  const held = keys[first];
  const below: Record<string, unknown> = typeof held === 'object' && held !== null ? { ...held } : {};
  putAt(below, rest, value);
  keys[first] = below;
}

function unknownKey(key: string): DraftNote {
  return draftNote(
    'adopt-key-unknown',
    `\`${key.slice(0, 80)}\` stands in config.yaml, and RKE2 has no such key: it passes over it, and so does cluster.yml.`,
    'If it is a slip of the keyboard, write what was meant into cluster.yml.',
  );
}

function notCarried(key: string, group: readonly NodeSettings[], common: Rke2Value | null): DraftNote {
  const names = group.filter(({ values }) => values[key] !== undefined).map(({ name }) => name);
  const isHarmless = key.startsWith('write-kubeconfig');
  if (isHarmless) {
    return draftNote(
      'adopt-key-left',
      `\`${key}\` has no place in cluster.yml; it holds until rke2ctl next writes config.yaml, then RKE2’s default does.`,
      'Use `rke2ctl kubeconfig` to get a kubeconfig of your own.',
    );
  }
  const why =
    common === null && group.length > 1
      ? 'differs between nodes and must not'
      : 'cannot be said in cluster.yml';
  return draftNote(
    'adopt-key-lost',
    `\`${key}\` (${names.join(', ')}) ${why}: \`plan\` shows config.yaml without it.`,
    RESERVED_KEYS.get(key)?.hint ?? ownedKeys().get(key)?.hint ?? 'See what it is for before you run `up`.',
  );
}
