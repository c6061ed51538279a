import { appendFileSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { credentialProviderComplaint } from './credential-provider.ts';
import { makeDirectory, writeFile } from './files.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { isConflict, isNotFound } from './kube-client.ts';
import { info, reasonOf, warn } from './log.ts';
import { updateMirrorPods } from './mirror-pods.ts';
import type { StatusSettings } from './node-status.ts';
import { baseAnnotations, baseLabels, describeStatus } from './node-status.ts';
import type { NodeOptions } from './options.ts';
import type { PodRuntime } from './pods.ts';

const HEARTBEAT_MS = 2000;
/** The kubelet's own taint, which the cloud controller takes away. */
const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule';
/** Label prefixes the kubelet refuses on its own command line, except those Kubernetes lists as its own. */
const RESTRICTED = /^[^=]*\b(kubernetes\.io|k8s\.io)\//;
const ALLOWED =
  /^(kubernetes\.io\/(hostname|os|arch|instance-type)|beta\.kubernetes\.io\/|failure-domain\.beta\.kubernetes\.io\/|topology\.kubernetes\.io\/|node\.kubernetes\.io\/|([^/]*\.)?kubelet\.kubernetes\.io\/|([^/]*\.)?node\.kubernetes\.io\/)/;

/** What the kubelet and the node's registration need beyond the options. */
export interface KubeletSettings extends StatusSettings {
  readonly kube: KubeClient;
  readonly podCidrs: readonly string[];
  readonly roleLabels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly pods: PodRuntime;
  /** True when a cloud provider is named and RKE2's own controller does not run: another one must make the node known. */
  readonly awaitsCloud: boolean;
}

/** Opens the kubelet's two ports; while somebody else holds one of them the kubelet exits and is started again. */
export async function startKubeletListeners(agentDirectory: string, bindAddress: string): Promise<void> {
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
  await listenUntilDone(server, { port: 10250, ...(bindAddress === '' ? {} : { host: bindAddress }) });
  await listenUntilDone(healthz, { port: 10248, host: '127.0.0.1' });
}

async function listenUntilDone(
  server: Server,
  where: { readonly port: number; readonly host?: string },
): Promise<void> {
  for (;;) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(where, () => {
          server.removeListener('error', reject);
          resolve();
        });
      });
      return;
    } catch (error) {
      warn(`Kubelet exited: exit status 1: listen on port ${where.port}: ${reasonOf(error)}`);
      await sleep(5000);
    }
  }
}

/**
 * Registers the Node and keeps its lease and status fresh until this process ends. `onRegistered` is called once. Labels
 * are applied at every start, taints at registration only, as RKE2 does.
 */
export async function runKubelet(settings: KubeletSettings, onRegistered: () => void): Promise<void> {
  const { options } = settings;
  writeKubeletFiles(options);
  const refused = options.labels.filter((label) => RESTRICTED.test(label) && !ALLOWED.test(label));
  for (;;) {
    const complaint = credentialProviderComplaint(options);
    if (complaint === undefined) break;
    note(options, complaint);
    warn('Kubelet exited: exit status 1');
    await sleep(5000);
  }
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
      await updateMirrorPods(settings.kube, settings.pods, options);
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
        podCIDR: settings.podCidrs[0],
        podCIDRs: settings.podCidrs,
        providerID: `rke2://${options.nodeName}`,
        taints: [...options.taints, ...(settings.awaitsCloud ? [UNINITIALIZED] : [])].map(parseTaint),
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
