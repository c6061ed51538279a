import type { BootstrapData } from '../bootstrap-data.ts';
import { readBootstrapData, replaceBootstrapData } from '../bootstrap-data.ts';
import { CommandError, reasonOf, warn } from '../log.ts';
import type { ServerState } from '../server-routes.ts';
import type { Route } from '../supervisor.ts';
import { checkContinuity } from './authority-continuity.ts';

/** PUT /v1-rke2/cert/cacerts: puts new authorities into the datastore; servers take them over when they start. */
export function makeAuthorityRoute(state: ServerState): Route {
  return {
    method: 'PUT',
    path: '/v1-rke2/cert/cacerts',
    role: 'server',
    handle: async (request) => {
      try {
        const wanted = JSON.parse(request.body.toString()) as BootstrapData;
        const current = readBootstrapData(state.options.paths);
        if (request.query.get('force') !== 'true') checkContinuity(current, wanted);
        if (state.etcd === undefined) throw new CommandError('datastore is not ready');
        const now = new Date().toISOString();
        const next = { ...current };
        for (const [name, entry] of Object.entries(wanted)) next[name] = { ...entry, Timestamp: now };
        await replaceBootstrapData(state.etcd, state.passwords.server, next);
        return { body: '' };
      } catch (error) {
        warn(`Failed to rotate CA certificates: ${reasonOf(error)}`);
        return { status: 400, body: reasonOf(error) };
      }
    },
  };
}
