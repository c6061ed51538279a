import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAddOns } from './add-ons.ts';
import { apiServerComplaint, writeApiServerLog } from './api-server-files.ts';
import { makeDirectory, writeFile } from './files.ts';
import { textOf } from './flags.ts';
import { joinHostPort } from './http.ts';
import type { KubeClient } from './kube-client.ts';
import { openKubeClient } from './kube-client.ts';
import { writeAdminKubeconfig, writeComponentKubeconfigs } from './kubeconfig.ts';
import { splitHostPort, startLoadBalancer } from './load-balancer.ts';
import { info, log, reasonOf, warn } from './log.ts';
import type { NodeContext } from './node-part.ts';
import { describeControllerPods } from './node-part.ts';
import type { ServerOptions } from './options.ts';
import type { PodSpec } from './pods.ts';
import { RELEASE } from './release.ts';
import type { ServerState } from './server-routes.ts';
import { API_ADDRESSES_KEY } from './server-routes.ts';

const POLL_MS = 150;
const KEEP_MS = 3000;
/** How long an etcd-only server waits for somebody's API server before it ends and systemd starts it anew. */
const API_PATIENCE_MS = 15 * 60 * 1000;

/**
 * Starts the API server and the controllers this server is to run, in the background; a server without its own API
 * server gets a load balancer on 6443 to those of the others.
 */
export function startControlPlane(state: ServerState, node: NodeContext): void {
  const { options } = state;
  writeComponentKubeconfigs(options.paths);
  writeAdminKubeconfig(options);
  const wanted = [
    ...(options.runsControllerManager && options.runsApiServer && hasCloudConfig(options)
      ? ['kube-controller-manager']
      : []),
    ...(options.runsScheduler && options.runsApiServer ? ['kube-scheduler'] : []),
    ...(options.disableCloudController || !options.runsApiServer ? [] : ['cloud-controller-manager']),
  ];
  const start = async (): Promise<void> => {
    for (const name of ['kube-controller-manager', 'kube-scheduler', 'cloud-controller-manager']) {
      if (!wanted.includes(name)) await node.pods.remove(name);
    }
    if (!options.runsApiServer) {
      await node.pods.remove('kube-apiserver');
      await followApiServers(state);
      return;
    }
    const complaint = apiServerComplaint(options);
    if (complaint !== undefined) {
      await node.pods.remove('kube-apiserver');
      writeApiServerLog(options, complaint);
      return;
    }
    await node.pods.ensure(describeApiServerPod(state, node));
    for (const pod of describeControllerPods(node, wanted)) await node.pods.ensure(pod);
  };
  start().catch((error: unknown) => warn(`Failed to start control-plane components: ${reasonOf(error)}`));
}

/** The controller manager's container cannot be made with a file that is not there; everything else goes on without it. */
function hasCloudConfig({ flags }: ServerOptions): boolean {
  const path = textOf(flags, 'cloud-provider-config');
  return path === '' || existsSync(path);
}

/** Polls the local API server until it is ready, then opens the server's client of it. */
export async function waitForApiServer(state: ServerState): Promise<void> {
  const kube = openSupervisorKubeClient(state.options);
  let last = '';
  for (;;) {
    try {
      await kube.get('/readyz');
      break;
    } catch (error) {
      const message = `Polling for API server readiness: GET /readyz failed: ${reasonOf(error)}`;
      if (message !== last) info(message);
      last = message;
      await sleep(POLL_MS);
    }
  }
  info('Kube API server is now running');
  state.kube = kube;
  await publishApiAddress(state, kube).catch((error: unknown) =>
    warn(`Failed to set apiserver addresses: ${reasonOf(error)}`),
  );
  startAddOns(state.options, kube);
  void keepApiAddresses(state, kube);
}

function openSupervisorKubeClient(options: ServerOptions): KubeClient {
  const { tls } = options.paths;
  return openKubeClient('https://127.0.0.1:6443', {
    ca: join(tls, 'server-ca.crt'),
    cert: join(tls, 'client-supervisor.crt'),
    key: join(tls, 'client-supervisor.key'),
  });
}

function describeApiServerPod(state: ServerState, node: NodeContext): PodSpec {
  const { options } = state;
  const { tls } = options.paths;
  const config = {
    bind: options.nodeAddresses[0]?.includes(':') === true ? '::' : '0.0.0.0',
    port: 6443,
    cert: join(tls, 'serving-kube-apiserver.crt'),
    key: join(tls, 'serving-kube-apiserver.key'),
    clientCA: join(tls, 'client-ca.crt'),
    requestHeaderCA: join(tls, 'request-header-ca.crt'),
    etcd: options.datastore ?? {
      endpoints: ['https://127.0.0.1:2379'],
      ca: join(tls, 'etcd/server-ca.crt'),
      cert: join(tls, 'etcd/client.crt'),
      key: join(tls, 'etcd/client.key'),
    },
    serviceCIDR: options.serviceCidrs[0],
    controllers: options.runsControllerManager,
    encryptionConfig: join(options.paths.cred, 'encryption-config.json'),
    version: RELEASE.version,
    advertiseAddress: options.advertiseAddress,
  };
  const directory = join(options.paths.agentEtc, 'standin');
  makeDirectory(directory, 0o700);
  const file = join(directory, 'kube-apiserver.json');
  const text = JSON.stringify(config);
  writeFile(file, text);
  const stamp = createHash('sha256').update(text);
  for (const path of [config.cert, config.clientCA, config.etcd.cert])
    if (path !== undefined) stamp.update(readFileSync(path));
  stamp.update(options.flags.values.get('kube-apiserver-arg')?.join() ?? '');
  return {
    name: 'kube-apiserver',
    image: `index.docker.io/rancher/hardened-kubernetes:${RELEASE.tag}-build20260819`,
    command: [
      join(node.releaseDirectory, 'images/kube-apiserver'),
      join(node.releaseDirectory, 'kube-apiserver.mjs'),
      '--config',
      file,
    ],
    stamp: stamp.digest('hex'),
  };
}

/** Adds this server to the API servers' addresses in etcd; with a datastore outside, Kubernetes' own endpoints do. */
async function publishApiAddress(state: ServerState, _kube: KubeClient): Promise<void> {
  if (state.options.datastore !== undefined) return;
  const own = joinHostPort(state.options.advertiseAddress, 6443);
  for (;;) {
    const entry = await state.etcd?.get(API_ADDRESSES_KEY);
    const addresses = entry === undefined ? [] : (JSON.parse(entry.value) as string[]);
    if (addresses.includes(own)) return;
    if (
      await state.etcd?.putIf(
        API_ADDRESSES_KEY,
        entry?.modRevision ?? '0',
        JSON.stringify([...addresses, own]),
      )
    )
      return;
  }
}

/**
 * Takes the addresses of control-plane nodes that are gone out of the datastore: those that had a Node and have none any
 * more. A server publishes its address before its Node is registered.
 */
async function keepApiAddresses(state: ServerState, kube: KubeClient): Promise<void> {
  if (state.options.datastore !== undefined) return;
  const own = joinHostPort(state.options.advertiseAddress, 6443);
  const seen = new Set<string>();
  for (;;) {
    await sleep(KEEP_MS);
    try {
      const nodes = await kube.list<NodeWithAddresses>(
        '/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fcontrol-plane%3Dtrue',
      );
      const living = nodes
        .flatMap((node) => node.status?.addresses ?? [])
        .map((entry) => joinHostPort(entry.address, 6443));
      const entry = await state.etcd?.get(API_ADDRESSES_KEY);
      if (entry === undefined) continue;
      const before = JSON.parse(entry.value) as string[];
      for (const address of living) seen.add(address);
      const after = before.filter(
        (address) => address === own || living.includes(address) || !seen.has(address),
      );
      if (after.length < before.length)
        await state.etcd?.putIf(API_ADDRESSES_KEY, entry.modRevision, JSON.stringify(after));
    } catch {
      // The API server or etcd is away; the next round will see.
    }
  }
}

interface NodeWithAddresses {
  readonly status?: { readonly addresses?: readonly { readonly address: string }[] };
}

/** A server without API server: 127.0.0.1:6443 leads to the others' as soon as the datastore names them. */
async function followApiServers(state: ServerState): Promise<void> {
  const read = async (): Promise<readonly string[]> => {
    const entry = await state.etcd?.get(API_ADDRESSES_KEY);
    return entry === undefined ? [] : (JSON.parse(entry.value) as string[]);
  };
  let addresses: readonly string[] = [];
  const deadline = Date.now() + API_PATIENCE_MS;
  while (addresses.length === 0) {
    addresses = await read().catch(() => []);
    if (addresses.length > 0) break;
    if (Date.now() > deadline) {
      log('info', 'Shutdown request received: "failed to wait for API server to become ready"');
      process.exit(0);
    }
    await sleep(500);
  }
  info(`Got apiserver addresses from etcd: [${addresses.join(' ')}]`);
  const balancer = await startLoadBalancer({
    port: 6443,
    serverUrl: `https://${joinHostPort(splitHostPort(addresses[0] ?? '').host, 6443)}`,
    defaultAddress: addresses[0] ?? '',
    file: join(state.options.paths.agentEtc, 'rke2-api-server-agent-load-balancer.json'),
  });
  balancer.setAddresses(addresses);
  state.kube = openSupervisorKubeClient(state.options);
  for (;;) {
    await sleep(KEEP_MS);
    balancer.setAddresses(await read().catch(() => []));
  }
}
