import { describe, expect, it } from 'vitest';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from '../support/config-environment.ts';

const env = configEnvironment();
const SERVER = '  - {address: 10.0.0.1, role: [controlplane, etcd]}\n';

function read(entries: string, rest = '') {
  return parseCluster(`${rest}nodes:\n${SERVER}${entries}`, 'cluster.yml', env);
}

function listNodes(entries: string, rest = '') {
  const { cluster, findings } = read(entries, rest);
  if (!cluster) throw new Error(JSON.stringify(findings, null, 1));
  return cluster.nodes.slice(1);
}

function listFindings(entries: string): readonly string[] {
  return read(entries).findings.map(({ code, path, position }) => `${position?.line} ${code} ${path}`);
}

describe('a range of addresses', () => {
  it('is one node for each, with numbered names and internal addresses in step', () => {
    const nodes = listNodes(
      '  - {address_range: 10.0.0.254-10.0.1.1, internal_address: 10.9.0.1-10.9.0.4, hostname_override: "w-{nn=9}", user: ops, role: [worker], labels: {a: b}}\n',
    );
    expect(nodes.map(({ address, internalAddress, name }) => [address, internalAddress, name])).toEqual([
      ['10.0.0.254', '10.9.0.1', 'w-09'],
      ['10.0.0.255', '10.9.0.2', 'w-10'],
      ['10.0.1.0', '10.9.0.3', 'w-11'],
      ['10.0.1.1', '10.9.0.4', 'w-12'],
    ]);
    expect(
      nodes.every(({ key, labels, user }) => user === 'ops' && labels['a'] === 'b' && key.endsWith(':22')),
    ).toBe(true);
  });

  it.each([
    ['10.0.0.11-13', ['10.0.0.11', '10.0.0.12', '10.0.0.13']],
    ['fd00::fe - fd00::101', ['fd00::fe', 'fd00::ff', 'fd00::100', 'fd00::101']],
    ['10.0.0.11-10.0.0.11', ['10.0.0.11']],
  ])('%s', (range, addresses) => {
    const nodes = listNodes(`  - {address_range: "${range}", role: [worker]}\n`);
    expect(nodes.map(({ address }) => address)).toEqual(addresses);
    expect(nodes.map(({ name }) => name)).toEqual(addresses.map(() => null));
  });

  it.each([
    ['address_range: 10.0.0.20-10.0.0.11', '3 invalid-value nodes[1].address_range'],
    ['address_range: 10.0.0.0-10.1.0.0', '3 invalid-value nodes[1].address_range'],
    ['address_range: node1-node9', '3 invalid-value nodes[1].address_range'],
    ['address_range: 10.0.0.11-12, address: 10.0.0.9', '3 address-twice nodes[1].address'],
    [
      'address_range: 10.0.0.11-12, hostname_override: worker',
      '3 node-name-duplicate nodes[1].hostname_override',
    ],
    [
      'address_range: 10.0.0.11-12, hostname_override: "worker-{m}"',
      '3 invalid-value nodes[1].hostname_override',
    ],
    [
      'address_range: 10.0.0.11-12, internal_address: 10.9.0.1',
      '3 internal-address-range nodes[1].internal_address',
    ],
    ['address: 10.0.0.9, hostname_override: "worker-{n}"', '3 node-name-pattern nodes[1].hostname_override'],
    ['address: 10.0.0.9, internal_address: 10.9.0.1-3', '3 internal-address-range nodes[1].internal_address'],
    ['user: ops', '3 missing-key nodes[1].address'],
    ['address_range: 10.0.0.0-10.0.0.3', '3 node-duplicate nodes[1].address_range'],
  ])('%s is found at its entry', (entry, finding) => {
    expect(listFindings(`  - {${entry}, role: [worker]}\n`)).toEqual([finding]);
  });

  it('is spoken of once, whatever is wrong with how many of its nodes', () => {
    expect(listFindings('  - {address_range: 10.42.0.1-10.42.0.50, role: [worker]}\n')).toEqual([
      '3 node-in-cluster-cidr nodes[1].address_range',
    ]);
  });

  it('moves no number of the entries after it', () => {
    expect(
      listFindings(
        '  - {address_range: 10.0.0.11-20, role: [worker]}\n  - {address: 10.0.0.15, role: [worker]}\n',
      ),
    ).toEqual(['4 node-duplicate nodes[2].address']);
    const [finding] = read(
      '  - {address_range: 10.0.0.11-20, role: [worker]}\n  - {address: 10.0.0.15, role: [worker]}\n',
    ).findings;
    expect(finding?.message).toContain('Entries 2 and 3');
  });
});

describe('internal_address', () => {
  const DUAL =
    'services: {kube-controller: {cluster_cidr: "10.42.0.0/16,fd00:42::/56"}, kube-api: {service_cluster_ip_range: "10.43.0.0/16,fd00:43::/112"}}\n';

  it('takes one address per family', () => {
    const [node] = listNodes(
      '  - {address: 10.0.0.9, internal_address: "10.9.0.1, [FD00::1]", role: [worker]}\n',
      DUAL,
    );
    expect(node).toMatchObject({ internalAddress: '10.9.0.1', otherInternalAddress: 'fd00::1' });
  });

  it('takes no two of one family', () => {
    expect(
      listFindings('  - {address: 10.0.0.9, internal_address: "10.9.0.1,10.9.0.2", role: [worker]}\n'),
    ).toEqual(['3 invalid-value nodes[1].internal_address']);
  });
});

describe('rke2 of a node', () => {
  it('goes to that node', () => {
    const [node] = listNodes(
      '  - {address: 10.0.0.9, role: [worker], rke2: {kubelet-arg: [max-pods=250]}}\n',
    );
    expect(node?.rke2).toEqual({ 'kubelet-arg': ['max-pods=250'] });
  });

  it('may say what makes sense for one node only', () => {
    const [node] = listNodes(
      '  - {address: 10.0.0.9, role: [worker], rke2: {node-external-ip: [192.0.2.1]}}\n',
    );
    expect(node?.rke2).toEqual({ 'node-external-ip': ['192.0.2.1'] });
  });

  it.each([
    ['[etcd]', 'disable: rke2-metrics-server', 'rke2-key-cluster-wide'],
    ['[etcd]', 'kube-apiserver-arg: [v=4]', 'rke2-key-cluster-wide'],
    ['[worker]', 'etcd-arg: [quota-backend-bytes=1]', 'rke2-key-side'],
    ['[worker]', 'advertise-address: 10.0.0.9', 'rke2-key-side'],
    ['[worker]', 'token: x', 'rke2-key-owned'],
    ['[worker]', 'node-name: x', 'rke2-key-owned'],
    ['[worker]', 'kubelet-args: [v=4]', 'rke2-key-unknown'],
    ['[worker]', 'protect-kernel-defaults: "yes"', 'rke2-value'],
  ])('%s: %s is refused', (role, entry, code) => {
    const findings = listFindings(`  - {address: 10.0.0.9, role: ${role}, rke2: {${entry}}}\n`);
    const key = entry.split(':')[0];
    expect(findings).toContain(`3 ${code} nodes[1].rke2.${key}`);
  });
});

describe('follow', () => {
  it('is for a node that is known by a name', () => {
    const [node, other] = listNodes(
      '  - {address: tower.example, role: [worker], follow: true}\n  - {address: 10.0.0.9, role: [worker], follow: false}\n',
    );
    expect(node?.follow).toBe(true);
    expect(other).not.toHaveProperty('follow');
  });

  it.each([
    ['address: 10.0.0.9', 'follow-needs-name'],
    ['address_range: 10.0.0.8-9', 'follow-needs-name'],
    ['address: tower.example, internal_address: 10.0.0.9', 'follow-and-internal-address'],
  ])('%s: %s', (entry, code) => {
    const findings = listFindings(`  - {${entry}, role: [worker], follow: true}\n`);
    expect(findings).toEqual([`3 ${code} nodes[1].follow`]);
  });
});
