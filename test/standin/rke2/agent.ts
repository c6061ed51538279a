import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkNodeFamilies, podCidrsOf } from './address-families.ts';
import { readEndpoints } from './api-endpoints.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { makeDirectory } from './files.ts';
import type { ParsedFlags } from './flags.ts';
import { joinHostPort } from './http.ts';
import type { KubeClient } from './kube-client.ts';
import { openKubeClient } from './kube-client.ts';
import { runKubelet, startKubeletListeners } from './kubelet.ts';
import type { LoadBalancer } from './load-balancer.ts';
import { splitHostPort, startLoadBalancer } from './load-balancer.ts';
import { CommandError, info, log, reasonOf } from './log.ts';
import type { NodeContext } from './node-part.ts';
import { fetchNodeCertificates, startContainerd, startNodeNetwork } from './node-part.ts';
import { notifyReady } from './notify.ts';
import type { NodeOptions } from './options.ts';
import { readNodeOptions } from './options.ts';
import { openPodRuntime, restartPodsIfAsked } from './pods.ts';
import { checkProfile } from './profile.ts';
import { waitForRegistries } from './registries-file.ts';
import { RELEASE } from './release.ts';
import { openImageStore, stageRuntime } from './runtime-image.ts';
import type { SupervisorAccess } from './supervisor-client.ts';
import { getAsNode, getFromSupervisor, openSupervisor } from './supervisor-client.ts';
import { parseToken } from './token.ts';

const RETRY_MS = 2000;
const REFRESH_MS = 3000;
const API_PORT = 6443;

/** `rke2 agent`: joins the node and keeps it; a refused join is tried again for ever, as RKE2 does. */
export async function runAgent(flags: ParsedFlags): Promise<void> {
  const options = readNodeOptions(flags);
  if (options.token === '') throw new CommandError('--token is required');
  if (options.server === '') throw new CommandError('--server is required');
  checkProfile(options, false);
  info(`Starting rke2 agent ${RELEASE.version} (stand-in)`);
  parseToken(options.token);
  makeDirectory(options.paths.data);
  makeDirectory(options.paths.agent);
  makeDirectory(options.paths.agentEtc);
  const supervisors = await startSupervisorBalancer(options);
  const access = await waitForSupervisor(options);
  const cluster = await waitForConfig(options, access);
  checkNodeFamilies(cluster.clusterCidrs, options.nodeAddresses);
  await waitForRegistries(options);
  const inherited: NodeOptions = { ...options, systemDefaultRegistry: cluster.systemDefaultRegistry };
  const store = openImageStore(inherited);
  const releaseDirectory = await stageRuntime(inherited, store);
  startContainerd(inherited, releaseDirectory);
  await restartPodsIfAsked(options.paths);
  await startKubeletListeners(options.paths.agent, '');
  await startApiBalancer(options, supervisors);
  const manifestMode = options.profile === '' ? 0o644 : 0o600;
  const pods = openPodRuntime(options.paths, { releaseDirectory, nodeName: options.nodeName, manifestMode });
  await runAgentNode({ options: inherited, releaseDirectory, store, pods }, cluster);
}

async function startSupervisorBalancer(options: NodeOptions): Promise<LoadBalancer> {
  const url = new URL(options.server);
  return startLoadBalancer({
    port: options.loadBalancerPort,
    serverUrl: options.server,
    defaultAddress: joinHostPort(url.hostname.replace(/^\[|\]$/g, ''), url.port === '' ? 443 : url.port),
    file: join(options.paths.agentEtc, 'rke2-agent-load-balancer.json'),
  });
}

async function waitForSupervisor(options: NodeOptions): Promise<SupervisorAccess> {
  for (;;) {
    try {
      return await openSupervisor(`https://127.0.0.1:${options.loadBalancerPort}`, options.token, 'node');
    } catch (error) {
      log('error', `Failed to validate connection to cluster at ${options.server}: ${reasonOf(error)}`);
      await sleep(RETRY_MS);
    }
  }
}

async function waitForConfig(options: NodeOptions, access: SupervisorAccess): Promise<ClusterConfig> {
  for (;;) {
    try {
      const config = await getFromSupervisor(access, '/v1-rke2/config').catch((error: unknown) => {
        throw new CommandError(`failed to retrieve configuration from server: ${reasonOf(error)}`);
      });
      await fetchNodeCertificates(access, options);
      return JSON.parse(config.toString()) as ClusterConfig;
    } catch (error) {
      info(`Waiting to retrieve agent configuration; server is not ready: ${wordRefusal(error)}`);
      await sleep(RETRY_MS);
    }
  }
}

/** A 403 for the node's certificates means that its name is taken by another host. */
function wordRefusal(error: unknown): string {
  const reason = reasonOf(error);
  return /(kubelet|controller|kube-proxy)\.crt: 403/.test(reason)
    ? "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag"
    : reason;
}

/** 127.0.0.1:6443 in front of all API servers, whose list is asked for again and again. */
async function startApiBalancer(options: NodeOptions, supervisors: LoadBalancer): Promise<void> {
  let addresses = await readApiServers(options);
  while (addresses.length === 0) {
    info('Waiting for supervisor to provide apiserver addresses');
    await sleep(1000);
    addresses = await readApiServers(options);
  }
  const configured = supervisors.addresses[0] ?? '';
  const balancer = await startLoadBalancer({
    port: API_PORT,
    serverUrl: `https://${joinHostPort(splitHostPort(configured).host, API_PORT)}`,
    defaultAddress: addresses[0] ?? '',
    file: join(options.paths.agentEtc, 'rke2-api-server-agent-load-balancer.json'),
  });
  const apply = (list: readonly string[]): void => {
    balancer.setAddresses(list);
    supervisors.setAddresses([
      ...list.map((address) => joinHostPort(splitHostPort(address).host, 9345)),
      configured,
    ]);
  };
  apply(addresses);
  const kube = openNodeKubeClient(options);
  const refresh = async (): Promise<void> => {
    const list = await readEndpoints(kube).catch(() => readApiServers(options));
    if (list.length > 0) apply(list);
  };
  setInterval(() => void refresh(), REFRESH_MS);
}

function openNodeKubeClient(options: NodeOptions): KubeClient {
  const { agent } = options.paths;
  return openKubeClient(`https://127.0.0.1:${API_PORT}`, {
    ca: join(agent, 'server-ca.crt'),
    cert: join(agent, 'client-kubelet.crt'),
    key: join(agent, 'client-kubelet.key'),
  });
}

async function readApiServers(options: NodeOptions): Promise<readonly string[]> {
  const { agent } = options.paths;
  const files = {
    ca: join(agent, 'server-ca.crt'),
    cert: join(agent, 'client-kubelet.crt'),
    key: join(agent, 'client-kubelet.key'),
  };
  try {
    const body = await getAsNode(`https://127.0.0.1:${options.loadBalancerPort}/v1-rke2/apiservers`, files);
    return JSON.parse(body.toString()) as string[];
  } catch (error) {
    info(`Failed to retrieve list of apiservers from server: ${reasonOf(error)}`);
    return [];
  }
}

async function runAgentNode(node: NodeContext, cluster: ClusterConfig): Promise<void> {
  const { options } = node;
  const network = startNodeNetwork(node, cluster);
  await runKubelet(
    {
      options,
      kube: openNodeKubeClient(options),
      podCidrs: podCidrsOf(cluster.clusterCidrs, options.nodeAddresses),
      awaitsCloud: options.cloudProvider !== '' && cluster.critical['disable-cloud-controller'] === 'true',
      roleLabels: {},
      annotations: {},
      finalizers: [],
      pods: node.pods,
      isNetworkReady: network.isReady,
      extraConditions: () => [],
    },
    () => {
      info(`Labels and annotations have been set successfully on node: ${options.nodeName}`);
      info('rke2 agent is up and running');
      notifyReady('rke2 agent is up and running');
    },
  );
}
