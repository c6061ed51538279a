import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeJsonSchema } from '../src/config/json-schema.ts';
import { loadCluster } from '../src/config/load-cluster.ts';
import { configEnvironment } from './support/config-environment.ts';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));
const names = readdirSync(folder);
const env = configEnvironment({ cwd: folder });
const validate = new Ajv({ strict: false }).compile(makeJsonSchema());

describe('examples', () => {
  it('are there', () => {
    expect(names).toEqual(
      expect.arrayContaining([
        'airgap-registry',
        'bastion',
        'ha-endpoint',
        'ipv6-node',
        'minimal',
        'single-node',
        'split-roles',
      ]),
    );
  });

  it.each(names)('%s is a valid cluster without a warning', async (name) => {
    const { cluster, findings } = await loadCluster(`${name}/cluster.yml`, env);
    expect(findings).toEqual([]);
    expect(cluster.nodes.length).toBeGreaterThan(0);
    expect(cluster.kubeconfig.path).toBe(`${folder}${name}/kube_config_cluster.yml`);
  });

  it.each(names)('%s fits the JSON Schema that editors use', (name) => {
    validate(parse(readFileSync(`${folder}${name}/cluster.yml`, 'utf8')));
    expect(validate.errors).toBeNull();
  });
});
