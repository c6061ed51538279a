import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { nodeId } from '../domain/node-identity.ts';
import type { Observed } from '../domain/observed.ts';
import type { Plan } from '../domain/plan.ts';
import type { State } from '../domain/state.ts';
import { factsOf } from '../render/desired-node.ts';
import { QUORUM_CHECK_NAME } from './checks/catalog.ts';

/**
 * Refuses to restart an etcd member while so many others are away that etcd loses its majority with it: if it did not come
 * back, nothing in the cluster would work. A host that does not answer us counts as there while the API calls it Ready.
 */
export function checkQuorum(
  cluster: Cluster,
  observed: Observed,
  state: State,
  { steps }: Plan,
): readonly Diagnostic[] {
  if (cluster.externalDatastore) return [];
  const reached = cluster.nodes.flatMap(({ key }) => factsOf(observed, key) ?? []);
  const ids = new Set(reached.map(({ machineId }) => nodeId(state.clusterId, machineId)));
  const ready = new Set(
    reached.flatMap(({ rke2 }) => rke2.nodes ?? []).flatMap((node) => (node.ready ? [node.name] : [])),
  );
  const members = Object.values(state.nodes).filter(
    ({ phase, roles }) => phase === 'joined' && roles.includes('etcd'),
  );
  const away = members.filter((member) => !ids.has(member.nodeId) && !ready.has(member.name));
  const majority = Math.floor(members.length / 2) + 1;
  // With nobody to spare that is so by design, and without a majority nothing is left to lose.
  if (away.length === 0 || members.length - away.length !== majority) return [];
  const restarting = steps.flatMap((step) =>
    step.kind === 'start-service' && step.restart && members.some(({ nodeId: id }) => id === step.node?.id)
      ? [step.node?.name ?? '']
      : [],
  );
  if (restarting.length === 0) return [];
  const names = away.map(({ name, address }) => `${name} (${address})`).join(', ');
  return [
    {
      severity: 'error',
      code: QUORUM_CHECK_NAME,
      message: `${restarting.join(', ')} would be restarted for what has changed, while ${names} ${away.length === 1 ? 'does' : 'do'} not answer: of ${members.length} etcd members only ${majority} are left, just a majority, and each restart takes it away until that server is back.`,
      hint: `Bring ${away.length === 1 ? 'it' : 'them'} back first and run \`rke2ctl up\` again. If the change is what mends the cluster, pass \`--ignore-check ${QUORUM_CHECK_NAME}\`.`,
    },
  ];
}
