import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { podCidrsOf } from './address-families.ts';
import { describeCluster } from './cluster-config.ts';
import { readFileIfAny } from './files.ts';
import { openKubeClient } from './kube-client.ts';
import { runKubelet, startKubeletListeners } from './kubelet.ts';
import { info, reasonOf, warn } from './log.ts';
import { ENCRYPTION_HASH, encryptionHash } from './maintenance/encryption-route.ts';
import type { NodeContext } from './node-part.ts';
import { fetchNodeCertificates, startNodeNetwork } from './node-part.ts';
import { ensureNodePassword, verifyNodePassword } from './node-password.ts';
import type { NodeCondition } from './node-status.ts';
import type { ServerState } from './server-routes.ts';
import { openSupervisor } from './supervisor-client.ts';
import { formatToken } from './token.ts';

/** The finalizer that lets the etcd member be removed before its Node is gone. */
export const ETCD_FINALIZER = 'wrangler.cattle.io/managed-etcd-controller';

/** The server's own node: certificates from its own supervisor, registration with its roles, network and kubelet. */
export async function runServerNode(state: ServerState, node: NodeContext): Promise<void> {
  const { options } = state;
  for (;;) {
    try {
      const ca = readFileSync(join(options.paths.tls, 'server-ca.crt'), 'utf8');
      const access = await openSupervisor(
        'https://127.0.0.1:9345',
        formatToken('node', state.passwords.agent, ca),
        'node',
      );
      await fetchNodeCertificates(access, options);
      break;
    } catch (error) {
      info(`Waiting to retrieve agent configuration; server is not ready: ${reasonOf(error)}`);
      await sleep(1000);
    }
  }
  await startKubeletListeners(options.paths.agent, options.bindAddress);
  while (state.kube === undefined) await sleep(100);
  await confirmNodePassword(state);
  const network = startNodeNetwork(node, describeCluster(options));
  const { agent } = options.paths;
  const memberName = options.runsEtcd ? (readFileIfAny(join(options.paths.etcd, 'name'))?.trim() ?? '') : '';
  await runKubelet(
    {
      options,
      kube: openKubeClient('https://127.0.0.1:6443', {
        ca: join(agent, 'server-ca.crt'),
        cert: join(agent, 'client-kubelet.crt'),
        key: join(agent, 'client-kubelet.key'),
      }),
      podCidrs: podCidrsOf(options.clusterCidrs, options.nodeAddresses),
      awaitsCloud: options.cloudProvider !== '' && options.disableCloudController,
      roleLabels: {
        ...(options.runsApiServer ? { 'node-role.kubernetes.io/control-plane': 'true' } : {}),
        ...(options.runsEtcd ? { 'node-role.kubernetes.io/etcd': 'true' } : {}),
      },
      annotations: {
        ...(options.runsApiServer ? { [ENCRYPTION_HASH]: encryptionHash(options.paths) } : {}),
        ...(options.runsEtcd
          ? {
              'etcd.rke2.cattle.io/node-name': memberName,
              'etcd.rke2.cattle.io/node-address': options.nodeAddresses[0] ?? '',
            }
          : {}),
      },
      finalizers: options.runsEtcd ? [ETCD_FINALIZER] : [],
      pods: node.pods,
      isNetworkReady: network.isReady,
      extraConditions: () => (options.runsEtcd ? [VOTER] : []),
    },
    () => info(`Labels and annotations have been set successfully on node: ${options.nodeName}`),
  );
}

/** By the time a server registers its Node it has been promoted: it does not get ready as a learner. */
const VOTER: NodeCondition = {
  type: 'EtcdIsVoter',
  status: 'True',
  reason: 'MemberNotLearner',
  message: 'Node is a voting member of the etcd cluster',
};

async function confirmNodePassword(state: ServerState): Promise<void> {
  for (;;) {
    try {
      if (state.kube === undefined) return;
      if (await verifyNodePassword(state.kube, state.options.nodeName, ensureNodePassword())) return;
      warn(
        `Node password validation failed for node ${state.options.nodeName}, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry`,
      );
      return;
    } catch {
      await sleep(300);
    }
  }
}
