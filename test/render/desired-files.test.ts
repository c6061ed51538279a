import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Cluster, ClusterNode } from '../../src/domain/cluster.ts';
import type { HostFacts } from '../../src/domain/observed.ts';
import type { Role } from '../../src/domain/role.ts';
import { Secret } from '../../src/domain/secret.ts';
import { desiredNode } from '../../src/render/desired-node.ts';
import { renderEnvironmentFile } from '../../src/render/environment-file.ts';
import { nodeFilePaths, probedFiles } from '../../src/render/node-files.ts';
import type { RenderedFile } from '../../src/render/rendered-file.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeFacts } from '../support/make-facts.ts';
import { makeWorld, planInput } from '../support/model-hosts.ts';

const KEY = '10.0.0.1:22';
const CONFIG = '/etc/rancher/rke2/config.yaml';

interface Case {
  readonly cluster?: Partial<Cluster>;
  readonly roles?: readonly Role[];
  readonly node?: Partial<ClusterNode>;
  readonly facts?: Partial<HostFacts>;
}

/** The files of the one node of a cluster, by path. */
function files({ cluster = {}, roles = ['etcd', 'controlplane'], node = {}, facts = {} }: Case) {
  const spec = makeNode('10.0.0.1', roles, node);
  const whole = makeCluster({ nodes: [spec], ...cluster });
  const input = planInput(makeWorld(whole, { firewalld: false }));
  const rendered = desiredNode(input, spec, makeFacts(facts)).files;
  expect(rendered.map(({ path }) => path)).toEqual(nodeFilePaths(whole, spec));
  for (const { path } of rendered) expect([...probedFiles(whole, spec), KEY]).toContain(path);
  return new Map(rendered.map((file) => [file.path, file]));
}

function config(given: Case): Record<string, unknown> {
  return parse(files(given).get(CONFIG)?.content ?? '', { version: '1.1' });
}

function kind(file: RenderedFile | undefined) {
  return file === undefined
    ? 'absent'
    : `${file.secret ? 'secret' : 'open'}, ${file.readAtStart ? 'restart' : 'no restart'}`;
}

describe('the files of a node', () => {
  it('hold secret settings of servers in a drop-in, and none in config.yaml', () => {
    const cluster = {
      rke2: { server: {}, agent: {}, secrets: { 'etcd-s3-secret-key': new Secret('0x1F') } },
    };
    const path = '/etc/rancher/rke2/config.yaml.d/20-rke2ctl-secrets.yaml';
    const file = files({ cluster }).get(path);
    expect(kind(file)).toBe('secret, restart');
    expect(parse(file?.content ?? '', { version: '1.1' })).toEqual({ 'etcd-s3-secret-key': '0x1F' });
    expect(config({ cluster })['etcd-s3-secret-key']).toBeUndefined();
    expect(files({ cluster, roles: ['worker'] }).get(path)).toBeUndefined();
  });

  it('hold the environment of the service that runs there', () => {
    const cluster = {
      environment: { HTTP_PROXY: new Secret('http://u:p$w"@p:1'), NO_PROXY: '.svc,10.0.0.0/8' },
    };
    const server = files({ cluster });
    expect(kind(server.get('/etc/default/rke2-server'))).toBe('secret, restart');
    expect(server.get('/etc/default/rke2-server')?.content).toContain('HTTP_PROXY="http://u:p\\$w\\"@p:1"\n');
    expect([...server.keys()]).not.toContain('/etc/default/rke2-agent');
    expect([...files({ cluster, roles: ['worker'] }).keys()]).toContain('/etc/default/rke2-agent');
    expect(renderEnvironmentFile({})).toBeNull();
  });

  it.each<[readonly Role[], readonly string[]]>([
    [
      ['etcd', 'controlplane'],
      ['/s', '/b'],
    ],
    [['etcd'], ['/s', '/b']],
    [['worker'], ['/a', '/b']],
  ])('%j has the files that are meant for it', (roles, paths) => {
    const cluster: Partial<Cluster> = {
      files: [
        { path: '/s', content: 'x', on: 'servers' },
        { path: '/a', content: new Secret('x'), on: 'agents' },
        { path: '/b', content: 'x', on: 'all' },
      ],
    };
    expect([...files({ cluster, roles }).keys()].filter((path) => path.length === 2)).toEqual(paths);
  });

  it('hold manifests on control planes alone, and no change of them restarts anything', () => {
    const text = 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n';
    const cluster = { dataDir: '/srv/rke2', addons: [{ name: 'a', source: { text } }] };
    const path = '/srv/rke2/server/manifests/rke2ctl-a.yaml';
    expect(kind(files({ cluster }).get(path))).toBe('secret, no restart');
    expect(files({ cluster, roles: ['etcd'] }).get(path)).toBeUndefined();
    expect(files({ cluster, roles: ['worker'] }).get(path)).toBeUndefined();
  });

  it('mask registries.yaml where it holds a password', () => {
    const mirrors = { 'docker.io': { endpoints: ['https://r'], rewrites: {} } };
    const auth = { username: 'u', password: new Secret('p') };
    const path = '/etc/rancher/rke2/registries.yaml';
    const registries = (configs: Cluster['registries']['configs']) => ({
      registries: { mirrors, configs, systemDefault: null, onlyMirrors: true },
    });
    expect(kind(files({ cluster: registries({}) }).get(path))).toBe('open, restart');
    expect(kind(files({ cluster: registries({ r: { auth, tls: null } }) }).get(path))).toBe(
      'secret, restart',
    );
    expect(config({ cluster: registries({}) })['disable-default-registry-endpoint']).toBe(true);
  });
});

describe('config.yaml of one node', () => {
  it('names a data directory of its own only', () => {
    expect(config({})['data-dir']).toBeUndefined();
    expect(config({ cluster: { dataDir: '/srv/rke2' } })['data-dir']).toBe('/srv/rke2');
    expect(config({ cluster: { dataDir: '/srv/rke2' }, roles: ['worker'] })['data-dir']).toBe('/srv/rke2');
  });

  it('has what the node says for itself over what the cluster says; of arguments flag by flag', () => {
    const cluster = {
      rke2: {
        server: { 'kubelet-arg': ['max-pods=110', 'v=2'], debug: false, 'node-external-dns': ['a'] },
        agent: {},
        secrets: {},
      },
    };
    const node = { rke2: { 'kubelet-arg': ['max-pods=250'], debug: true, 'node-external-dns': ['b'] } };
    expect(config({ cluster, node })).toMatchObject({
      'kubelet-arg': ['v=2', 'max-pods=250'],
      debug: true,
      'node-external-dns': ['b'],
    });
  });

  const network = {
    ...makeCluster().network,
    clusterCidr: ['10.42.0.0/16', 'fd00:42::/56'],
    serviceCidr: ['10.43.0.0/16', 'fd00:43::/112'],
  };
  const addresses = [
    { interface: 'eth0', address: '10.0.0.1', prefix: 24 },
    { interface: 'eth1', address: 'fd00:9::9', prefix: 64 },
    { interface: 'eth0', address: 'fe80::1', prefix: 64 },
    { interface: 'eth0', address: 'fd00::1', prefix: 64 },
  ];

  it.each<[string, Partial<ClusterNode>, Partial<typeof network>, readonly string[]]>([
    ['the address beside it', {}, {}, ['10.0.0.1', 'fd00::1']],
    ['the one that the file names', { otherInternalAddress: 'fd00:9::9' }, {}, ['10.0.0.1', 'fd00:9::9']],
    [
      'the families in the order of the cluster',
      {},
      { clusterCidr: ['fd00:42::/56', '10.42.0.0/16'] },
      ['fd00::1', '10.0.0.1'],
    ],
    ['one family where the cluster has one', {}, { clusterCidr: ['10.42.0.0/16'] }, ['10.0.0.1']],
  ])('has addresses of both families in a dual-stack cluster: %s', (_what, node, change, expected) => {
    const cluster = { network: { ...network, ...change } };
    expect(config({ cluster, node, facts: { addresses } })['node-ip']).toEqual(expected);
  });
});
