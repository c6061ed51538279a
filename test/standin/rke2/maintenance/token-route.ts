import { bootstrapKey, readBootstrapData, replaceBootstrapData } from '../bootstrap-data.ts';
import { info, reasonOf } from '../log.ts';
import { writeTokens } from '../server-identity.ts';
import type { ServerState } from '../server-routes.ts';
import type { Route } from '../supervisor.ts';
import { serverPasswordOf } from '../token.ts';

/** PUT /v1-rke2/token: encrypts the bootstrap data with the new token; nodes need it from their next start on. */
export function makeTokenRoute(state: ServerState): Route {
  return {
    method: 'PUT',
    path: '/v1-rke2/token',
    role: 'server',
    handle: async (request) => {
      try {
        const { newToken } = JSON.parse(request.body.toString()) as { newToken: string };
        const password = serverPasswordOf(newToken);
        const old = state.passwords.server;
        if (state.etcd === undefined) return { status: 503, body: 'datastore is not ready' };
        state.passwords = writeTokens(state.options, password);
        await replaceBootstrapData(state.etcd, password, readBootstrapData(state.options.paths));
        if (password !== old) await state.etcd.remove(bootstrapKey(old));
        info('Token rotated, bootstrap data encrypted with new token');
        return { body: '' };
      } catch (error) {
        return { status: 500, body: reasonOf(error) };
      }
    },
  };
}
