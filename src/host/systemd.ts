import type { Service } from '../domain/role.ts';
import { unitName } from '../rke2/paths.ts';
import type { Host } from './host.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
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
