import type { ClusterNode } from '../../domain/cluster.ts';
import { NO_RKE1 } from '../../domain/no-rke1.ts';
import { NO_RKE2 } from '../../domain/no-rke2.ts';
import type { HostFacts } from '../../domain/observed.ts';
import type { NodeRecord } from '../../domain/state.ts';

/** Stands for what only the host itself knows. */
export const UNKNOWN_HOSTNAME = '(the host’s own name)';

const INTERFACE = 'eth0';

/**
 * A host as it is before anybody has asked it: only name and addresses are filled in, as the state remembers them and
 * the file says. Good for rendering a node's files, which depend on nothing else, and for nothing beyond that.
 */
export function assumeFacts(node: ClusterNode, record: NodeRecord | null): HostFacts {
  const addresses = record === null ? [] : [record.clusterAddress, record.otherAddress ?? []].flat();
  return {
    hostname: record?.name ?? UNKNOWN_HOSTNAME,
    machineId: record?.machineId ?? node.key,
    bootId: '',
    hostKey: record?.hostKey ?? null,
    arch: '',
    os: { id: '', versionId: '', idLike: [], name: '' },
    kernel: '',
    clockOffsetMs: 0,
    cpus: 0,
    memoryBytes: 0,
    swapBytes: 0,
    systemd: true,
    cgroup: { version: 2, controllers: [] },
    addresses: addresses.map((address) => ({
      interface: INTERFACE,
      address,
      prefix: address.includes(':') ? 64 : 24,
    })),
    routes: [{ destination: 'default', interface: INTERFACE }],
    listening: [],
    filesystems: [],
    commands: [],
    selinux: 'disabled',
    rke2Selinux: false,
    apparmor: { enabled: false, parser: false },
    networkManager: { active: false, unmanagedFile: false, cloudSetup: false },
    fapolicyd: false,
    nameservers: [],
    inotify: { instances: 0, watches: 0 },
    sysctls: {},
    users: { etcd: false },
    rke1: NO_RKE1,
    firewall: { provider: 'none' },
    fsyncMs: null,
    resolved: {},
    rke2: NO_RKE2,
  };
}
