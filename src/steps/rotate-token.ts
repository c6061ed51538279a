import { ServiceError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import type { State } from '../domain/state.ts';
import { listBootstrapTokens } from '../host/etcd.ts';
import { putToSupervisor } from '../host/supervisor.ts';
import { tokenId } from '../rke2/token-id.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

/**
 * Has a running server encrypt the cluster's bootstrap data with the next server token. Which token opens them now is
 * asked of etcd, before and after: whatever was cut off, the state ends with the token that is true, and keeps the former
 * one for the snapshots of its time.
 */
export const rotateToken: StepHandler<'rotate-token'> = {
  title: () => 'give the cluster its new server token',
  run: async ({ node }, context) => {
    if (node === null) throw new Error('rotate-token needs a node');
    const { next, serverToken } = context.state().secrets;
    if (next === undefined) return 'unchanged';
    const host = context.host(node.key);
    const options = { dataDir: context.cluster.dataDir, signal: context.signal };
    const wanted = tokenId(next.serverToken.reveal());
    const isIn = async () => (await listBootstrapTokens(host, options)).includes(wanted);
    if (!(await isIn())) {
      await putToSupervisor(
        host,
        {
          path: '/v1-rke2/token',
          token: serverToken,
          body: new Secret(JSON.stringify({ newToken: next.serverToken.reveal() })),
          what: 'Rotating the server token',
        },
        options,
      );
      if (!(await isIn())) throw notRotated(node.name);
    }
    await learnRotated(context);
    return 'done';
  },
};

async function learnRotated(context: StepContext): Promise<void> {
  await context.learn((state): State => {
    const { next, former = [], ...tokens } = state.secrets;
    if (next === undefined) return state;
    const until = state.operation?.startedAt ?? 0;
    return {
      ...state,
      secrets: { ...next, former: [{ serverToken: tokens.serverToken, until }, ...former] },
    };
  });
}

function notRotated(name: string): ServiceError {
  return new ServiceError({
    code: 'token-not-rotated',
    message: `rke2-server on ${name} took the new server token, but etcd has no bootstrap data for it. The old one is still in force.`,
    hint: `See \`rke2ctl logs ${name}\`; then run \`rke2ctl token rotate\` again. The state holds both tokens.`,
    lastWords: [],
  });
}
