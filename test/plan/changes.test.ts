import { describe, expect, it } from 'vitest';
import { fileKeyNames } from '../../src/config/file-key-names.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import { findChanges } from '../../src/plan/changes.ts';
import { configEnvironment } from '../support/config-environment.ts';

const BASE = `
cluster_name: prod
kubernetes_version: v1.35.7+rke2r1
nodes:
  - address: 10.0.0.1
    hostname_override: s1
    role: [etcd, controlplane]
  - address: 10.0.0.2
    hostname_override: w1
    role: [worker]
    labels: {disk: ssd}
    taints: [{key: gpu, value: "yes", effect: NoSchedule}]
`;

function changes(before: string, after: string) {
  const read = (text: string) => {
    const { cluster, findings } = parseCluster(text, 'cluster.yml', configEnvironment());
    if (cluster === null) throw new Error(JSON.stringify(findings));
    return cluster;
  };
  return findChanges(describeCluster(read(before)), read(after), fileKeyNames());
}

const edit = (from: string, to: string) => changes(BASE, BASE.replace(from, to));

describe('changes of the file', () => {
  it('are none for the same file, for another order of its nodes, and for a new cluster', () => {
    expect(changes(BASE, BASE)).toEqual([]);
    const [head = '', first = '', second = ''] = BASE.split(/(?=^ {2}- )/m);
    expect(changes(BASE, `${head}${second}\n${first}`)).toEqual([]);
  });

  it.each([
    ['ssd', 'hdd', 'nodes[w1].labels.disk', 'ssd', 'hdd'],
    ['disk: ssd', 'disk: ssd, zone: a', 'nodes[w1].labels.zone', null, 'a'],
    ['labels: {disk: ssd}', '', 'nodes[w1].labels.disk', 'ssd', null],
    ['"yes"', '"no"', 'nodes[w1].taints[gpu:NoSchedule].value', 'yes', 'no'],
    ['NoSchedule', 'NoExecute', 'nodes[w1].taints[gpu:NoExecute]', null, 'yes'],
    ['10.0.0.2', '10.0.0.3', 'nodes[w1].address', '10.0.0.2', '10.0.0.3'],
    ['s1', 's9', 'nodes[s9].hostname_override', 's1', 's9'],
    ['[worker]', '[worker, etcd]', 'nodes[w1].role', ['worker'], ['etcd', 'worker']],
    ['v1.35.7', 'v1.36.1', 'kubernetes_version', 'v1.35.7+rke2r1', 'v1.36.1+rke2r1'],
    ['cluster_name: prod', 'cluster_name: other', 'cluster_name', 'prod', 'other'],
    ['nodes:', 'authentication: {sans: [a.example]}\nnodes:', 'authentication.sans', [], ['a.example']],
    ['nodes:', 'network: {plugin: cilium}\nnodes:', 'network.plugin', ['canal'], ['cilium']],
    ['nodes:', 'upgrade_strategy: {drain: true}\nnodes:', 'upgrade_strategy.drain', false, true],
    ['nodes:', 'rke2: {server: {debug: true}}\nnodes:', 'rke2.server.debug', null, true],
    ['nodes:', 'embedded_registry: true\nnodes:', 'embedded_registry', null, true],
  ])('%s → %s', (from, to, path, before, after) => {
    expect(edit(from, to)).toContainEqual({ path, before, after });
  });

  it('name a node that came and one that went as one each', () => {
    const more = `${BASE}  - {address: 10.0.0.9, role: [worker], labels: {a: b}}\n`;
    const node = { address: '10.0.0.9', role: ['worker'] };
    expect(changes(BASE, more)).toEqual([{ path: 'nodes[10.0.0.9]', before: null, after: node }]);
    expect(changes(more, BASE)).toEqual([{ path: 'nodes[10.0.0.9]', before: node, after: null }]);
  });

  it('tell of flags and texts only that they differ, and once', () => {
    const flags = (value: string) =>
      BASE.replace('nodes:', `services: {kubelet: {extra_args: {max-pods: "${value}"}}}\nnodes:`);
    expect(changes(flags('100'), flags('200'))).toEqual([
      { path: 'services.kubelet.extra_args', before: null, after: null },
    ]);
    const addons = (name: string) =>
      `${BASE}addons: |-\n  {kind: Namespace, apiVersion: v1, metadata: {name: ${name}}}\n`;
    expect(changes(addons('a'), addons('b'))).toEqual([
      { path: 'addons[addons].text', before: null, after: null },
    ]);
  });

  it('leave out where the operator keeps things', () => {
    expect(edit('nodes:', 'kubeconfig: {path: /tmp/k.yml}\nssh: {known_hosts: /tmp/known}\nnodes:')).toEqual(
      [],
    );
  });

  it('leave out what an earlier release did not write down', () => {
    const { cluster } = parseCluster(BASE, 'cluster.yml', configEnvironment());
    if (cluster === null) throw new Error('no cluster');
    const { charts: _none, ...older } = describeCluster(cluster);
    expect(findChanges(older, cluster)).toEqual([]);
    expect(findChanges(null, cluster)).toEqual([]);
  });
});
