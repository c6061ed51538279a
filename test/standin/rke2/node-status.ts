import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import type { NodeOptions } from './options.ts';
import { RELEASE } from './release.ts';

const CNI_MISSING =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';

/** What a Node's status is made from. */
export interface StatusSettings {
  readonly options: NodeOptions;
  readonly isNetworkReady: () => boolean;
  /** Conditions that somebody else wants on the Node, e.g. EtcdIsVoter. */
  readonly extraConditions: () => readonly NodeCondition[];
}

export interface NodeCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** The Node's status as the kubelet reports it. */
export function describeStatus(settings: StatusSettings): object {
  const { options } = settings;
  const now = new Date().toISOString().replace(/\.\d+Z/, 'Z');
  const isReady = settings.isNetworkReady();
  const conditions: readonly NodeCondition[] = [
    {
      type: 'MemoryPressure',
      status: 'False',
      reason: 'KubeletHasSufficientMemory',
      message: 'kubelet has sufficient memory available',
    },
    {
      type: 'DiskPressure',
      status: 'False',
      reason: 'KubeletHasNoDiskPressure',
      message: 'kubelet has no disk pressure',
    },
    {
      type: 'PIDPressure',
      status: 'False',
      reason: 'KubeletHasSufficientPID',
      message: 'kubelet has sufficient PID available',
    },
    ...settings.extraConditions(),
    isReady
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: CNI_MISSING },
  ];
  const capacity = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: '110' };
  return {
    addresses: [
      ...options.nodeAddresses.map((address) => ({ type: 'InternalIP', address })),
      ...options.externalAddresses.map((address) => ({ type: 'ExternalIP', address })),
      { type: 'Hostname', address: options.nodeName },
    ],
    capacity,
    allocatable: capacity,
    conditions: conditions.map((condition) => ({
      ...condition,
      lastHeartbeatTime: now,
      lastTransitionTime: transitionTime(condition, now),
    })),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: describeSystem(),
  };
}

const transitions = new Map<string, { status: string; time: string }>();

function transitionTime(condition: NodeCondition, now: string): string {
  const before = transitions.get(condition.type);
  if (before?.status === condition.status) return before.time;
  transitions.set(condition.type, { status: condition.status, time: now });
  return now;
}

function describeSystem(): Record<string, string> {
  const machineId = readFirstLine('/etc/machine-id');
  const osName = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readOrEmpty('/etc/os-release'))?.[1] ?? 'Linux';
  return {
    machineID: machineId,
    systemUUID: machineId,
    bootID: readFirstLine('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: osName,
    containerRuntimeVersion: 'containerd://2.3.2-k3s1',
    kubeletVersion: RELEASE.version,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: goArchitecture(),
  };
}

/** The labels every node gets. */
export function baseLabels(name: string): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': goArchitecture(),
    'beta.kubernetes.io/instance-type': 'rke2',
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': goArchitecture(),
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node.kubernetes.io/instance-type': 'rke2',
  };
}

/** What RKE2 notes of the node's configuration; secrets are masked. */
export function baseAnnotations(options: NodeOptions): Record<string, string> {
  const args = JSON.stringify(process.argv.slice(2));
  const hash = createHash('sha256')
    .update(args)
    .update(JSON.stringify(options.labels))
    .digest('hex')
    .toUpperCase();
  return {
    'rke2.io/hostname': options.nodeName,
    'rke2.io/internal-ip': options.nodeAddresses.join(','),
    'rke2.io/node-args': args.replace(/(--?t(oken)?[= ]?"?,?"?)[^",]+/g, '$1********'),
    'rke2.io/node-config-hash': hash,
    'rke2.io/node-env': '{}',
  };
}

function goArchitecture(): string {
  return arch() === 'x64' ? 'amd64' : arch();
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readFirstLine(path: string): string {
  return readOrEmpty(path).split('\n')[0] ?? '';
}
