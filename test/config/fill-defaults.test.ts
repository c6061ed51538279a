import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { fillDefaults } from '../../src/config/fill-defaults.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { EXAMPLE_NAMES } from '../support/example-names.ts';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
/** What the examples read their secrets from. */
const variables = {
  DATASTORE_ENDPOINT: 'postgres://rke2:hunter2@db.example.com:5432/rke2',
  MIRROR_LOGIN: 'fetcher:password',
  S3_ACCESS_KEY: 'access-key',
  S3_SECRET_KEY: 'secret-key',
};
const env = configEnvironment({ cwd: folder, variables });

function read(text: string, file = 'cluster.yml') {
  const { cluster, findings, input } = parseCluster(text, file, env);
  if (cluster === null || input === null) throw new Error(JSON.stringify(findings));
  return { cluster, findings, input };
}

const NODES = 'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]\n';

describe('a file with its defaults put in', () => {
  it.each(EXAMPLE_NAMES)('examples/%s means what it meant, and has no new finding', (name) => {
    const file = `${name}/cluster.yml`;
    const before = read(readFileSync(`${folder}${file}`, 'utf8'), file);
    const { value, defaults } = fillDefaults(before.input, file, env);
    expect(defaults.size).toBeGreaterThan(10);
    const after = read(stringify(value), file);
    expect(after.findings).toEqual(before.findings);
    // What is written down reaches RKE2 as a setting of its own, with the value that it would have had anyway.
    const { chartValues: _v, rke2: _r, ...rest } = after.cluster;
    expect(before.cluster).toMatchObject(rest);
  });

  it('has every value of the file, and the file’s own where there is a default', () => {
    const { value, defaults } = fillDefaults(
      read(`${NODES}ssh: {client: openssh}\n`).input,
      'cluster.yml',
      env,
    );
    expect(value).toMatchObject({
      nodes: [{ address: '10.0.0.11', port: 22 }],
      network: { plugin: 'canal' },
      ssh: { client: 'openssh', host_keys: 'accept-new' },
    });
    expect([...defaults]).toEqual(
      expect.arrayContaining(['nodes[0].port', 'network.plugin', 'ssh.host_keys']),
    );
    expect([...defaults]).not.toContain('ssh.client');
  });

  it('has no default that the file speaks against', () => {
    const { input } = read(`${NODES}install: {artifacts: ./rke2}\nkubernetes_version: v1.35.7+rke2r1\n`);
    expect(fillDefaults(input, 'cluster.yml', env).value['install']).not.toHaveProperty('channel');
  });

  it('gets no jump host, no datastore and no snapshots that nobody asked for', () => {
    const { value } = fillDefaults(read(NODES).input, 'cluster.yml', env);
    for (const key of ['bastion_host', 'datastore', 'cloud_provider', 'proxy'])
      expect(value).not.toHaveProperty(key);
    expect(value['services']).not.toHaveProperty('etcd');
  });
});
