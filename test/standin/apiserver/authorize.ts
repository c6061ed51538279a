import type { User } from './api-context.ts';
import type { ResourcePath } from './request-info.ts';
import { forbidden, type StatusError } from './status-error.ts';

const NODE_PREFIX = 'system:node:';

function refuse(user: User, verb: string, path: ResourcePath, why = ''): StatusError {
  const scope = path.namespace === '' ? 'at the cluster scope' : `in the namespace "${path.namespace}"`;
  const what = `cannot ${verb} resource "${path.resource.plural}" in API group "${path.resource.group}" ${scope}`;
  return forbidden(path.resource, path.name, `User "${user.name}" ${what}${why}`);
}

/**
 * Throws 403 where a kubelet oversteps: it may change no Node but its own, delete none, and read Secrets only by name.
 * Everybody else with a certificate of the client CA may do everything.
 */
export function authorize(user: User, verb: string, path: ResourcePath): void {
  if (user.groups.includes('system:masters') || !user.groups.includes('system:nodes')) return;
  const own = user.name.startsWith(NODE_PREFIX) ? user.name.slice(NODE_PREFIX.length) : '';
  const isRead = verb === 'get' || verb === 'list' || verb === 'watch';
  const { kind } = path.resource;
  if (kind === 'Node' && verb.startsWith('delete')) throw refuse(user, verb, path);
  if (kind === 'Node' && !isRead && verb !== 'create' && path.name !== own) {
    const why = `: node "${own}" is not allowed to modify node "${path.name}"`;
    throw refuse(user, verb, path, why);
  }
  if (kind === 'Secret' && verb !== 'get') throw refuse(user, verb, path);
}
