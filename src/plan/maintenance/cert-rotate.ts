import type { Plan, PlannedNode, StepId } from '../../domain/plan.ts';
import { CERTIFICATE_PORTS, concernsAgents } from '../../rke2/certificate-services.ts';
import { isServer } from '../../rke2/roles.ts';
import { checkMembers } from './check-members.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { maintenancePlan } from './maintenance-plan.ts';
import { refreshKubeconfig } from './refresh-kubeconfig.ts';
import { restartAll, restartTogether } from './restarts.ts';
import { safetySnapshot } from './safety-snapshot.ts';
import { type Draft, endsOf, type Stretch } from './stretch.ts';
import { verifyReady } from './verify-ready.ts';

/** What `cert rotate` was asked for, and what it found when it began. */
export type CertRotateRequest = {
  /** In RKE2's words; empty: all. */
  readonly services: readonly string[];
  /** Names of nodes; empty: all. */
  readonly nodes: readonly string[];
  /** SHA-256 of the certificate that each port showed before, by node and port; a port that showed none is not in it. */
  readonly before: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Etcd's own certificates have ended on several servers: its members do not know each other until all have new ones. */
  readonly together: boolean;
  /** Name of the one server on which etcd's own have ended, and which is of no use to the others until it has new ones. */
  readonly first: string | null;
  /** False where no server's supervisor is believed, so that RKE2 could take no snapshot. */
  readonly snapshot: boolean;
};

const REASON = 'its certificates are to be renewed';

/**
 * New certificates for every node: servers one by one (stop, take the old ones out of use, start, and see the new ones on
 * the wire), then agents, which get theirs at each start. Where etcd's own have ended no server could come up alone, so
 * all are stopped and start together.
 */
export function planCertRotate(input: MaintenanceInput<CertRotateRequest>): Plan {
  const { request } = input.operation;
  const isMeant = ({ name }: PlannedNode) => request.nodes.length === 0 || request.nodes.includes(name);
  const snapshot = request.snapshot ? safetySnapshot(input) : [];
  const prior = endsOf(snapshot);
  const rounds = request.together ? allTogether(input, prior) : oneByOne(input, isMeant, prior);
  const findings = checkMembers(input, { mayBeDown: request.together, mayBeAway: request.together });
  const proofs = [...refreshKubeconfig(input, endsOf(rounds)), ...verifyReady(input, endsOf(rounds))];
  return maintenancePlan(input, [...snapshot, ...rounds, ...proofs], findings);
}

function oneByOne(
  input: MaintenanceInput<CertRotateRequest>,
  isMeant: (node: PlannedNode) => boolean,
  prior: readonly StepId[],
): readonly Stretch[] {
  const { first } = input.operation.request;
  const around = (node: PlannedNode, restart: Draft<'start-service'>) => {
    if (!isMeant(node) || !isConcerned(input, node)) return [];
    if (!isServer(node.roles)) return [restart, ...verify(input, node)];
    return [stop(node), takeOut(input, node), restart, ...verify(input, node)];
  };
  return restartAll(input, REASON, prior, around, ({ name }) => name === first);
}

function isConcerned({ operation }: MaintenanceInput<CertRotateRequest>, node: PlannedNode): boolean {
  return isServer(node.roles) || concernsAgents(operation.request.services);
}

function allTogether(
  input: MaintenanceInput<CertRotateRequest>,
  prior: readonly StepId[],
): readonly Stretch[] {
  return restartTogether(
    input,
    REASON,
    prior,
    (node) => [stop(node), takeOut(input, node)],
    (node, restart) => [restart, ...verify(input, node)],
  );
}

function stop(node: PlannedNode): Draft<'stop-service'> {
  return { kind: 'stop-service', node, reason: REASON, containers: false };
}

function takeOut(
  { operation }: MaintenanceInput<CertRotateRequest>,
  node: PlannedNode,
): Draft<'rotate-certificates'> {
  return { kind: 'rotate-certificates', node, reason: REASON, services: operation.request.services };
}

function verify(
  { operation, cluster }: MaintenanceInput<CertRotateRequest>,
  node: PlannedNode,
): readonly Draft<'verify-certificates'>[] {
  const { services, before } = operation.request;
  const ports = portsOf(node, services, cluster.externalDatastore).map((port) => ({
    port,
    before: before[node.name]?.[String(port)] ?? null,
  }));
  if (ports.length === 0) return [];
  return [{ kind: 'verify-certificates', node, reason: 'what is served is what counts', ports }];
}

/** The ports on which a node shows a certificate of these services (of all, if none is named). */
export function portsOf(
  { roles }: Pick<PlannedNode, 'roles'>,
  services: readonly string[],
  externalDatastore: boolean,
): readonly number[] {
  return Object.entries(CERTIFICATE_PORTS).flatMap(([service, port]) => {
    if (services.length > 0 && !services.includes(service)) return [];
    if (service === 'kubelet') return [port];
    if (service === 'api-server') return roles.includes('controlplane') ? [port] : [];
    if (service === 'etcd') return roles.includes('etcd') && !externalDatastore ? [port] : [];
    return isServer(roles) ? [port] : [];
  });
}
