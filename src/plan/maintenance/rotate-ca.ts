import type { Plan } from '../../domain/plan.ts';
import { factsOf } from '../../render/desired-node.ts';
import { checkMembers } from './check-members.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { maintenancePlan } from './maintenance-plan.ts';
import { members } from './members.ts';
import { refreshKubeconfig } from './refresh-kubeconfig.ts';
import { restartAll } from './restarts.ts';
import { safetySnapshot } from './safety-snapshot.ts';
import { endsOf, makeStretch } from './stretch.ts';
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
 */
export function planRotateCa(input: MaintenanceInput<RotateCaRequest>): Plan {
  const { observed, operation } = input;
  const { servers } = members(input);
  const isUp = (key: string) => factsOf(observed, key)?.rke2.server.active === 'active';
  const place = servers.find(({ key, roles }) => isUp(key) && roles.includes('etcd')) ?? servers[0];
  if (place === undefined) return maintenancePlan(input, [], checkMembers(input));
  const snapshot = safetySnapshot(input);
  const exchange = makeStretch(
    [
      {
        kind: 'rotate-authorities',
        // Whichever server does it in the end, it is the same step.
        id: 'rotate-authorities',
        node: place,
        reason: REASON,
        force: operation.request.force,
      },
    ],
    endsOf(snapshot),
  );
  const restarts = restartAll(input, REASON, endsOf([exchange]), (node, restart) => {
    const before = operation.request.before[node.name] ?? {};
    const ports = CA_PORTS.filter((port) => port !== 6443 || node.roles.includes('controlplane'));
    return [
      writePinnedTokens(input, node, 'its tokens pin the authorities'),
      restart,
      ...(node.service === 'rke2-agent'
        ? []
        : [
            {
              kind: 'verify-certificates' as const,
              node,
              reason: 'what is served is what counts',
              ports: ports.map((port) => ({ port, before: before[String(port)] ?? null })),
            },
          ]),
    ];
  });
  const proofs = [...refreshKubeconfig(input, endsOf(restarts)), ...verifyReady(input, endsOf(restarts))];
  return maintenancePlan(input, [...snapshot, exchange, ...restarts, ...proofs], checkMembers(input));
}
