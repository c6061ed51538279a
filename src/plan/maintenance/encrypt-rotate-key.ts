import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { Plan, PlannedNode } from '../../domain/plan.ts';
import type { EncryptionProvider, EncryptionStage } from '../../domain/secrets-encryption.ts';
import { SECRETS_WINDOW_CHECK_NAME } from '../checks/catalog.ts';
import { stepId } from '../step-id.ts';
import { checkMembers } from './check-members.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { maintenancePlan } from './maintenance-plan.ts';
import { members } from './members.ts';
import { restartDraft } from './restarts.ts';
import { safetySnapshot } from './safety-snapshot.ts';
import { type Draft, endsOf, inTurn, makeStretch } from './stretch.ts';
import { verifyReady } from './verify-ready.ts';

/** What `encrypt rotate-key` found when it began. */
export type EncryptRotateRequest = {
  /** Name of the key that is to be replaced. */
  readonly before: string;
  /** Of the new key: as the file has it. */
  readonly provider: EncryptionProvider;
  /** Of the key before. */
  readonly formerProvider: EncryptionProvider;
};

const REASON = 'the key that encrypts Secrets is to be replaced';

/**
 * A new key for the Secrets in etcd. With several control planes it goes by RKE2's three stages, and all of them start
 * anew after each, so that none ever writes with a key that another cannot read. `rotate-keys`, all at once on one server,
 * is for a single control plane, and for what the stages cannot do: secretbox, and the change of the provider.
 */
export function planEncryptRotate(input: MaintenanceInput<EncryptRotateRequest>): Plan {
  const planes = controlPlanes(input);
  const [first] = planes;
  if (first === undefined) return maintenancePlan(input, [], checkMembers(input));
  const snapshot = safetySnapshot(input);
  const stages = stagesOf(input, planes);
  const rounds = inTurn(
    stages.flatMap((stage) => [[change(input, first, stage)], ...restarts(input, planes, stage)]),
    endsOf(snapshot),
  );
  const proof = makeStretch([verify(input, first, planes)], endsOf(rounds.slice(-1)));
  const ready = verifyReady(input, endsOf([proof]));
  const findings = [...checkMembers(input), ...checkWindow(input, planes)];
  return maintenancePlan(input, [...snapshot, ...rounds, proof, ...ready], findings);
}

/** By the members' own roles, in their order. */
export function controlPlanes(
  input: Pick<MaintenanceInput, 'cluster' | 'observed' | 'state'>,
): readonly PlannedNode[] {
  return members(input).servers.filter(({ roles }) => roles.includes('controlplane'));
}

/** Which stages the rotation goes through. */
export function stagesOf(
  { operation }: Pick<MaintenanceInput<EncryptRotateRequest>, 'operation'>,
  planes: readonly PlannedNode[],
): readonly EncryptionStage[] {
  const { provider, formerProvider } = operation.request;
  const isSimple = provider === 'aescbc' && formerProvider === 'aescbc';
  return planes.length > 1 && isSimple ? ['prepare', 'rotate', 'reencrypt'] : ['rotate-keys'];
}

function change(
  { operation }: MaintenanceInput<EncryptRotateRequest>,
  node: PlannedNode,
  stage: EncryptionStage,
): Draft<'change-encryption-keys'> {
  const { before } = operation.request;
  return {
    kind: 'change-encryption-keys',
    id: `${stepId('change-encryption-keys', node)} ${stage}`,
    node,
    reason: REASON,
    stage,
    before,
  };
}

/** After `rotate-keys` the first server alone can read everything, so it is the last to start anew. */
function restarts(
  input: MaintenanceInput,
  planes: readonly PlannedNode[],
  stage: EncryptionStage,
): readonly (readonly Draft[])[] {
  const turn = stage === 'rotate-keys' ? [...planes.slice(1), ...planes.slice(0, 1)] : planes;
  return turn.map((node) => [
    {
      ...restartDraft(input, node, `so that it knows the keys after \`${stage}\``),
      id: `${stepId('start-service', node)} ${stage}`,
    },
  ]);
}

function verify(
  { cluster, operation, ...rest }: MaintenanceInput<EncryptRotateRequest>,
  node: PlannedNode,
  planes: readonly PlannedNode[],
): Draft<'verify-encryption'> {
  const { before, provider } = operation.request;
  const etcd = members({ cluster, ...rest }).servers.find(({ roles }) => roles.includes('etcd'));
  return {
    kind: 'verify-encryption',
    node,
    reason: 'what lies in etcd is what counts',
    before,
    provider,
    planes: planes.map(({ key }) => key),
    etcd: cluster.externalDatastore ? null : (etcd?.key ?? null),
  };
}

/**
 * `rotate-keys` gives up the old key on one server while the others still write with it: what is written through them until
 * they have started anew can be read by nobody afterwards.
 */
function checkWindow(
  input: MaintenanceInput<EncryptRotateRequest>,
  planes: readonly PlannedNode[],
): readonly Diagnostic[] {
  const isBegun = input.operation.done.some((id) => id.startsWith('change-encryption-keys'));
  if (planes.length < 2 || isBegun || stagesOf(input, planes).length > 1) return [];
  const others = planes.slice(1).map(({ name }) => name);
  return [
    {
      severity: 'error',
      code: SECRETS_WINDOW_CHECK_NAME,
      message: `RKE2 can do this only in one go on one server (\`rotate-keys\`). From then until they have restarted, ${others.join(' and ')} cannot read the Secrets that were encrypted anew, and a Secret that is written through one of them is lost.`,
      hint: 'Do it when nobody writes Secrets (no deployments, no certificates being renewed), and say so with `--ignore-check secrets-window`.',
    },
  ];
}
