import { setTimeout as sleep } from 'node:timers/promises';
import { RemoteCommandError, ServiceError } from '../domain/errors.ts';
import type { StepOf } from '../domain/plan.ts';
import type { EncryptionStatus } from '../domain/secrets-encryption.ts';
import { runKubectl } from '../host/run-kubectl.ts';
import { countStoredSecrets, readEncryptionStatus } from '../host/secrets-encryption.ts';
import { isReplaced } from './change-encryption-keys.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

const POLL_MS = 1_000;

/**
 * The proof of a rotation: all servers have the same keys and the old one is not among them, each API server can read
 * every Secret, and in etcd itself each lies under the new key.
 */
export const verifyEncryption: StepHandler<'verify-encryption'> = {
  title: () => 'see that every Secret is stored with the new key',
  run: async (step, context) => {
    const deadline = Date.now() + context.timeoutMs;
    for (;;) {
      const lack = await findLack(step, context);
      if (lack === null) return 'done';
      context.progress(lack);
      if (Date.now() > deadline) throw notProved(lack);
      await sleep(POLL_MS, undefined, { signal: context.signal });
    }
  },
};

/** What is not as it should be; null when all is. */
async function findLack(step: StepOf<'verify-encryption'>, context: StepContext): Promise<string | null> {
  const { node, planes, etcd } = step;
  if (node === null) throw new Error('verify-encryption needs a node');
  const call = { dataDir: context.cluster.dataDir, signal: context.signal };
  try {
    const status = await readEncryptionStatus(context.host(node.key), call);
    const { active } = status;
    const lack = lackOfKeys(status, step);
    if (lack !== null || active === null) return lack;
    const stored = etcd === null ? null : await countStoredSecrets(context.host(etcd), active, call);
    if (stored !== null && stored.otherwise > 0)
      return `${stored.otherwise} of ${stored.otherwise + stored.withKey} Secrets in etcd are not stored with the key ${active.name}`;
    for (const plane of planes) {
      const args = ['get', 'secrets', '--all-namespaces', '-o', 'name'];
      await runKubectl(context.host(plane), args, { what: 'Reading all Secrets', ...call });
    }
    return null;
  } catch (error) {
    if (error instanceof RemoteCommandError) return error.message;
    throw error;
  }
}

function lackOfKeys(
  status: EncryptionStatus,
  { before, provider }: StepOf<'verify-encryption'>,
): string | null {
  const { active, difference, enabled, stage } = status;
  if (difference !== null) return difference;
  if (!enabled || active === null) return 'Secrets are stored in the clear';
  if (stage !== 'reencrypt_finished') return `RKE2 is at the stage ${stage}`;
  if (!isReplaced(status, before)) return `the key ${before} is still in use`;
  if (active.provider !== provider) return `the new key is one of ${active.provider}, not of ${provider}`;
  return null;
}

function notProved(lack: string): ServiceError {
  return new ServiceError({
    code: 'encryption-unproved',
    message: `The rotation of the encryption key cannot be proved: ${lack}.`,
    hint: 'Secrets that were stored with a key which no server has any more cannot be read: they must be written anew from where they came, or the snapshot restored that was taken before (`rke2ctl etcd snapshot-list`). Otherwise see `rke2ctl encrypt status`, then run `rke2ctl encrypt rotate-key` again.',
    lastWords: [],
  });
}
