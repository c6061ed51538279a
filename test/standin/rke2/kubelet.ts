import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { arch, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { makeDirectory, writeFile } from './files.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { isConflict, isNotFound } from './kube-client.ts';
import { info, reasonOf, warn } from './log.ts';
import type { NodeOptions } from './options.ts';
import { RELEASE } from './release.ts';

const HEARTBEAT_MS = 2000;
const CNI_MISSING =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';
/** Label prefixes the kubelet refuses on its own command line, except those Kubernetes lists as its own. */
const RESTRICTED = /^[^=]*\b(kubernetes\.io|k8s\.io)\//;
const ALLOWED =
  /^(kubernetes\.io\/(hostname|os|arch|instance-type)|beta\.kubernetes\.io\/|failure-domain\.beta\.kubernetes\.io\/|topology\.kubernetes\.io\/|node\.kubernetes\.io\/|([^/]*\.)?kubelet\.kubernetes\.io\/|([^/]*\.)?node\.kubernetes\.io\/)/;

/** What the kubelet and the node's registration need beyond the options. */
export interface KubeletSettings {
  readonly options: NodeOptions;
  readonly kube: KubeClient;
  readonly podCidr: string;
  readonly roleLabels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
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

/** Starts the kubelet's two listeners; `tls` names the agent directory with its serving certificate. */
export function startKubeletListeners(agentDirectory: string, bindAddress: string): void {
  const server = createHttpsServer(
    {
      cert: readFileSync(join(agentDirectory, 'serving-kubelet.crt'), 'utf8'),
      key: readFileSync(join(agentDirectory, 'serving-kubelet.key'), 'utf8'),
      ca: readFileSync(join(agentDirectory, 'client-ca.crt'), 'utf8'),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const isKnown = (request.socket as TLSSocket).authorized;
      response.writeHead(isKnown ? (request.url === '/healthz' ? 200 : 404) : 401);
      response.end(isKnown ? 'ok' : 'Unauthorized');
    },
  );
  const healthz = createHttpServer((_request, response) => response.end('ok'));
  for (const [listener, name] of [
    [server, '10250'],
    [healthz, '10248'],
  ] as const) {
    listener.on('error', (error) =>
      warn(`Kubelet exited: failed to listen on port ${name}: ${error.message}`),
    );
  }
  if (bindAddress === '') server.listen(10250);
  else server.listen(10250, bindAddress);
  healthz.listen(10248, '127.0.0.1');
}

/**
 * Registers the Node and keeps its lease and status fresh until this process ends. `onRegistered` is called once. Labels
 * are applied at every start, taints at registration only, as RKE2 does.
 */
export async function runKubelet(settings: KubeletSettings, onRegistered: () => void): Promise<void> {
  const { options } = settings;
  writeKubeletFiles(options);
  const refused = options.labels.filter((label) => RESTRICTED.test(label) && !ALLOWED.test(label));
  while (refused.length > 0) {
    const names = refused.map((label) => label.split('=')[0]).join(', ');
    note(
      options,
      `failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [${names}]`,
    );
    warn('Kubelet exited: exit status 1');
    await sleep(5000);
  }
  await registerUntilDone(settings);
  onRegistered();
  let leaseExists = false;
  for (;;) {
    try {
      leaseExists = await renewLease(settings, leaseExists);
      await settings.kube.patch(`/api/v1/nodes/${options.nodeName}/status`, {
        status: describeStatus(settings),
      });
    } catch (error) {
      leaseExists = false;
      note(options, `Error updating node status: ${reasonOf(error)}`);
    }
    await sleep(HEARTBEAT_MS);
  }
}

async function registerUntilDone(settings: KubeletSettings): Promise<void> {
  for (;;) {
    try {
      await register(settings);
      return;
    } catch (error) {
      note(settings.options, `Unable to register node with API server: ${reasonOf(error)}`);
      await sleep(500);
    }
  }
}

async function register(settings: KubeletSettings): Promise<void> {
  const { options, kube } = settings;
  const labels = { ...baseLabels(options.nodeName), ...parsePairs(options.labels), ...settings.roleLabels };
  const annotations = { ...settings.annotations, ...baseAnnotations(options) };
  try {
    await kube.create('/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: options.nodeName, labels, annotations, finalizers: settings.finalizers },
      spec: {
        podCIDR: settings.podCidr,
        podCIDRs: [settings.podCidr],
        providerID: `rke2://${options.nodeName}`,
        taints: options.taints.map(parseTaint),
      },
      status: describeStatus(settings),
    });
    return;
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  const existing = await kube.get<KubeObject>(`/api/v1/nodes/${options.nodeName}`);
  const finalizers = [...new Set([...(existing.metadata?.finalizers ?? []), ...settings.finalizers])];
  await kube.patch(`/api/v1/nodes/${options.nodeName}`, { metadata: { labels, annotations, finalizers } });
}

async function renewLease(settings: KubeletSettings, exists: boolean): Promise<boolean> {
  const name = settings.options.nodeName;
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  const spec = {
    holderIdentity: name,
    leaseDurationSeconds: 40,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  };
  if (!exists) {
    try {
      await settings.kube.get(`${path}/${name}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await settings.kube.create(path, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace: 'kube-node-lease' },
        spec,
      });
      return true;
    }
  }
  await settings.kube.patch(`${path}/${name}`, { spec });
  return true;
}

function describeStatus(settings: KubeletSettings): object {
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

function baseLabels(name: string): Record<string, string> {
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

function baseAnnotations(options: NodeOptions): Record<string, string> {
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

function writeKubeletFiles(options: NodeOptions): void {
  const directory = join(options.paths.agentEtc, 'kubelet.conf.d');
  makeDirectory(directory, 0o700);
  writeFile(
    join(directory, '00-rke2-defaults.conf'),
    'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfailSwapOn: false\n',
  );
  makeDirectory('/var/lib/kubelet/pods');
  info(
    `Running kubelet --config-dir=${directory} --hostname-override=${options.nodeName} --node-labels=${options.labels.join(',')}`,
  );
}

/** The kubelet's own log is a file, not the journal. */
function note(options: NodeOptions, message: string): void {
  makeDirectory(options.paths.agentLogs, 0o750);
  appendFileSync(join(options.paths.agentLogs, 'kubelet.log'), `${new Date().toISOString()} ${message}\n`, {
    mode: 0o600,
  });
}

function parsePairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => [pair.split('=')[0] ?? '', pair.split('=').slice(1).join('=')]),
  );
}

/** `key=value:Effect` or `key:Effect`. */
function parseTaint(text: string): { key: string; value?: string; effect: string } {
  const [pair = '', effect = ''] = text.split(':');
  const [key = '', value] = pair.split('=');
  return { key, ...(value === undefined || value === '' ? {} : { value }), effect };
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
