import type { FirewallRecord } from '../domain/marker.ts';
import { FIREWALL_PROGRAM } from '../lib/firewall-program.ts';
import type { Host } from './host.ts';

export interface FirewallChange {
  readonly add: FirewallRecord;
  readonly remove: FirewallRecord;
  /**
   * True while RKE2 is down: one permanent change, then one reload. False while it runs, when a reload would wipe the
   * CNI's rules: the same change permanently and at runtime.
   */
  readonly reload: boolean;
}

/**
 * Adds to and takes away from firewalld, in one command; true when anything changed. What is there already (or gone already)
 * is passed over. Ipsets that `remove` empties are removed. Rejects with RemoteCommandError when firewalld does not run or
 * refuses. A mere removal with `reload` also takes away the copies and backups that firewalld made of its files for us.
 */
export async function applyFirewall(
  host: Host,
  change: FirewallChange,
  options: { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  const { stdout } = await host.run(CALL, {
    args: [FIREWALL_PROGRAM],
    stdin: JSON.stringify({ ...change, tidy: change.reload && isNothing(change.add) }),
    timeoutMs: 120_000,
    what: 'Changing firewalld',
    ...options,
  });
  return stdout.trim() === 'changed';
}

function isNothing({ ports, richRules, trustedSources, ipsets }: FirewallRecord): boolean {
  return [ports, richRules, trustedSources, Object.keys(ipsets)].every((list) => list.length === 0);
}

/**
 * firewalld is a Python program, so its own interpreter and client library are there; one process talks to it once
 * where firewall-cmd would take a third of a second for every single kind of change.
 */
const CALL = `
command=$(command -v firewall-cmd) || { echo "firewall-cmd is not installed" >&2; exit 1; }
IFS= read -r line <"$command"
set -- "$1" \${line#??}
program=$1
shift
case \${1-} in */python*) ;; *) set -- python3 ;; esac
exec "$@" -c "$program"
`;
