import type { Service } from '../domain/role.ts';
import { unitName } from '../rke2/paths.ts';
import type { Host } from './host.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * The place in the host's journal where a start begins, as journalctl's `--since` takes it (`@1795233506.123456`). A time,
 * and not one of journalctl's own cursors: together with a unit those lose entries.
 */
export type JournalCursor = string;

/**
 * Enables the service and asks systemd to start it (or start it anew), without waiting: RKE2's units only count as
 * started once they are READY, and have no time limit. Gives the place in the journal where this start begins.
 */
export async function startService(
  host: Host,
  service: Service,
  options: CallOptions & { readonly restart: boolean },
): Promise<JournalCursor> {
  const { restart, ...rest } = options;
  const { stdout } = await host.run(START, {
    args: [unitName(service), restart ? 'restart' : 'start'],
    what: `${restart ? 'Restarting' : 'Starting'} ${service}`,
    ...rest,
  });
  return stdout.trim();
}

/** Stops the service; its containers go on, as RKE2 means them to. */
export async function stopService(host: Host, service: Service, options: CallOptions = {}): Promise<void> {
  await host.run('systemctl stop "$1"', {
    args: [unitName(service)],
    what: `Stopping ${service}`,
    ...options,
  });
}

/** Tells systemd that unit files have changed. */
export async function reloadUnits(host: Host, options: CallOptions = {}): Promise<void> {
  await host.run('systemctl daemon-reload', { what: 'Reloading the units', ...options });
}

/** systemd's word for a unit: `active`, `activating`, `inactive`, `failed`, … `inactive` also for one that is not there. */
export async function activeState(host: Host, unit: string, options: CallOptions = {}): Promise<string> {
  const { stdout } = await host.run('systemctl show -p ActiveState --value "$1"', {
    args: [unit],
    what: `Asking for ${unit}`,
    ...options,
  });
  return stdout.trim();
}

/**
 * $1: unit; $2: start or restart. A unit that failed too often is not started until that is forgotten. `enable` makes
 * systemd read all units anew, so that it knows what has been written or unpacked since.
 */
const START = `
now=$(date +%s.%6N)
case $now in *N) now=$(date +%s) ;; esac
echo "@$now"
systemctl enable --quiet "$1" || exit 1
systemctl reset-failed "$1" 2>/dev/null
systemctl "$2" --no-block "$1"
`;
