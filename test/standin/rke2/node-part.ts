import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bundle } from '../release/images.ts';
import { bundlesOf, imagesOf } from '../release/images.ts';
import { podCidrsOf } from './address-families.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { makeDirectory, writeFile } from './files.ts';
import { info } from './log.ts';
import { CNI_TCP_PORTS, setUpPodNetwork, setUpServiceNetwork } from './node-network.ts';
import { ensureNodePassword } from './node-password.ts';
import type { NodeOptions } from './options.ts';
import { CONTAINERD_RUN_DIRECTORY } from './paths.ts';
import type { PodRuntime, PodSpec } from './pods.ts';
import { RELEASE } from './release.ts';
import type { ImageStore } from './runtime-image.ts';
import type { SupervisorAccess } from './supervisor-client.ts';
import { getFromSupervisor } from './supervisor-client.ts';

const IMAGE_POLL_MS = 3000;

/** Fetches the node's certificates and authorities into the agent directory. */
export async function fetchNodeCertificates(access: SupervisorAccess, options: NodeOptions): Promise<void> {
  const directory = options.paths.agent;
  makeDirectory(directory);
  makeDirectory(options.paths.agentEtc);
  makeDirectory(options.paths.agentLogs, 0o750);
  makeDirectory(options.paths.images);
  const node = { name: options.nodeName, password: ensureNodePassword(), addresses: options.nodeAddresses };
  for (const name of ['client-ca', 'server-ca']) {
    writeFile(join(directory, `${name}.crt`), await getFromSupervisor(access, `/v1-rke2/${name}.crt`));
  }
  for (const name of ['client-kubelet', 'serving-kubelet', 'client-kube-proxy', 'client-rke2-controller']) {
    const pem = (await getFromSupervisor(access, `/v1-rke2/${name}.crt`, node)).toString();
    writeFile(
      join(directory, `${name}.crt`),
      (pem.match(/-----BEGIN CERTIFICATE[\s\S]*?END CERTIFICATE-----\n/g) ?? []).join(''),
    );
    writeFile(
      join(directory, `${name}.key`),
      (pem.match(/-----BEGIN (EC )?PRIVATE KEY[\s\S]*?PRIVATE KEY-----\n/) ?? []).slice(0, 1).join(''),
    );
  }
}

/** containerd as this process's child, to be found and killed by name; its log and settings lie where RKE2 has them. */
export function startContainerd(options: NodeOptions, releaseDirectory: string): void {
  const directory = join(options.paths.agent, 'containerd');
  makeDirectory(directory);
  makeDirectory(join(options.paths.agentEtc, 'containerd'));
  makeDirectory(CONTAINERD_RUN_DIRECTORY);
  writeFile(join(options.paths.agentEtc, 'containerd/config.toml'), 'version = 3\n');
  writeFile(
    join(options.paths.agentEtc, 'crictl.yaml'),
    `runtime-endpoint: unix://${CONTAINERD_RUN_DIRECTORY}/containerd.sock\n`,
    0o644,
  );
  info(`Logging containerd to ${join(directory, 'containerd.log')}`);
  writeFile(join(directory, 'containerd.log'), '');
  const child = spawn(join(releaseDirectory, 'bin/containerd'), ['-c', 'read line', 'containerd'], {
    argv0: 'containerd',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin?.on('error', () => undefined);
  info('containerd is now running');
}

/** What the node part works with. */
export interface NodeContext {
  readonly options: NodeOptions;
  readonly releaseDirectory: string;
  readonly store: ImageStore;
  readonly pods: PodRuntime;
}

/** Keeps the node's network: kube-proxy's part at once, the plug-in's once its images are there. */
export interface NodeNetwork {
  readonly isReady: () => boolean;
}

export function startNodeNetwork(node: NodeContext, cluster: ClusterConfig): NodeNetwork {
  const { options, store, pods } = node;
  const cni = cluster.cni.find((name) => name !== 'multus') ?? 'canal';
  const settings = {
    cni,
    podCidrs: podCidrsOf(cluster.clusterCidrs, options.nodeAddresses),
    clusterDns: cluster.clusterDns,
  };
  let ready = false;
  const bringUp = async (): Promise<void> => {
    await setUpServiceNetwork(settings);
    if (!(await hasCni(cni, cluster, store))) {
      await pods.ensure(describeProxyPod(node, cluster, { isNetworkUp: false, hasIngress: false }));
      while (!(await hasCni(cni, cluster, store))) await sleep(IMAGE_POLL_MS);
    }
    if (cni !== 'none') await setUpPodNetwork(settings);
    const hasIngress = await hasImages(ingressBundle(cluster), store);
    await pods.ensure(describeProxyPod(node, cluster, { isNetworkUp: true, hasIngress }));
    ready = true;
  };
  bringUp().catch((error: unknown) => info(`Failed to set up node network: ${String(error)}`));
  return { isReady: () => ready };
}

async function hasCni(cni: string, cluster: ClusterConfig, store: ImageStore): Promise<boolean> {
  if (cni === 'none') return existsSync('/etc/cni/net.d') && readdirSync('/etc/cni/net.d').length > 0;
  const multus = cluster.cni.includes('multus') ? await hasImages('multus', store) : true;
  return multus && (await hasImages(cni as Bundle, store));
}

async function hasImages(bundle: Bundle | undefined, store: ImageStore): Promise<boolean> {
  if (bundle === undefined) return false;
  for (const image of imagesOf(bundle, RELEASE.version)) if (!(await store.has(image))) return false;
  return true;
}

function ingressBundle(cluster: ClusterConfig): Bundle | undefined {
  const ingress = cluster.ingress[0];
  if (ingress !== 'traefik' && ingress !== 'ingress-nginx') return undefined;
  return bundlesOf(RELEASE.version, 'amd64').includes(ingress) ? ingress : 'core';
}

function describeProxyPod(
  node: NodeContext,
  cluster: ClusterConfig,
  state: { isNetworkUp: boolean; hasIngress: boolean },
): PodSpec {
  const cni = cluster.cni.find((name) => name !== 'multus') ?? 'canal';
  return describePortsPod(node, 'kube-proxy', {
    listen: [
      ...(cluster.disableKubeProxy ? [] : [listenOn('127.0.0.1', 10256)]),
      ...(state.isNetworkUp ? (CNI_TCP_PORTS[cni] ?? []).map((port) => listenOn('', port)) : []),
      ...(state.hasIngress
        ? [80, 443].map((port) => listenOn('', port, { status: 404, body: '404 page not found' }))
        : []),
    ],
    dns: state.isNetworkUp
      ? cluster.clusterDns.map((address) => ({ address, domain: cluster.clusterDomain }))
      : [],
  });
}

/**
 * The controllers' pods. All they show to the outside are their health ports, so one process listens on all of them and
 * the others only exist.
 */
export function describeControllerPods(node: NodeContext, names: readonly string[]): readonly PodSpec[] {
  const ports: Readonly<Record<string, number>> = {
    'kube-controller-manager': 10257,
    'cloud-controller-manager': 10258,
    'kube-scheduler': 10259,
  };
  const [first, ...others] = names;
  if (first === undefined) return [];
  const listen = names.map((name) => listenOn('127.0.0.1', ports[name] ?? 0));
  return [
    describePortsPod(node, first, { listen, dns: [] }),
    ...others.map((name) => ({
      name,
      image: kubernetesImage(),
      command: [join(node.releaseDirectory, 'images/idle', name), 'infinity'],
    })),
  ];
}

function listenOn(host: string, port: number, answer = { status: 200, body: 'ok' }): object {
  return { host, port, ...answer };
}

function kubernetesImage(): string {
  return `index.docker.io/rancher/hardened-kubernetes:${RELEASE.tag}-build20260819`;
}

function describePortsPod(node: NodeContext, name: string, config: object): PodSpec {
  const directory = join(node.options.paths.agentEtc, 'standin');
  makeDirectory(directory, 0o700);
  const file = join(directory, `${name}.json`);
  const text = JSON.stringify(config);
  writeFile(file, text);
  return {
    name,
    image: kubernetesImage(),
    command: [join(node.releaseDirectory, 'images', name), join(node.releaseDirectory, 'ports.cjs'), file],
    stamp: text,
  };
}
