import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCluster } from './test-cluster.ts';

/** The error body of the API. */
export interface Status {
  readonly kind: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly code: number;
}

/** A Ready Node as its kubelet posts it. */
export function nodeManifest(name: string, labels: Record<string, string> = {}): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    status: {
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
      addresses: [
        { type: 'InternalIP', address: '198.18.0.2' },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: {
        kubeletVersion: 'v1.35.7+rke2r1',
        osImage: 'Debian GNU/Linux 12 (bookworm)',
        kernelVersion: '6.1.0',
        containerRuntimeVersion: 'containerd://2.1.4',
      },
    },
  };
}

/** Nodes that give signs of life as kubelets do, without hosts behind them. */
export class SimulatedNodes {
  readonly #cluster: TestCluster;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  /** Makes the Node and keeps its lease fresh. */
  async start(name: string, labels: Record<string, string> = {}): Promise<void> {
    await this.#cluster.raw('/api/v1/nodes', { method: 'POST', body: nodeManifest(name, labels) });
    await this.beat(name);
    const timer = setInterval(() => {
      // While a server is restarted there is nobody to tell.
      this.beat(name).catch(() => undefined);
    }, 1_000);
    this.#timers.set(name, timer);
  }

  /** Renews the lease once. */
  async beat(name: string): Promise<void> {
    const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: 'kube-node-lease' },
      spec: { holderIdentity: name, renewTime: new Date().toISOString() },
    };
    const { code } = await this.#cluster.raw(`${path}/${name}`, { method: 'PUT', body: lease });
    if (code === 404) await this.#cluster.raw(path, { method: 'POST', body: lease });
  }

  /** Ends the signs of life; the Node object stays. */
  silence(name: string): void {
    clearInterval(this.#timers.get(name));
    this.#timers.delete(name);
  }

  silenceAll(): void {
    for (const name of [...this.#timers.keys()]) this.silence(name);
  }
}

/** Asks again and again until it is so; fails with `what` after the time. */
export async function eventually(
  what: string,
  isSo: () => Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not so within ${timeoutMs} ms: ${what}`);
    await sleep(200);
  }
}

/** Reads an error's body. */
export function asStatus(body: unknown): Status {
  return body as Status;
}
