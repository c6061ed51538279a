import type { Role } from '../domain/role.ts';
import { serviceOf } from '../rke2/roles.ts';

/**
 * What a change of a member's roles takes. `in-place`: other settings and a restart (a control plane more or less), or no
 * restart at all (`worker`, which is a taint). `rejoin`: the node leaves and joins anew, because the other service runs
 * there then, or because its member comes to etcd or goes.
 */
export function roleChange(before: readonly Role[], after: readonly Role[]): 'none' | 'in-place' | 'rejoin' {
  const isSame = before.every((role) => after.includes(role)) && after.every((role) => before.includes(role));
  if (isSame) return 'none';
  if (serviceOf(before) !== serviceOf(after)) return 'rejoin';
  return before.includes('etcd') === after.includes('etcd') ? 'in-place' : 'rejoin';
}
