import type { CertificateReport, NodeCertificates } from '../../domain/certificates.ts';
import type { ClusterNode } from '../../domain/cluster.ts';
import type { ExitCode } from '../../domain/errors.ts';
import type { Host } from '../../host/host.ts';
import { readCertificates } from '../../host/read-certificates.ts';
import { readServedCertificate } from '../../host/read-served-certificate.ts';
import { judgeCertificates } from '../../plan/judge-certificates.ts';
import { isServer } from '../../rke2/roles.ts';
import { renderCertificates } from '../../ui/certificates-view.ts';
import { decideStyle } from '../../ui/style.ts';
import type { CertCheckFlags } from '../flags.ts';
import { readKubeconfigCertificates } from '../kubeconfig/read-kubeconfig-certificates.ts';
import { readKnownNodes } from '../nodes/known-nodes.ts';
import { onNodes } from '../nodes/on-nodes.ts';
import { selectNodes } from '../nodes/select-nodes.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

const STOPPING = 'Stopping.';

/**
 * `rke2ctl cert check [SELECTOR…]`: every certificate of the nodes, in their files and on their ports, and the one of the
 * kubeconfig here. Exit 4 when one has fewer than --warn-days left, or could not be looked at. `--output json` gives all.
 */
export function certCheck(selectors: readonly string[], flags: CertCheckFlags): Promise<ExitCode> {
  const words = [...selectors, ...(flags.node ?? [])];
  const options = { command: 'cert check', flags, locks: false, stopping: STOPPING } as const;
  return withWorkspace(options, async (workspace) => {
    const report = await look(workspace, words, flags);
    if (workspace.signals.stop.aborted) return 130;
    show(report, workspace, flags);
    return report.healthy ? 0 : 4;
  });
}

async function look(
  { cluster, connect, connectWindow, signals, store }: Workspace,
  words: readonly string[],
  flags: CertCheckFlags,
): Promise<CertificateReport> {
  const selected = selectNodes(words, cluster, await readKnownNodes(store));
  const { dataDir } = cluster;
  const signal = signals.stop;
  const [outcomes, kubeconfig] = await Promise.all([
    onNodes(selected, { connect, window: connectWindow, signal }, ({ host }, { node }) =>
      lookAt(host, node, { dataDir, signal }),
    ),
    // Whoever asks about some nodes does not ask about this machine.
    words.length === 0 ? readKubeconfigCertificates(cluster.kubeconfig.path) : null,
  ]);
  const nodes = outcomes.map(({ node: { key, roles }, label, value, failure }) => {
    const { found = null, served = [] } = value ?? {};
    return { key, name: label, roles, found, served, failure };
  });
  const { name: clusterName } = cluster;
  return judgeCertificates({
    clusterName,
    nodes,
    kubeconfig,
    dataDir,
    warnDays: flags.warnDays,
    now: Date.now(),
  });
}

/** Files first: where there are none RKE2 never ran, and no port is asked. */
async function lookAt(
  host: Host,
  node: ClusterNode,
  options: { readonly dataDir: string; readonly signal: AbortSignal },
): Promise<Pick<NodeCertificates, 'found' | 'served'>> {
  const found = await readCertificates(host, options);
  if (found.files.length === 0) return { found, served: [] };
  const { signal } = options;
  // RKE2 listens on loopback as well, unless config.yaml says that it listens on one address only.
  const { internalAddress: own } = node;
  const addresses = ['127.0.0.1', '::1', ...(own === null ? [] : [own])];
  const served = portsOf(node).map(async (port) => ({
    port,
    answer: await readServedCertificate(host, { port, addresses, signal }),
  }));
  return { found, served: await Promise.all(served) };
}

/** API server, supervisor, kubelet and etcd, as far as the node runs them. */
function portsOf({ roles }: ClusterNode): readonly number[] {
  return [
    ...(roles.includes('controlplane') ? [6443] : []),
    ...(isServer(roles) ? [9345] : []),
    10250,
    ...(roles.includes('etcd') ? [2379] : []),
  ];
}

function show(report: CertificateReport, { cluster }: Workspace, flags: CertCheckFlags): void {
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const { isTTY, columns } = process.stdout;
  const style = decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
  const { dataDir } = cluster;
  process.stdout.write(renderCertificates(report, { all: flags.all === true, dataDir, style }));
}
