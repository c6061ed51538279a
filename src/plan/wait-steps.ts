import { isIPv6 } from 'node:net';
import type { Cluster } from '../domain/cluster.ts';
import type { Plan, Step } from '../domain/plan.ts';
import { stepId } from './step-id.ts';

/**
 * The plan with what makes a cluster ready to be used at its end: RKE2's charts are installed, and its DNS answers a
 * node. A cluster that brings its own DNS is not asked. Unchanged for a plan that reaches no control plane.
 */
export function addWaitSteps(plan: Plan, cluster: Cluster): Plan {
  const planes = plan.nodes.filter(({ roles }) => roles.includes('controlplane'));
  const [plane] = planes;
  if (plane === undefined) return plan;
  const verified = plan.steps.filter(({ kind }) => kind === 'verify-nodes');
  const before = verified.length > 0 ? verified : plan.steps.filter(({ kind }) => kind === 'start-service');
  const charts: Step = {
    kind: 'await-charts',
    id: `${stepId('await-charts', plane)} at the end`,
    node: plane,
    reason: 'what comes next wants a cluster that is complete',
    needs: before.map(({ id }) => id),
    after: [],
    via: planes.map(({ key }) => key),
  };
  return { ...plan, steps: [...plan.steps, charts, ...dnsSteps(plan, cluster, charts)] };
}

/** From a worker if there is one: then the answer has come over the pods' network. */
function dnsSteps(plan: Plan, cluster: Cluster, charts: Step): readonly Step[] {
  const node = plan.nodes.find(({ service }) => service === 'rke2-agent') ?? charts.node;
  const { disable = [] } = cluster.rke2.server;
  const isOff = Array.isArray(disable) ? disable.includes('rke2-coredns') : disable === 'rke2-coredns';
  if (node === null || isOff) return [];
  return [
    {
      kind: 'await-dns',
      id: stepId('await-dns', node),
      node,
      reason: charts.reason,
      needs: [charts.id],
      after: [],
      addresses: dnsAddresses(cluster),
      name: `kubernetes.default.svc.${cluster.network.clusterDomain}`,
    },
  ];
}

/** Those of the first IP family: the Service `kubernetes` has an address of no other. */
function dnsAddresses({ network: { clusterDns } }: Cluster): readonly string[] {
  return clusterDns.filter((address) => isIPv6(address) === isIPv6(clusterDns[0] ?? ''));
}
