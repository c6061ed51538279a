import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type KeyRow, keyTable } from '../../src/config/keys/key-table.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import type { Cluster } from '../../src/domain/cluster.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { desiredNode } from '../../src/render/desired-node.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { makeWorld, planInput } from '../support/model-hosts.ts';
import { RKE1_KEY_LIST } from './rke1-key-list.ts';
import type { ExpectedKey, Place } from './rke1-keys/expected-key.ts';

const env = configEnvironment();
const file = fileURLToPath(new URL('cluster.yml', import.meta.url));
const rows = new Map(keyTable().map((row) => [row.path, row]));

type Mapped = Extract<ExpectedKey, { fate: 'mapped' }>;
type Lost = Extract<ExpectedKey, { fate: 'warned' | 'refused' | 'lost' }>;
const mapped = RKE1_KEY_LIST.filter((key): key is Mapped => key.fate === 'mapped');
const lost = RKE1_KEY_LIST.filter((key): key is Lost => key.fate !== 'mapped' && key.fate !== 'group');

describe('every key of RKE1', () => {
  it('stands once in the list, and all are there', () => {
    const paths = RKE1_KEY_LIST.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.filter((path) => path.includes('.aci_network_provider.'))).toHaveLength(118);
    expect(paths.filter((path) => path.startsWith('system_images.'))).toHaveLength(41);
  });

  it.each(RKE1_KEY_LIST.map(({ path, fate }) => [path, fate] as const))(
    '%s has an entry: %s',
    (path, fate) => {
      const found = rowOf(path)?.entry.fate;
      const fates =
        fate === 'lost'
          ? ['warned', 'refused']
          : fate === 'group'
            ? ['group', 'mapped', 'warned', 'refused']
            : [fate];
      expect(fates).toContain(found);
    },
  );

  it('has no entry beyond the list', () => {
    const listed = new Set(RKE1_KEY_LIST.map(({ path }) => path));
    // RKE1 had one jump host for the whole cluster; a node's own is described by the same keys.
    const beyond = keyTable().filter(
      ({ path, entry }) =>
        entry.origin === 'rke1' && !listed.has(path) && !path.startsWith('nodes[].bastion_host'),
    );
    expect(beyond.map(({ path }) => path)).toEqual([]);
  });
});

describe('a mapped key of RKE1 reaches the nodes', () => {
  it.each(mapped.map((key) => [key.path, key] as const))('%s', (_path, key) => {
    const { cluster, findings } = parseCluster(stringify(write(key)), file, env);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    if (cluster === null) throw new Error('no cluster');
    for (const place of key.places) expectFound(cluster, place);
  });
});

describe('a lost key of RKE1 gets its sentence', () => {
  it.each(lost.map((key) => [key.path, key] as const))('%s', (path, key) => {
    const { cluster, findings } = parseCluster(stringify(write(key)), file, env);
    const entry = lostRowOf(path)?.entry;
    if (entry?.fate !== 'warned' && entry?.fate !== 'refused') throw new Error(`${path} is not lost`);
    const finding = findings.find((each) => saysWhy(each, entry.instead) && isAbout(each, key.path));
    expect(finding, JSON.stringify(findings, null, 1)).toBeDefined();
    expect(finding?.severity).toBe(entry.fate === 'warned' ? 'warning' : 'error');
    if (entry.fate === 'refused') expect(cluster).toBeNull();
  });
});

describe('the entry of a mapped key of RKE1 says where it goes', () => {
  it.each(mapped.map((key) => [key.path, key] as const))('%s', (path, { places }) => {
    const entry = rowOf(path)?.entry;
    if (entry?.fate !== 'mapped') throw new Error(`${path} is not mapped`);
    // Some say in words what depends on the value.
    if (entry.becomes.some(({ kind }) => kind === 'ours')) return;
    for (const place of places) {
      const said = entry.becomes.filter(({ kind }) => kind === place.kind);
      if (place.kind === 'config') expect(said).toContainEqual({ kind: 'config', key: place.key });
      if (place.kind === 'chart')
        expect(said).toContainEqual(expect.objectContaining({ chart: place.chart }));
      if (place.kind === 'file') expect(said).not.toEqual([]);
    }
  });
});

/** The key's own row, or that of the lost map it stands in. */
function rowOf(path: string): KeyRow | undefined {
  const own = rows.get(path);
  if (own !== undefined) return own;
  const parent = path.replace(/(\.[^.]+|\[\])$/, '');
  const row = parent === path ? undefined : rowOf(parent);
  return row?.entry.fate === 'warned' || row?.entry.fate === 'refused' ? row : undefined;
}

/** The row whose sentence comes: the highest lost map above the key, else its own. */
function lostRowOf(path: string): KeyRow | undefined {
  const steps = path.split('.');
  for (const length of steps.keys()) {
    const row = rows.get(steps.slice(0, length + 1).join('.'));
    if (row?.entry.fate === 'warned' || row?.entry.fate === 'refused') return row;
  }
  return undefined;
}

function saysWhy({ hint }: Diagnostic, instead: string): boolean {
  return hint.includes(instead);
}

/** Whether the finding's place is the key or a map above it. */
function isAbout({ path = '' }: Diagnostic, key: string): boolean {
  const plain = key.replaceAll('[]', '[0]').replaceAll('.*', '');
  const shown = path.replaceAll(/\["([^"]+)"\]/g, '');
  return plain === path || plain.startsWith(`${path}.`) || plain.startsWith(shown);
}

/** The least cluster of RKE1's with the sample in its place. */
function write(key: Mapped | Lost): unknown {
  const cluster = {
    nodes: [
      { address: '10.0.0.11', user: 'root', role: ['controlplane', 'etcd'] },
      { address: '10.0.0.12', user: 'root', role: ['worker'] },
    ],
  };
  for (const [path, value] of Object.entries(key.beside ?? {})) put(cluster, path, value);
  put(cluster, key.path, key.sample);
  return cluster;
}

function put(root: unknown, path: string, value: unknown): void {
  const steps = path
    .replaceAll('[]', '.0')
    .split('.')
    .map((step) => (step === '0' ? 0 : step === '*' ? 'vc.example.com' : step));
  let holder = root as Record<string | number, unknown>;
  for (const [index, step] of steps.slice(0, -1).entries()) {
    holder[step] ??= steps[index + 1] === 0 ? [] : {};
    holder = holder[step] as Record<string | number, unknown>;
  }
  holder[steps.at(-1) ?? ''] = value;
}

function expectFound(cluster: Cluster, place: Place): void {
  if (place.kind === 'cluster') {
    expect(reach(cluster, place.at)).toEqual(place.value);
    return;
  }
  if (place.kind === 'config') {
    const nodes = place.on === 'both' ? (['server', 'agent'] as const) : [place.on];
    for (const node of nodes) {
      const value = configOf(cluster, node)[place.key];
      const values = Array.isArray(value) ? value : [value];
      expect(
        values.some((each) => fits(each, place.value)),
        `${place.key}: ${JSON.stringify(value)}`,
      ).toBe(true);
    }
    return;
  }
  if (place.kind === 'file') {
    const files = filesOf(cluster, place.on).filter(({ path }) => place.path.test(path));
    expect(files.map(({ text }) => text).join('\n')).toContain(place.text);
    return;
  }
  const values = chartValuesOf(cluster, place.chart);
  if (place.at !== undefined)
    expect(fits(reach(values, place.at), place.value), JSON.stringify(values)).toBe(true);
  else
    expect(
      leavesOf(values).some((leaf) => fits(leaf, place.value)),
      JSON.stringify(values),
    ).toBe(true);
}

/** Numbers and flags may be written as text, which is how flags are read anyway. */
function fits(found: unknown, wanted: unknown): boolean {
  if (wanted instanceof RegExp) return typeof found === 'string' && wanted.test(found);
  return found === wanted || (found !== undefined && String(found) === String(wanted));
}

function filesOf(cluster: Cluster, kind: 'server' | 'agent'): readonly { path: string; text: string }[] {
  const world = makeWorld({ ...cluster, version: cluster.version ?? 'v1.35.7+rke2r1' }, { firewalld: false });
  const node = cluster.nodes[kind === 'server' ? 0 : 1];
  const facts = node && world.hosts[node.key];
  if (!node || !facts) throw new Error('no node');
  return desiredNode(planInput(world), node, facts).files.map(({ path, content }) => ({
    path,
    text: reveal(content),
  }));
}

/** config.yaml with its drop-ins over it, as RKE2 reads them. */
function configOf(cluster: Cluster, kind: 'server' | 'agent'): Record<string, unknown> {
  const files = filesOf(cluster, kind).filter(({ path }) => /^\/etc\/rancher\/rke2\/config\.yaml/.test(path));
  return Object.assign({}, ...files.map(({ text }) => parse(text) ?? {})) as Record<string, unknown>;
}

/** The values that a chart gets on the servers, from its HelmChartConfig. */
function chartValuesOf(cluster: Cluster, name: string): unknown {
  for (const { path, text } of filesOf(cluster, 'server')) {
    if (!path.includes('/server/manifests/')) continue;
    for (const part of text.split(/^---$/m)) {
      const object = parse(part) as {
        kind?: string;
        metadata?: { name?: string };
        spec?: { valuesContent?: string };
      } | null;
      if (object?.kind === 'HelmChartConfig' && object.metadata?.name === name)
        return parse(object.spec?.valuesContent ?? '');
    }
  }
  throw new Error(`no HelmChartConfig ${name}`);
}

function leavesOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [value];
}

function reach(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, step) => {
    if (step === 'reveal()') return reveal(at);
    return typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined;
  }, value);
}

function reveal(content: unknown): string {
  const secret = content as { reveal?: () => string } | null;
  return typeof content === 'string' ? content : (secret?.reveal?.() ?? '');
}
