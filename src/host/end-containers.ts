import type { Service } from '../domain/role.ts';
import { unitName } from '../rke2/paths.ts';
import type { Host } from './host.ts';

/** $1: the unit. RKE2's own script lies beside its program, wherever that was installed. */
const KILL_ALL = `
binary=$(systemctl show -p ExecStart --value "$1" | sed -n 's/^{ path=\\([^ ;]*\\).*/\\1/p' | head -n 1)
script="\${binary%/*}/rke2-killall.sh"
[ -x "$script" ] || { echo "$script is not there, so the containers of RKE2 cannot be ended" >&2; exit 1; }
"$script" </dev/null >&2
`;

/**
 * Stops a node's service and ends everything that it leaves running, by RKE2's own `rke2-killall.sh`: containers, their
 * mounts and network interfaces. Data stay. May be run again.
 */
export async function endContainers(
  host: Host,
  service: Service,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  await host.run(KILL_ALL, {
    args: [unitName(service)],
    what: `Ending the containers of ${service}`,
    ...options,
  });
}
