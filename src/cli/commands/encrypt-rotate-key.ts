import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { PlannedNode } from '../../domain/plan.ts';
import {
  ENCRYPTION_PROVIDERS,
  type EncryptionProvider,
  type EncryptionStatus,
} from '../../domain/secrets-encryption.ts';
import { readRke2Config } from '../../host/read-rke2-config.ts';
import { readEncryptionStatus } from '../../host/secrets-encryption.ts';
import {
  controlPlanes,
  type EncryptRotateRequest,
  planEncryptRotate,
  stagesOf,
} from '../../plan/maintenance/encrypt-rotate-key.ts';
import type { MaintenanceInput } from '../../plan/maintenance/maintenance-input.ts';
import { factsOf } from '../../render/desired-node.ts';
import { countText } from '../../ui/table.ts';
import type { MaintenanceFlags } from '../flags.ts';
import { runMaintenance, type Scene } from '../run-maintenance.ts';
import type { Workspace } from '../workspace.ts';

/** `rke2ctl encrypt rotate-key`: a new key for the Secrets in etcd, or one of the other provider that the file names by now. */
export function encryptRotateKey(flags: MaintenanceFlags): Promise<ExitCode> {
  return runMaintenance<EncryptRotateRequest>(
    {
      verb: 'encrypt rotate-key',
      asked: null,
      settle: (_asked, scene, workspace) => lookAtKeys(scene, workspace),
      plan: planEncryptRotate,
      explain,
      conclude: ({ cluster }) => ({
        words: cluster.externalDatastore
          ? 'All control planes have the new key.'
          : 'All control planes have the new key, and every Secret in etcd lies under it.',
      }),
    },
    flags,
  );
}

/** Which key is to go, and what the new one is to be. Refuses where RKE2 would, and where it was left halfway. */
async function lookAtKeys(scene: Scene, workspace: Workspace): Promise<EncryptRotateRequest> {
  const { cluster, sessions, signals } = workspace;
  const planes = controlPlanes({ ...scene, cluster });
  const place = planes.find(({ key }) => factsOf(scene.observed, key)?.rke2.server.active === 'active');
  if (place === undefined) throw noPlane();
  const call = { dataDir: cluster.dataDir, signal: signals.stop };
  const status = await readEncryptionStatus(sessions.get(place.key), call);
  const { active } = status;
  const provider = providerOfFile(workspace);
  if (!status.enabled || active === null) throw isOff(place, status);
  if (active.provider === null) throw foreignKey(active.name);
  refuseHalfway(status, place);
  await refuseUnfollowed(provider, planes, workspace);
  return { before: active.name, provider, formerProvider: active.provider };
}

/** RKE2's own default is aescbc. */
function providerOfFile({ cluster }: Workspace): EncryptionProvider {
  const value = cluster.rke2.server[KEY];
  return ENCRYPTION_PROVIDERS.find((provider) => provider === value) ?? 'aescbc';
}

const KEY = 'secrets-encryption-provider';

/** What runs must be what the file says, or the new key would be one of the old provider. */
async function refuseUnfollowed(
  provider: EncryptionProvider,
  planes: readonly PlannedNode[],
  { sessions, signals }: Workspace,
): Promise<void> {
  for (const { key, name } of planes) {
    const { files, units } = await readRke2Config(sessions.get(key), { signal: signals.stop });
    const file = files.findLast(({ text }) => PROVIDER_LINE.test(text));
    const found = file === undefined ? 'aescbc' : (PROVIDER_LINE.exec(file.text)?.[1] ?? 'aescbc');
    const startedAt = units['rke2-server']?.startedAt ?? null;
    const isOld = file !== undefined && startedAt !== null && file.changedAt > startedAt;
    if (found === provider && !isOld) continue;
    throw new Rke2ctlError({
      code: 'provider-pending',
      message: `The file asks for Secrets to be encrypted by ${provider}; ${name} ${found === provider ? 'has not been restarted since it was told so' : `still works with ${found}`}.`,
      hint: 'Run `rke2ctl up` first: it restarts the servers with the provider of the file. Then run `rke2ctl encrypt rotate-key` again.',
      exitCode: 3,
    });
  }
}

const PROVIDER_LINE = /^["']?secrets-encryption-provider["']?:\s*["']?([a-z]+)/m;

function refuseHalfway({ stage, difference }: EncryptionStatus, { name }: PlannedNode): void {
  if (difference !== null) {
    throw new Rke2ctlError({
      code: 'encryption-differs',
      message: `The servers do not have the same encryption keys: ${difference}. Nothing was done.`,
      hint: 'A server that has not started anew since keys were changed is behind: `rke2ctl exec NAME -- systemctl restart rke2-server`, one after the other; then run this again.',
    });
  }
  if (['start', 'reencrypt_finished', ''].includes(stage)) return;
  throw new Rke2ctlError({
    code: 'encryption-halfway',
    message: `A rotation of the encryption keys was begun by hand and is at the stage ${stage}. Nothing was done.`,
    hint: `Bring it to its end as it was begun, with \`rke2 secrets-encrypt\` on ${name} (${nextWords(stage)}), and look with \`rke2ctl encrypt status\`; then run this again.`,
  });
}

function nextWords(stage: string): string {
  if (stage === 'prepare') return 'restart all servers, then `rotate`';
  if (stage === 'rotate') return 'restart all servers, then `reencrypt`';
  return 'wait until it is at reencrypt_finished, then restart all servers';
}

function isOff({ name }: PlannedNode, { inactive }: EncryptionStatus): Rke2ctlError {
  const [key] = inactive;
  return new Rke2ctlError({
    code: 'encryption-off',
    message:
      key === undefined
        ? 'RKE2 does not encrypt the Secrets of this cluster: it has no key for that. Nothing was done.'
        : `The encryption of Secrets was turned off in this cluster (its key ${key.name} only reads). Nothing was done.`,
    hint: `Turn it on with \`rke2 secrets-encrypt enable\` on ${name}, restart the servers one after the other, and look with \`rke2ctl encrypt status\`.`,
    exitCode: 3,
  });
}

function foreignKey(name: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'foreign-key',
    message: `Secrets are encrypted with the key ${name}, of a kind that RKE2 does not rotate. Nothing was done.`,
    hint: 'RKE2 rotates keys of aescbc and secretbox; one of your own is rotated in the EncryptionConfiguration that you brought.',
    exitCode: 3,
  });
}

function noPlane(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'no-control-plane',
    message: 'No control plane of this cluster runs, so nothing can be said of its encryption keys.',
    hint: 'Run `rke2ctl up`, which starts it; then run this again.',
  });
}

function explain(input: MaintenanceInput<EncryptRotateRequest>): readonly string[] {
  const planes = controlPlanes(input);
  const { before, provider, formerProvider } = input.operation.request;
  const stages = stagesOf(input, planes);
  const change = provider === formerProvider ? '' : ` (${formerProvider} before, ${provider} from now on)`;
  const restarts =
    planes.length === 1
      ? 'the control plane restarts once'
      : `${countText(planes.length, 'control plane')} restart ${stages.length === 1 ? 'once' : `${stages.length} times`}, one after the other`;
  return [
    `The key ${before} that encrypts Secrets is replaced${change}: every Secret is written anew, and ${restarts}; pods keep running.`,
    planes.length === 1 ? 'The API is away while it restarts.' : 'The API stays there.',
    'Snapshots of before hold the old key themselves and can be restored as ever.',
  ];
}
