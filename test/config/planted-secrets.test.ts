import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { keyTable } from '../../src/config/keys/key-table.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { CERTIFICATE, PRIVATE_KEY } from './rke1-keys/sample-pem.ts';

const NODES = 'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]';
const ELSEWHERE = 'nodes: [{address: 10.0.0.11, role: [controlplane, worker]}]';

/** A small file for each key that holds a secret, in which `@` stands for the secret. */
const FILES: Readonly<Record<string, string>> = {
  'nodes[].ssh_key': 'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker], ssh_key: "@"}]',
  'nodes[].bastion_host.ssh_key':
    'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker], bastion_host: {address: b.example, ssh_key: "@"}}]',
  'bastion_host.ssh_key': `${NODES}\nbastion_host: {address: b.example, ssh_key: "@"}`,
  'cloud_provider.customCloudProvider': `${NODES}\ncloud_provider: {name: external, customCloudProvider: "@"}`,
  'cloud_provider.harvesterCloudProvider.cloud_config': `${NODES}\ncloud_provider: {name: harvester, harvesterCloudProvider: {cloud_config: "@"}}`,
  'cloud_provider.vsphereCloudProvider.global.password': `${NODES}\ncloud_provider: {name: vsphere, vsphereCloudProvider: {global: {server: v.example, user: u, password: "@", datacenters: d}}}`,
  'cloud_provider.vsphereCloudProvider.virtual_center.*.password': `${NODES}\ncloud_provider: {name: vsphere, vsphereCloudProvider: {virtual_center: {v.example: {user: u, password: "@", datacenters: d}}}}`,
  'services.etcd.backup_config.s3backupconfig.access_key': `${NODES}\nservices: {etcd: {backup_config: {s3backupconfig: {bucket_name: b, endpoint: s3.example, access_key: "@", secret_key: x}}}}`,
  'services.etcd.backup_config.s3backupconfig.secret_key': `${NODES}\nservices: {etcd: {backup_config: {s3backupconfig: {bucket_name: b, endpoint: s3.example, access_key: x, secret_key: "@"}}}}`,
  'services.etcd.backup_config.s3backupconfig.session_token': `${NODES}\nservices: {etcd: {backup_config: {s3backupconfig: {bucket_name: b, endpoint: s3.example, access_key: x, secret_key: y, session_token: "@"}}}}`,
  'services.etcd.key': `${ELSEWHERE}\nservices: {etcd: {external_urls: ["https://e.example:2379"], ca_cert: "CERT", cert: "CERT", key: "@"}}`,
  'authentication.webhook.config_file': `${NODES}\nauthentication: {strategy: "x509|webhook", webhook: {config_file: "@"}}`,
  'datastore.endpoint': `${ELSEWHERE}\ndatastore: {endpoint: "@"}`,
  'private_registries[].password': `${NODES}\nprivate_registries: [{url: r.example, user: u, password: "@"}]`,
  'private_registries[].ecr_credential_plugin.aws_access_key_id': `${NODES}\nprivate_registries: [{url: 1.dkr.ecr.eu-west-1.amazonaws.com, ecr_credential_plugin: {aws_access_key_id: "@", aws_secret_access_key: x}}]`,
  'private_registries[].ecr_credential_plugin.aws_secret_access_key': `${NODES}\nprivate_registries: [{url: 1.dkr.ecr.eu-west-1.amazonaws.com, ecr_credential_plugin: {aws_access_key_id: x, aws_secret_access_key: "@"}}]`,
  'private_registries[].ecr_credential_plugin.aws_session_token': `${NODES}\nprivate_registries: [{url: 1.dkr.ecr.eu-west-1.amazonaws.com, ecr_credential_plugin: {aws_access_key_id: x, aws_secret_access_key: x, aws_session_token: "@"}}]`,
  'registries.configs.*.auth.password': `${NODES}\nregistries: {configs: {r.example: {auth: {username: u, password: "@"}}}}`,
  'install.login': `${NODES}\ninstall: {artifacts: "https://m.example/rke2", login: "@"}`,
  'proxy.http': `${NODES}\nproxy: {http: "@"}`,
  'proxy.https': `${NODES}\nproxy: {https: "@"}`,
};

/** A secret that fits its key. */
function plantedFor(path: string): string {
  if (path.endsWith('ssh_key')) return '-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\n';
  if (path === 'services.etcd.key') return PRIVATE_KEY;
  if (path.endsWith('config_file') || path.endsWith('cloud_config'))
    return 'apiVersion: v1\nkind: Config\nclusters: [{name: planted, cluster: {server: "https://h.example"}}]\nusers: []\ncontexts: []\n';
  if (path === 'datastore.endpoint') return 'postgres://u:planted@d.example:5432/k3s';
  if (path === 'install.login') return 'u:planted';
  return path.startsWith('proxy.') ? 'http://u:planted@p.example:3128' : 'planted';
}

const read = (text: string, variables: Record<string, string>, output: string | null) =>
  parseCluster(
    text.replaceAll('"CERT"', JSON.stringify(CERTIFICATE)),
    'cluster.yml',
    configEnvironment({
      variables,
      runCommand: output === null ? null : () => `${output}\n`,
    }),
  );

function* listSecrets(value: unknown): Generator<string> {
  if (value instanceof Secret) yield value.reveal();
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) yield* listSecrets(each);
}

const rows = keyTable()
  .filter(({ entry }) => entry.fate === 'mapped' && entry.secret === true)
  .map(({ path }) => path);

describe('every key that holds a secret', () => {
  it('has a file here', () => {
    expect(Object.keys(FILES).sort()).toEqual([...rows].sort());
  });

  it.each(rows)('%s may stand elsewhere, and is shown nowhere', (path) => {
    const text = FILES[path] ?? '';
    const planted = plantedFor(path);
    const part = planted.includes('planted') ? 'planted' : (planted.split('\n')[1] ?? '');
    for (const source of ['env:PLANTED', 'command:print it']) {
      const { cluster, findings, input } = read(text.replace('@', source), { PLANTED: planted }, planted);
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      if (!cluster) throw new Error('no cluster');
      expect([...listSecrets(cluster)].some((secret) => secret.includes(part))).toBe(true);
      const shown = [
        inspect(cluster, { depth: 20 }),
        JSON.stringify([cluster, describeCluster(cluster), input, findings]),
      ];
      expect(shown.join()).not.toContain(part);
    }
  });

  it.each(rows)('%s is not asked of a command by validate, and missed in a variable', (path) => {
    const text = FILES[path] ?? '';
    expect(
      read(text.replace('@', 'command:print it'), {}, null).findings.filter(
        ({ severity }) => severity === 'error',
      ),
    ).toEqual([]);
    expect(read(text.replace('@', 'env:PLANTED'), {}, null).findings.map(({ code }) => code)).toContain(
      'secret-missing',
    );
  });
});

it('passwords among the values of charts are not in what the state remembers, and changes of them are', () => {
  const text = (word: string) => `nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]
chart_values: {rke2-coredns: {adminPassword: ${word}}}
charts: [{name: a, repo: "https://me:${word}@charts.example", values: {token: ${word}}}]
`;
  const remembered = (word: string) => {
    const { cluster } = read(text(word), {}, null);
    return cluster && describeCluster(cluster);
  };
  expect(JSON.stringify(remembered('planted'))).not.toContain('planted');
  expect(remembered('planted')).not.toEqual(remembered('another'));
});
