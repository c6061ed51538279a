import { clusterCheck } from './check.ts';
import { findDuplicates } from './duplicates.ts';

/** Cloned machines share a machine-id; DHCP leases, node identities and journals are mixed up by it. */
export const uniqueMachineId = clusterCheck('unique-machine-id', 'error', (input) =>
  findDuplicates(
    input,
    (host) => (host.facts.machineId === '' ? [] : [host.facts.machineId]),
    (id, labels) => ({
      message: `${labels} have the same machine-id ${id}: they are clones, or one machine under two addresses.`,
      hint: 'Of clones, give each its own: `rm /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup`, then reboot. One machine must stand in the file once.',
    }),
  ),
);
