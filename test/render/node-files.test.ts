import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import type { FirewallRecord } from '../../src/domain/marker.ts';
import type { State } from '../../src/domain/state.ts';
import { desiredNode, registrationHost } from '../../src/render/desired-node.ts';
import { firewallDifference, isEmptyFirewall, renderFirewall } from '../../src/render/firewall-rules.ts';
import { renderKubeconfig } from '../../src/render/kubeconfig.ts';
import { renderRegistriesYaml } from '../../src/render/registries-yaml.ts';
import { renderTokenFiles } from '../../src/render/token-files.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeFacts, makeRke2Facts } from '../support/make-facts.ts';
import { makeWorld, planInput } from '../support/model-hosts.ts';

const state: State = makeWorld(makeCluster(), { firewalld: false }).state;
const known: State = { ...state, caHash: 'c'.repeat(64) };

describe('token files', () => {
  it('give the node that bootstraps the bare password: the CA is not there yet', () => {
    const [server, agent] = renderTokenFiles(['etcd', 'controlplane'], true, state);
    expect(server).toMatchObject({ mode: '0600', content: 'server-password\n' });
    expect(agent).toMatchObject({ mode: '0600', content: 'agent-password\n' });
  });

  it('pin the CA for everybody who joins', () => {
    expect(renderTokenFiles(['etcd'], false, known)[0]?.content).toBe(
      `K10${'c'.repeat(64)}::server:server-password\n`,
    );
    expect(renderTokenFiles(['worker'], false, known)[0]?.content).toBe(
      `K10${'c'.repeat(64)}::node:agent-password\n`,
    );
  });

  it('are not known before that', () => {
    expect(renderTokenFiles(['etcd'], false, state)[0]?.content).toBeNull();
    expect(renderTokenFiles(['worker'], false, state)[0]?.content).toBeNull();
  });

  it('never bring the server token to an agent', () => {
    expect(JSON.stringify(renderTokenFiles(['worker'], false, known))).not.toContain('server-password');
  });
});

describe('firewall rules', () => {
  const record = renderFirewall({
    cluster: makeCluster({
      firewall: { provider: 'auto', zone: null, manage: 'open', public: ['api', '8443/tcp'] },
    }),
    roles: ['etcd', 'controlplane'],
    nodeAddresses: ['10.0.0.2', '10.0.0.1', 'fd00::1'],
    zone: 'public',
  });

  it('open to the world what the file calls public, and nothing else', () => {
    expect(record.ports).toEqual(['6443/tcp', '8443/tcp']);
  });

  it('let the nodes in by ipset, in both families', () => {
    expect(record.ipsets).toEqual({
      'rke2ctl-nodes-4': ['10.0.0.1', '10.0.0.2'],
      'rke2ctl-nodes-6': ['fd00::1'],
    });
    expect(record.richRules).toContain(
      'rule family="ipv4" source ipset="rke2ctl-nodes-4" port port="2380" protocol="tcp" accept',
    );
    expect(record.richRules).toContain(
      'rule family="ipv6" source ipset="rke2ctl-nodes-6" port port="8472" protocol="udp" accept',
    );
  });

  it('trust pods and services', () => {
    expect(record.trustedSources).toEqual(['10.42.0.0/16', '10.43.0.0/16']);
  });

  it('open no etcd on a worker', () => {
    const worker = renderFirewall({
      cluster: makeCluster(),
      roles: ['worker'],
      nodeAddresses: ['10.0.0.1'],
      zone: 'public',
    });
    expect(worker.richRules.some((rule) => rule.includes('"2379"') || rule.includes('"9345"'))).toBe(false);
    expect(worker.richRules.some((rule) => rule.includes('"10250"'))).toBe(true);
  });

  it('differ by what is missing only', () => {
    const nothing: FirewallRecord = { zone: '', ports: [], richRules: [], trustedSources: [], ipsets: {} };
    expect(isEmptyFirewall(firewallDifference(record, record))).toBe(true);
    expect(firewallDifference(record, nothing)).toEqual(record);
    const grown = {
      ...record,
      ipsets: { ...record.ipsets, 'rke2ctl-nodes-4': ['10.0.0.1', '10.0.0.2', '10.0.0.3'] },
    };
    expect(firewallDifference(grown, record).ipsets).toEqual({ 'rke2ctl-nodes-4': ['10.0.0.3'] });
  });
});

describe('registries.yaml', () => {
  it('is absent without registries', () => {
    expect(
      renderRegistriesYaml({ mirrors: {}, configs: {}, systemDefault: null, onlyMirrors: false }),
    ).toBeNull();
  });

  it('mirrors docker.io by the default registry and keys credentials by host', () => {
    const { registries } =
      parseCluster(
        'nodes: [{address: a.example, role: [etcd, controlplane]}]\nprivate_registries: [{url: "reg.example:5000/team", user: u, password: "p:\\"0x1", is_default: true}, {url: "http://plain.example"}]\n',
        'cluster.yml',
        configEnvironment(),
      ).cluster ?? makeCluster();
    const text = renderRegistriesYaml(registries);
    expect(parse(text ?? '')).toEqual({
      mirrors: {
        'plain.example': { endpoint: ['http://plain.example'] },
        'docker.io': { endpoint: ['https://reg.example:5000'], rewrite: { '^(.*)$': 'team/$1' } },
      },
      configs: { 'reg.example:5000': { auth: { username: 'u', password: 'p:"0x1' } } },
    });
  });
});

describe('the operator’s kubeconfig', () => {
  const source = [
    'apiVersion: v1',
    'kind: Config',
    'clusters: [{name: default, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: QQ==}}]',
    'users: [{name: default, user: {client-certificate-data: QQ==, client-key-data: Qg==}}]',
    'contexts: [{name: default, context: {cluster: default, user: default}}]',
    'current-context: default',
  ].join('\n');

  it('is called after the cluster and goes to the given address', () => {
    const read = parse(renderKubeconfig(source, 'prod', 'https://api.example:6443')) as Record<
      string,
      unknown
    >;
    expect(read['current-context']).toBe('prod');
    expect(read['clusters']).toEqual([
      { name: 'prod', cluster: { server: 'https://api.example:6443', 'certificate-authority-data': 'QQ==' } },
    ]);
  });

  it('is refused when the text is something else', () => {
    expect(() => renderKubeconfig('hello', 'prod', '')).toThrow(/not a kubeconfig/);
  });
});

describe('a node as it must become', () => {
  const cluster = makeCluster({
    nodes: [
      makeNode('10.0.0.1', ['etcd', 'controlplane']),
      makeNode('10.0.0.2', ['etcd', 'controlplane']),
      makeNode('10.0.0.3', ['worker']),
    ],
  });
  const world = makeWorld(cluster, { firewalld: false });

  it('registers with the node that bootstrapped, or with the endpoint if there is one', () => {
    const input = planInput(world);
    const [first, second, worker] = cluster.nodes;
    if (first === undefined || second === undefined || worker === undefined) throw new Error('three nodes');
    expect(registrationHost(input, first)).toBeNull();
    expect(registrationHost(input, second)).toBe('10.0.0.1');
    const fixed = { ...input, cluster: { ...cluster, endpoint: { host: 'vip.example', port: 6443 } } };
    expect(registrationHost(fixed, worker)).toBe('vip.example');
    expect(registrationHost(fixed, first)).toBeNull();
  });

  it('depends for ever on no server: without the one that bootstrapped, another takes its place on disk', () => {
    const input = { ...planInput(world), bootstrapKey: null };
    const [first, second] = cluster.nodes;
    if (first === undefined || second === undefined) throw new Error('two nodes');
    expect(registrationHost(input, second)).toBe('10.0.0.1');
    expect(registrationHost(input, first)).toBe('10.0.0.2');
  });

  it('goes to /opt/rke2 where /usr/local is read-only or a mount point, and stays where it once went', () => {
    const input = planInput(world);
    const spec = cluster.nodes[0];
    if (spec === undefined) throw new Error('a node');
    const at = (mountPoint: string, readOnly: boolean) =>
      makeFacts({
        filesystems: [
          { path: '/usr/local', mountPoint, type: 'ext4', availableBytes: 1, readOnly, noexec: false },
        ],
      });
    expect(desiredNode(input, spec, at('/', false)).prefix).toBe('/usr/local');
    expect(desiredNode(input, spec, at('/', true)).prefix).toBe('/opt/rke2');
    expect(desiredNode(input, spec, at('/usr/local', false)).prefix).toBe('/opt/rke2');
    const { marker } = desiredNode(input, spec, at('/', true));
    expect(desiredNode(input, spec, { ...at('/', false), rke2: makeRke2Facts({ marker }) }).prefix).toBe(
      '/opt/rke2',
    );
  });
});
