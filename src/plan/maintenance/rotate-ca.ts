import type { Plan, PlannedNode } from '../../domain/plan.ts';
import { factsOf } from '../../render/desired-node.ts';
import { checkAdoptedFiles } from './check-adopted-files.ts';
import { checkMembers } from './check-members.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { maintenancePlan } from './maintenance-plan.ts';
import { members } from './members.ts';
import { refreshKubeconfig } from './refresh-kubeconfig.ts';
import { type AroundRestart, askingFounder, isFounder, restartAll, restartTogether } from './restarts.ts';
import { safetySnapshot } from './safety-snapshot.ts';
import { type Draft, endsOf, makeStretch } from './stretch.ts';
import { verifyReady } from './verify-ready.ts';
import { writePinnedTokens } from './write-token-files.ts';

export type RotateCaRequest = {
  /** New CAs that the old ones do not vouch for. */
  readonly force: boolean;
  /** SHA-256 of the certificate that each port showed before, by node and port. */
  readonly before: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

const REASON = 'the cluster gets other certificate authorities';
/** What a server shows to whoever joins or asks. */
export const CA_PORTS = [6443, 9345] as const;

/**
 * Other CAs: put into the cluster's data by one running server, taken from there by each server as it starts anew, one by
 * one, with tokens that pin them; then by the agents. Signed by the old ones they are trusted by whoever trusts those.
 * Where they are not, etcd's members on both sides would not speak to each other: then all servers start together.
 */
export function planRotateCa(input: MaintenanceInput<RotateCaRequest>): Plan {
  const { observed, operation } = input;
  const { servers } = members(input);
  const isUp = (key: string) => factsOf(observed, key)?.rke2.server.active === 'active';
  const place = servers.find(({ key, roles }) => isUp(key) && roles.includes('etcd')) ?? servers[0];
  if (place === undefined) return maintenancePlan(input, [], checkMembers(input));
  const { force } = operation.request;
  const snapshot = safetySnapshot(input);
  const exchange = makeStretch(
    // Whichever server does it in the end, it is the same step.
    [{ kind: 'rotate-authorities', id: 'rotate-authorities', node: place, reason: REASON, force }],
    endsOf(snapshot),
  );
  const isTogether = force && servers.length > 1;
  const restarts = isTogether
    ? restartTogether(input, REASON, endsOf([exchange]), stop, around(input))
    : restartAll(input, REASON, endsOf([exchange]), around(input), isFounder(input));
  const proofs = [...refreshKubeconfig(input, endsOf(restarts)), ...verifyReady(input, endsOf(restarts))];
  const isExchanged = operation.done.includes('rotate-authorities');
  const findings = [
    ...checkMembers(input, { mayBeDown: isTogether && isExchanged }),
    ...checkAdoptedFiles(input),
  ];
  return maintenancePlan(input, [...snapshot, exchange, ...restarts, ...proofs], findings);
}

function stop(node: PlannedNode): readonly Draft[] {
  return [{ kind: 'stop-service', node, reason: REASON, containers: false }];
}

function around(input: MaintenanceInput<RotateCaRequest>): AroundRestart {
  return (node, restart) => {
    const tokens = writePinnedTokens(input, node, 'its tokens pin the authorities');
    if (node.service === 'rke2-agent') return [tokens, restart];
    return [tokens, askingFounder(input, node, restart), verify(input, node)];
  };
}

function verify(
  { operation }: MaintenanceInput<RotateCaRequest>,
  node: PlannedNode,
): Draft<'verify-certificates'> {
  const before = operation.request.before[node.name] ?? {};
  const ports = CA_PORTS.filter((port) => port !== 6443 || node.roles.includes('controlplane'));
  return {
    kind: 'verify-certificates',
    node,
    reason: 'what is served is what counts',
    ports: ports.map((port) => ({ port, before: before[String(port)] ?? null })),
  };
}
