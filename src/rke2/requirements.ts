import { DATA_DIR, imagesDir } from './paths.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** What RKE2 asks of every node. Memory is what the kernel reports, which is a little less than what was built in. */
export const MINIMUM = {
  cpus: 2,
  memoryBytes: 3.5 * GIB,
} as const;

/** What a server needs by the number of agents it looks after; the last row has no upper end. */
export const SERVER_SIZES: readonly {
  readonly maxAgents: number;
  readonly cpus: number;
  readonly memoryBytes: number;
}[] = [
  { maxAgents: 225, cpus: 2, memoryBytes: 3.5 * GIB },
  { maxAgents: 450, cpus: 4, memoryBytes: 7.5 * GIB },
  { maxAgents: 1300, cpus: 8, memoryBytes: 15 * GIB },
  { maxAgents: Number.POSITIVE_INFINITY, cpus: 16, memoryBytes: 30 * GIB },
];

/** CPUs and memory that a server should have in a cluster of so many agents. */
export function serverSize(agents: number): { readonly cpus: number; readonly memoryBytes: number } {
  return SERVER_SIZES.find((size) => agents <= size.maxAgents) ?? MINIMUM;
}

/** More skew than this trips RKE2's check of files newer than the datastore, and tokens and certificates after it. */
export const MAX_CLOCK_SKEW_MS = 3_000;

/** Milliseconds of one small synchronous write beyond which etcd loses its leader under load. */
export const SLOW_FSYNC_MS = 10;

/** Milliseconds of a round trip between etcd nodes beyond which its default heartbeat no longer fits. */
export const SLOW_ETCD_LINK_MS = 10;

/** What nodes with many pods need; the kernel's default of 128 instances runs out first. */
export const INOTIFY = { instances: 8192, watches: 524_288 } as const;

/** cgroup controllers without which RKE2 or its kubelet will not start, by cgroup version. */
export const CGROUP_CONTROLLERS: Readonly<Record<1 | 2, readonly string[]>> = {
  1: ['memory', 'pids'],
  2: ['cpu', 'cpuset', 'memory', 'pids'],
};

/** Architectures that RKE2 is released for, by what `uname -m` calls them. */
export const RELEASE_ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['x86_64', 'amd64'],
  ['amd64', 'amd64'],
  ['aarch64', 'arm64'],
  ['arm64', 'arm64'],
]);

/** Programs run from below these paths, so none may be mounted noexec. */
export function executedPaths(dataDir: string): readonly string[] {
  return [dataDir, '/var/lib/kubelet'];
}

/** Kernel parameters that the CIS profile demands before RKE2 starts. */
export const CIS_SYSCTLS: Readonly<Record<string, string>> = {
  'vm.panic_on_oom': '0',
  'vm.overcommit_memory': '1',
  'kernel.panic': '10',
  'kernel.panic_on_oops': '1',
};

/** Bytes that are about to lie on a host that has none of it yet. */
export interface NewFiles {
  readonly tarballBytes: number;
  readonly imageBytes: number;
  readonly prefix: string;
  readonly dataDir?: string;
}

// Layers of a zstd bundle unpack to about three times its size, and containerd keeps them packed and unpacked for a while.
const UNPACKED_IMAGES = 4;
const UNPACKED_TARBALL = 3;
const ETCD_AND_LOGS = 512 * MIB;

/**
 * Free bytes that a new node needs, by path: the bundles themselves, what containerd unpacks from them, the program, and
 * room for etcd and logs to begin with. Where no bundle is sent, images that are pulled still need their room.
 */
export function requiredDisk(files: NewFiles): Readonly<Record<string, number>> {
  const dataDir = files.dataDir ?? DATA_DIR;
  const unpacked = files.imageBytes > 0 ? files.imageBytes * UNPACKED_IMAGES : 4 * GIB;
  return {
    [imagesDir(dataDir)]: files.imageBytes,
    [dataDir]: unpacked + ETCD_AND_LOGS,
    [files.prefix]: files.tarballBytes * UNPACKED_TARBALL,
  };
}
