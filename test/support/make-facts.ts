import type { NodeKey } from '../../src/domain/cluster.ts';
import type { Marker } from '../../src/domain/marker.ts';
import { NO_RKE1 } from '../../src/domain/no-rke1.ts';
import { NO_RKE2 } from '../../src/domain/no-rke2.ts';
import type { HostFacts, Observed, Rke1Facts, Rke2Facts } from '../../src/domain/observed.ts';

const GIB = 1024 ** 3;

/** What a fresh host is before RKE2 comes: large enough, empty, nothing to complain of. */
export function makeFacts(overrides: Partial<HostFacts> = {}): HostFacts {
  return {
    hostname: 'n1',
    machineId: '00000000000000000000000000000001',
    bootId: 'b0000000-0000-4000-8000-000000000001',
    hostKey: 'SHA256:abc',
    arch: 'amd64',
    os: { id: 'debian', versionId: '12', idLike: [], name: 'Debian GNU/Linux 12 (bookworm)' },
    kernel: '6.1.0-40-amd64',
    clockOffsetMs: 0,
    cpus: 4,
    memoryBytes: 8 * GIB,
    swapBytes: 0,
    systemd: true,
    cgroup: { version: 2, controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'] },
    addresses: [
      { interface: 'lo', address: '127.0.0.1', prefix: 8 },
      { interface: 'eth0', address: '10.0.0.1', prefix: 24 },
    ],
    routes: [
      { destination: 'default', interface: 'eth0' },
      { destination: '10.0.0.0/24', interface: 'eth0' },
    ],
    listening: [{ protocol: 'tcp', address: '0.0.0.0', port: 22, process: 'sshd (400)' }],
    filesystems: ['/var/lib/rancher/rke2', '/var/lib/kubelet', '/usr/local'].map((path) => ({
      path,
      mountPoint: '/',
      type: 'ext4',
      availableBytes: 100 * GIB,
      readOnly: false,
      noexec: false,
    })),
    commands: ['iptables', 'curl', 'zstd', 'openssl', 'python3', 'firewall-cmd'],
    selinux: 'disabled',
    rke2Selinux: false,
    apparmor: { enabled: true, parser: true },
    networkManager: { active: false, unmanagedFile: false, cloudSetup: false },
    fapolicyd: false,
    nameservers: ['10.0.0.53'],
    inotify: { instances: 8192, watches: 524_288 },
    sysctls: {
      'vm.panic_on_oom': '0',
      'vm.overcommit_memory': '0',
      'kernel.panic': '0',
      'kernel.panic_on_oops': '0',
    },
    users: { etcd: false },
    rke1: makeRke1Facts(),
    firewall: { provider: 'none' },
    fsyncMs: 1,
    resolved: {},
    rke2: makeRke2Facts(),
    ...overrides,
  };
}

/** A host that RKE1 never saw. */
export function makeRke1Facts(overrides: Partial<Rke1Facts> = {}): Rke1Facts {
  return { ...NO_RKE1, ...overrides };
}

/** A host without RKE2. */
export function makeRke2Facts(overrides: Partial<Rke2Facts> = {}): Rke2Facts {
  return { ...NO_RKE2, ...overrides };
}

/** The marker of a server of cluster `c1`. */
export function makeMarker(overrides: Partial<Marker> = {}): Marker {
  return {
    schemaVersion: 1,
    clusterId: 'c1',
    clusterName: 'local',
    nodeId: 'node-1',
    machineId: '00000000000000000000000000000001',
    name: 'n1',
    roles: ['etcd', 'controlplane', 'worker'],
    version: 'v1.35.7+rke2r1',
    installed: null,
    dataDir: '/var/lib/rancher/rke2',
    files: [],
    firewall: null,
    ...overrides,
  };
}

/** A server of cluster `c1` that runs: its marker, unit, ports, CNI interfaces and routes are all there. */
export function makeRunningServer(overrides: Partial<HostFacts> = {}): HostFacts {
  const fresh = makeFacts();
  const listeners = [
    9345, 6443, 10250, 2379, 2380, 2381, 2382, 10248, 10256, 10257, 10258, 10259, 10010, 6444,
  ];
  return makeFacts({
    addresses: [
      ...fresh.addresses,
      { interface: 'flannel.1', address: '10.42.0.0', prefix: 32 },
      { interface: 'cni0', address: '10.42.0.1', prefix: 24 },
      { interface: 'nodelocaldns', address: '10.43.0.10', prefix: 32 },
    ],
    routes: [
      ...fresh.routes,
      { destination: '10.42.0.0/24', interface: 'cni0' },
      { destination: '10.42.1.0/24', interface: 'flannel.1' },
    ],
    listening: [
      ...fresh.listening,
      ...listeners.map((port) => ({
        protocol: 'tcp' as const,
        address: '::',
        port,
        process: `rke2-program (${port})`,
      })),
      { protocol: 'udp' as const, address: '0.0.0.0', port: 8472, process: null },
    ],
    rke2: makeRke2Facts({
      binaries: [{ path: '/usr/local/bin/rke2', version: 'v1.35.7+rke2r1' }],
      server: {
        exists: true,
        active: 'active',
        enabled: true,
        path: '/usr/local/lib/systemd/system/rke2-server.service',
      },
      marker: makeMarker(),
      etcdData: true,
      caHash: 'a'.repeat(64),
    }),
    ...overrides,
  });
}

/** Hosts by key, all reached. */
export function makeObserved(facts: Readonly<Record<NodeKey, HostFacts>>): Observed {
  return {
    hosts: Object.fromEntries(
      Object.entries(facts).map(([key, each]) => [key, { reachable: true as const, facts: each }]),
    ),
  };
}
