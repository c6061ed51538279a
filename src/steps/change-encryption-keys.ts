import { setTimeout as sleep } from 'node:timers/promises';
import { RemoteCommandError, ServiceError, TimeoutError } from '../domain/errors.ts';
import type { PlannedNode, StepOf } from '../domain/plan.ts';
import { type EncryptionStage, type EncryptionStatus, STAGE_TEXTS } from '../domain/secrets-encryption.ts';
import { readEncryptionStatus, requestEncryptionStage } from '../host/secrets-encryption.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

const POLL_MS = 1_000;
/** While RKE2 says that it writes Secrets anew, it is let work; where there are very many that takes long. */
const REENCRYPT_MS = 60 * 60_000;
/** So often is a refusal taken for one of the moment: a server that has just started does not know the others yet. */
const REFUSALS = 5;

/**
 * Asks a running control-plane server for a stage and waits until it is reached. It is asked for only where its status
 * says that it was not begun, so a rotation that was cut off is never begun twice, and only while all servers agree.
 */
export const changeEncryptionKeys: StepHandler<'change-encryption-keys'> = {
  title: ({ stage }) => STAGE_TEXTS[stage],
  run: async ({ node, stage, before }, context) => {
    if (node === null) throw new Error('change-encryption-keys needs a node');
    const host = context.host(node.key);
    const call = { dataDir: context.cluster.dataDir, signal: context.signal };
    const began = Date.now();
    let refusals = 0;
    for (let asked = false; ; ) {
      const status = await readEncryptionStatus(host, call).catch(patient(began, context));
      if (status !== null && isReached(stage, status, before)) return asked ? 'done' : 'unchanged';
      const isWorking =
        status?.stage.startsWith('reencrypt_') === true && status.stage !== 'reencrypt_finished';
      const lack = lackOf(status, isWorking);
      const limit = isWorking ? Math.max(REENCRYPT_MS, context.timeoutMs) : context.timeoutMs;
      if (Date.now() - began > limit) throw tooLong(node, stage, lack ?? 'it does not come to that stage');
      if (lack === null) {
        asked = true;
        const { accepted, words } = await requestEncryptionStage(host, stage, call);
        if (accepted) continue;
        refusals += 1;
        // RKE2's command gives up sooner than its server does: what it has begun, its status tells.
        const after = await readEncryptionStatus(host, call).catch(patient(began, context));
        const isBegun =
          after !== null && (isReached(stage, after, before) || /_(active|request)$/.test(after.stage));
        if (!isBegun && refusals >= REFUSALS) throw isRefused(node, stage, words);
        context.progress(words.split('\n').at(-1) ?? '');
      } else context.progress(lack);
      await sleep(POLL_MS, undefined, { signal: context.signal });
    }
  },
};

/** For a moment after a start the server has no answer. */
function patient(began: number, { timeoutMs }: StepContext): (error: unknown) => null {
  return (error) => {
    if (!(error instanceof RemoteCommandError) || Date.now() - began > timeoutMs) throw error;
    return null;
  };
}

/** What keeps it from being asked; null: nothing does. */
function lackOf(status: EncryptionStatus | null, isWorking: boolean): string | null {
  if (status === null) return 'waits for an answer of the server';
  if (isWorking) return 'Secrets are being encrypted anew';
  return status.difference;
}

/** Whether a stage, or one behind it, has been come to. */
function isReached(stage: EncryptionStage, status: EncryptionStatus, before: string): boolean {
  if (status.stage === 'reencrypt_finished' && isReplaced(status, before)) return true;
  if (stage === 'prepare') return status.stage === 'prepare' || status.stage === 'rotate';
  return stage === 'rotate' && status.stage === 'rotate';
}

/** Whether a key is neither written nor read with any more. */
export function isReplaced({ active, inactive }: EncryptionStatus, before: string): boolean {
  return active !== null && [active, ...inactive].every(({ name }) => name !== before);
}

function isRefused({ name }: PlannedNode, stage: StepOf<'change-encryption-keys'>['stage'], words: string) {
  return new ServiceError({
    code: 'encryption-refused',
    message: `RKE2 on ${name} refused \`secrets-encrypt ${stage}\`.`,
    hint: `See \`rke2ctl encrypt status\` and \`rke2ctl logs ${name}\`; then run \`rke2ctl encrypt rotate-key\` again: it goes on from the stage that RKE2 is at.`,
    lastWords: words.split('\n'),
  });
}

function tooLong({ name }: PlannedNode, stage: EncryptionStage, lack: string): TimeoutError {
  return new TimeoutError({
    code: 'encryption-stuck',
    message: `\`secrets-encrypt ${stage}\` on ${name} did not come to its end: ${lack}.`,
    hint: `Do not restart ${name} while it writes Secrets anew. See \`rke2ctl encrypt status\` and \`rke2ctl logs ${name}\`; then run \`rke2ctl encrypt rotate-key\` again: it goes on from there.`,
  });
}
