import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeJsonSchema } from '../src/config/json-schema.ts';
import { loadCluster } from '../src/config/load-cluster.ts';
import type { Cluster } from '../src/domain/cluster.ts';
import { desiredNode } from '../src/render/desired-node.ts';
import { configEnvironment } from './support/config-environment.ts';
import { EXAMPLE_NAMES } from './support/example-names.ts';
import { makeWorld, planInput, planWorld } from './support/model-hosts.ts';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));
const names = EXAMPLE_NAMES;
const env = configEnvironment({
  cwd: folder,
  variables: {
    DATASTORE_ENDPOINT: 'postgres://rke2:hunter2@db.example.com:5432/rke2',
    MIRROR_LOGIN: 'fetcher:password',
    S3_ACCESS_KEY: 'access-key',
    S3_SECRET_KEY: 'secret-key',
  },
});
const validate = new Ajv({ strict: false }).compile(makeJsonSchema());

describe('examples', () => {
  it.each(names)('%s is a valid cluster without a warning', async (name) => {
    const { cluster, findings } = await loadCluster(`${name}/cluster.yml`, env);
    expect(findings).toEqual([]);
    expect(cluster.nodes.length).toBeGreaterThan(0);
    expect(cluster.kubeconfig.path).toBe(`${folder}${name}/kube_config_cluster.yml`);
  });

  it.each(names)('%s fits the JSON Schema that editors use, and names it', (name) => {
    const text = readFileSync(`${folder}${name}/cluster.yml`, 'utf8');
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/\.\.\/schemas\/cluster\.schema\.json\n/);
    validate(parse(text));
    expect(validate.errors).toBeNull();
  });

  it.each(names)('%s is planned and rendered as it was read and found good', async (name) => {
    const { cluster } = await loadCluster(`${name}/cluster.yml`, env);
    await expect(describeCluster(cluster)).toMatchFileSnapshot(`examples/${name}.txt`);
  });
});

/** The steps of a first `up`, then the files of one node of each kind. */
function describeCluster(cluster: Cluster): string {
  const world = makeWorld(cluster, { firewalld: false });
  const plan = planWorld(world);
  const steps = plan.steps.map(({ id, needs }) =>
    needs.length === 0 ? id : `${id}  after ${needs.join(', ')}`,
  );
  const input = planInput(world);
  const kinds = new Map(
    cluster.nodes.map((node) => [
      `${node.roles.join('+')}${node.key === input.bootstrapKey ? ', the first' : ''}`,
      node,
    ]),
  );
  const files = [...kinds].flatMap(([kind, node]) => {
    const facts = world.hosts[node.key];
    if (facts === undefined) throw new Error(`no facts of ${node.key}`);
    return desiredNode(input, node, facts).files.map(
      ({ path, mode, content }) =>
        `=== ${kind}: ${path} ${mode}\n${content ?? '(known once the first server is up)\n'}`,
    );
  });
  return [`=== the first up of ${plan.nodes.length} nodes\n${shorten(steps).join('\n')}\n`, ...files].join(
    '\n',
  );
}

/** Many steps of one kind on many hosts are told once more than they need be. */
function shorten(steps: readonly string[]): readonly string[] {
  return steps.length <= 120
    ? steps
    : [...steps.slice(0, 60), `… ${steps.length - 120} more …`, ...steps.slice(-60)];
}
