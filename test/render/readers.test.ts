import fc from 'fast-check';
import { CORE_SCHEMA, load, YAML11_SCHEMA } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { keyTable } from '../../src/config/keys/key-table.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import type { Cluster, ClusterNode } from '../../src/domain/cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import { desiredNode } from '../../src/render/desired-node.ts';
import type { RenderedFile } from '../../src/render/rendered-file.ts';
import { generousEnvironment, validClusters } from '../support/arbitrary-cluster.ts';
import { makeFacts } from '../support/make-facts.ts';
import { makeWorld, planInput } from '../support/model-hosts.ts';

const RUNS = 80;
const SEED = 4;

/** The text as readers of YAML 1.2 and 1.1 have it, who must agree. */
function readAlike(text: string): unknown {
  const value: unknown = parse(text);
  expect(parse(text, { version: '1.1' }), text).toStrictEqual(value);
  expect(load(text, { schema: CORE_SCHEMA }), text).toStrictEqual(value);
  expect(load(text, { schema: YAML11_SCHEMA }), text).toStrictEqual(value);
  return value;
}

function render(cluster: Cluster, node: ClusterNode): readonly RenderedFile[] {
  const input = planInput(makeWorld(cluster, { firewalld: false }));
  return desiredNode(input, node, makeFacts()).files;
}

/** What people wrote themselves goes to the nodes as it is. */
const OURS = /\/config\.yaml$|\/config\.yaml\.d\/|\/registries\.yaml$|\/rke2ctl-(chart|values)-[^/]*\.yaml$/;

function listOurs(files: readonly RenderedFile[]): ReadonlyMap<string, unknown> {
  const ours = files.filter(({ path }) => OURS.test(path));
  return new Map(ours.map(({ content, path }) => [path, readAlike(content ?? '')]));
}

/** RKE2 takes every scalar of its config.yaml as text, and one value like a list of one. */
function asText(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}

function reveal(value: unknown): unknown {
  return value instanceof Secret ? value.reveal() : value;
}

function checkNode(cluster: Cluster, node: ClusterNode): void {
  const files = listOurs(render(cluster, node));
  const isServer = node.roles.some((role) => role !== 'worker');
  const config = files.get('/etc/rancher/rke2/config.yaml') as Record<string, unknown> | undefined;
  const wanted = isServer ? cluster.rke2.server : cluster.rke2.agent;
  for (const [key, value] of Object.entries({ ...wanted, ...node.rke2 }))
    if (!key.endsWith('-arg')) expect(asText(config?.[key]), key).toEqual(asText(value));
  const secrets = Object.entries(cluster.rke2.secrets).map(([key, value]) => [key, reveal(value)]);
  const dropIn = files.get('/etc/rancher/rke2/config.yaml.d/20-rke2ctl-secrets.yaml');
  expect(dropIn).toEqual(isServer && secrets.length > 0 ? Object.fromEntries(secrets) : undefined);
  const registries = files.get('/etc/rancher/rke2/registries.yaml') ?? {};
  for (const [host, { auth }] of Object.entries(cluster.registries.configs))
    if (auth)
      expect(registries).toMatchObject({
        configs: { [host]: { auth: { password: auth.password.reveal() } } },
      });
  if (node.roles.includes('controlplane')) checkCharts(cluster, files);
}

function checkCharts(cluster: Cluster, files: ReadonlyMap<string, unknown>): void {
  const values = (kind: string, name: string): unknown => {
    const manifests = [...files.values()] as {
      kind?: string;
      metadata?: { name?: string };
      spec?: { valuesContent?: string };
    }[];
    const found = manifests.find((each) => each.kind === kind && each.metadata?.name === name);
    return readAlike(found?.spec?.valuesContent ?? '{}');
  };
  for (const [name, wanted] of Object.entries(cluster.chartValues))
    expect(values('HelmChartConfig', name)).toEqual(wanted);
  for (const chart of cluster.charts) expect(values('HelmChart', chart.name)).toEqual(chart.values);
}

function checkDeterminism(cluster: Cluster, text: string): void {
  const again = parseCluster(text, 'cluster.yml', generousEnvironment).cluster;
  if (!again) throw new Error(text);
  for (const [index, node] of cluster.nodes.entries())
    expect(render(again, again.nodes[index] ?? node)).toEqual(render(cluster, node));
}

const seen = new Set<string>();

/** Remembers which keys of the table have been met in valid files. */
function remember(value: unknown, path = ''): void {
  if (Array.isArray(value)) for (const each of value) remember(each, `${path}[]`);
  else if (typeof value === 'object' && value !== null)
    for (const [key, each] of Object.entries(value)) {
      const below = path === '' ? key : `${path}.${key}`;
      seen.add(below.replaceAll('[]', ''));
      remember(each, below);
    }
}

describe('whatever a valid file says', () => {
  it('is rendered the same every time, and read as it was meant by readers of YAML 1.1 and 1.2 alike', () => {
    fc.assert(
      fc.property(validClusters, ({ parsed, text }) => {
        remember(JSON.parse(text));
        if (!parsed.cluster) throw new Error(text);
        for (const node of parsed.cluster.nodes) checkNode(parsed.cluster, node);
        checkDeterminism(parsed.cluster, text);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
  }, 120_000);

  it('was, over all these files, most of what there is to say', () => {
    const rows = keyTable().filter(({ entry }) => entry.fate === 'mapped');
    const missing = rows.filter(({ path }) => !seen.has(path.replaceAll('[]', ''))).map(({ path }) => path);
    expect(missing.length / rows.length, missing.join('\n')).toBeLessThan(0.25);
  });
});
