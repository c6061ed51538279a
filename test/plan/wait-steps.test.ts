import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/domain/cluster.ts';
import { addWaitSteps } from '../../src/plan/wait-steps.ts';
import { makeCluster } from '../support/make-cluster.ts';
import { makeWorld, planWorld } from '../support/model-hosts.ts';

function waits(cluster: Cluster) {
  const plan = planWorld(makeWorld(cluster, { firewalld: false }));
  const waiting = addWaitSteps(plan, cluster);
  expect(waiting.steps.slice(0, plan.steps.length)).toEqual(plan.steps);
  return waiting.steps.slice(plan.steps.length);
}

describe('waiting for a whole cluster', () => {
  it('comes after every Node is Ready: charts first, then DNS', () => {
    const cluster = makeCluster();
    const [charts, dns, ...more] = waits(cluster);
    expect(more).toEqual([]);
    expect(charts?.kind).toBe('await-charts');
    expect(charts?.needs.every((id) => id.startsWith('verify-nodes'))).toBe(true);
    expect(charts?.needs).toHaveLength(1);
    expect(dns).toMatchObject({
      kind: 'await-dns',
      needs: [charts?.id],
      addresses: cluster.network.clusterDns,
      name: `kubernetes.default.svc.${cluster.network.clusterDomain}`,
    });
  });

  it('asks nothing of a DNS that the cluster does without', () => {
    const cluster = makeCluster();
    const server = { ...cluster.rke2.server, disable: ['rke2-coredns'] };
    const without = { ...cluster, rke2: { ...cluster.rke2, server } };
    expect(waits(without).map(({ kind }) => kind)).toEqual(['await-charts']);
  });

  it('asks in dual stack the address of the first family only, where the Service kubernetes has its own', () => {
    const cluster = makeCluster();
    const network = { ...cluster.network, clusterDns: ['fd00:43::a', '10.43.0.10'] };
    expect(waits({ ...cluster, network })[1]).toMatchObject({ addresses: ['fd00:43::a'] });
  });
});
