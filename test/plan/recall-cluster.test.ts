import { describe, expect, it } from 'vitest';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import { Secret } from '../../src/domain/secret.ts';
import { recallCluster } from '../../src/plan/recall-cluster.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';

const cluster = makeCluster({
  nodes: [makeNode('10.0.0.1', ['etcd', 'controlplane']), makeNode('10.0.0.2', ['worker'])],
  environment: { HTTP_PROXY: new Secret('http://u:pass@proxy'), NO_PROXY: 'localhost' },
  addons: [{ name: 'one', source: { text: 'kind: ConfigMap\n' } }],
  chartValues: { 'rke2-coredns': { replicas: 2 } },
  rke2: {
    server: { 'kube-apiserver-arg': ['v=2'] },
    agent: {},
    secrets: { 'datastore-endpoint': new Secret('x') },
  },
});
const remembered = describeCluster(cluster);

describe('recallCluster', () => {
  it('is the cluster itself, secrets and all, when nothing has changed', () => {
    expect(recallCluster(remembered, cluster)).toEqual(cluster);
  });

  it('goes back to what was asked for, node by node', () => {
    const now = {
      ...cluster,
      tlsSans: ['api.example'],
      nodes: [
        makeNode('10.0.0.2', ['worker'], { labels: { disk: 'ssd' } }),
        makeNode('10.0.0.1', ['etcd', 'controlplane']),
        makeNode('10.0.0.3', ['worker']),
      ],
    };
    const former = recallCluster(remembered, now);
    expect(former.tlsSans).toEqual([]);
    expect(former.nodes).toEqual(cluster.nodes);
    expect(former.environment).toEqual(cluster.environment);
  });

  it('knows of texts, flags and secrets only that they were others', () => {
    const now = {
      ...cluster,
      environment: {},
      addons: [{ name: 'one', source: { text: 'kind: Secret\n' } }],
      chartValues: { 'rke2-coredns': { replicas: 3 } },
      rke2: { server: { 'kube-apiserver-arg': ['v=4'] }, agent: {}, secrets: {} },
    };
    const former = recallCluster(remembered, now);
    expect(former.environment['HTTP_PROXY']).toBeInstanceOf(Secret);
    expect(former.addons).not.toEqual(now.addons);
    expect(former.chartValues).not.toEqual(now.chartValues);
    expect(former.rke2.server).not.toEqual(now.rke2.server);
    expect(former.rke2.secrets['datastore-endpoint']).toBeInstanceOf(Secret);
  });
});
