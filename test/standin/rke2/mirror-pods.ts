import type { KubeClient, KubeObject } from './kube-client.ts';
import { isConflict, isNotFound } from './kube-client.ts';
import type { NodeOptions } from './options.ts';
import type { PodRuntime, PodSpec } from './pods.ts';

const PATH = '/api/v1/namespaces/kube-system/pods';
const CONFIG_HASH = 'kubernetes.io/config.hash';

const shown = new Map<string, string>();

/** Shows the static pods in the API, as the kubelet does with mirror pods; a pod of another spec is replaced. */
export async function updateMirrorPods(
  kube: KubeClient,
  pods: PodRuntime,
  options: NodeOptions,
): Promise<void> {
  for (const pod of pods.list()) {
    if (shown.get(pod.name) === pod.hash) continue;
    await replaceMirrorPod(kube, pod, options);
    shown.set(pod.name, pod.hash);
  }
}

async function replaceMirrorPod(
  kube: KubeClient,
  pod: PodSpec & { readonly hash: string },
  options: NodeOptions,
): Promise<void> {
  const name = `${pod.name}-${options.nodeName}`;
  const path = `${PATH}/${name}`;
  try {
    const existing = await kube.get<KubeObject>(path);
    if (existing.metadata?.annotations?.[CONFIG_HASH] === pod.hash) return;
    await kube.remove(`${path}?gracePeriodSeconds=0`);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  await kube.create(PATH, describeMirrorPod(pod, name, options)).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
  });
  await kube.patch(`${path}/status`, { status: describeRunning(pod, options) });
}

function describeMirrorPod(
  pod: PodSpec & { readonly hash: string },
  name: string,
  options: NodeOptions,
): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'kube-system',
      labels: { component: pod.name, tier: 'control-plane' },
      annotations: {
        [CONFIG_HASH]: pod.hash,
        'kubernetes.io/config.mirror': pod.hash,
        'kubernetes.io/config.source': 'file',
      },
    },
    spec: {
      nodeName: options.nodeName,
      hostNetwork: true,
      priorityClassName: 'system-cluster-critical',
      containers: [{ name: pod.name, image: pod.image, command: pod.command }],
      tolerations: [{ operator: 'Exists' }],
    },
  };
}

function describeRunning(pod: PodSpec, options: NodeOptions): object {
  const now = new Date().toISOString().replace(/\.\d+Z/, 'Z');
  const address = options.nodeAddresses[0];
  return {
    phase: 'Running',
    hostIP: address,
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: now,
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
    })),
    containerStatuses: [
      {
        name: pod.name,
        image: pod.image,
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: now } },
      },
    ],
  };
}
