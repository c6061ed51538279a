import { resolve } from 'node:path';
import type { NodeKey } from '../../domain/cluster.ts';
import type { HostHealth } from '../../domain/cluster-status.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { readHealth } from '../../host/read-health.ts';
import { isServer } from '../../rke2/roles.ts';
import { renderStatus } from '../../ui/status-view.ts';
import type { SupportBundleFlags } from '../flags.ts';
import { readKnownNodes } from '../nodes/known-nodes.ts';
import { selectNodes } from '../nodes/select-nodes.ts';
import { judgeCluster } from '../read-status.ts';
import { sayResult } from '../say-result.ts';
import { type Bundle, createBundle, type Gap } from '../support/bundle.ts';
import { gatherCluster } from '../support/gather-cluster.ts';
import { gatherHere } from '../support/gather-here.ts';
import { type AskedNode, gatherNode } from '../support/gather-node.ts';
import { writeArchive } from '../support/write-archive.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

/**
 * `rke2ctl support-bundle`: one file with journals, settings, versions, facts, etcd's and the API's answers, and what lies
 * here, for somebody who looks for a fault; no secret is in it. `manifest.json` says what is missing and why. Exit 4 when
 * a host was not reached. `--output json` gives `{path, bytes, files, missing}`.
 */
export async function supportBundle(flags: SupportBundleFlags): Promise<ExitCode> {
  const health = new Map<NodeKey, HostHealth>();
  return withWorkspace(
    {
      command: 'support-bundle',
      flags,
      locks: false,
      look: async (host, node, { dataDir, signal }) => {
        const etcd = node.roles.includes('etcd');
        health.set(node.key, await readHealth(host, { api: isServer(node.roles), etcd, dataDir, signal }));
      },
    },
    async (workspace) => {
      const { cluster, scrub } = workspace;
      const bundle = createBundle(scrub);
      const at = new Date();
      const name = `rke2ctl-support-${cluster.name}-${at.toISOString().replaceAll(/[-:]|\..*/g, '')}`;
      const asked = await gather(bundle, workspace, health, flags);
      const files = bundle.seal().map((file) => ({ ...file, bytes: Buffer.byteLength(file.text) }));
      const missing = bundle.gaps;
      const manifest = {
        cluster: cluster.name,
        createdAt: at.toISOString(),
        files: files.map(({ path, bytes, truncated }) => ({ path, bytes, truncated })),
        missing,
      };
      const path = resolve(flags.out ?? `${name}.tar.gz`);
      const text = scrub(`${JSON.stringify(manifest, null, 2)}\n`);
      const bytes = await writeArchive(path, name, [{ path: 'manifest.json', text }, ...files]);
      const words = describe(path, bytes, { asked: asked.length, all: cluster.nodes.length, missing });
      sayResult(flags, words, { path, bytes, files: files.length + 1, missing });
      return asked.length === cluster.nodes.length ? 0 : 4;
    },
  );
}

/** Fills the bundle; gives the nodes that answered. */
async function gather(
  bundle: Bundle,
  workspace: Workspace,
  health: ReadonlyMap<NodeKey, HostHealth>,
  { lines, ...flags }: SupportBundleFlags,
): Promise<readonly AskedNode[]> {
  const { cluster, sessions, signals, store, connectWindow } = workspace;
  const observed = await sessions.observe(connectWindow, signals.stop);
  const nodes = selectNodes([], cluster, await readKnownNodes(store));
  const asked = nodes.flatMap(({ node, label }): AskedNode[] => {
    const host = observed.hosts[node.key];
    // A key is no name for a folder everywhere.
    const folder = label.replaceAll(/[^\w.-]/g, '_');
    if (host?.reachable)
      return [
        {
          node,
          label: folder,
          host: sessions.get(node.key),
          facts: host.facts,
          health: health.get(node.key),
        },
      ];
    bundle.miss({ node: folder, what: 'everything', why: host?.error.message ?? 'it was not asked' });
    return [];
  });
  const status = await judgeCluster(workspace, observed, health);
  bundle.add('cluster/status.json', `${JSON.stringify(status, null, 2)}\n`);
  bundle.add('cluster/status.txt', renderStatus(status, Date.now()));
  await Promise.all([
    gatherHere(bundle, workspace, flags),
    gatherCluster(bundle, asked, workspace),
    ...asked.map((node) => gatherNode(bundle, node, workspace, lines)),
  ]);
  return asked;
}

function describe(
  path: string,
  bytes: number,
  { asked, all, missing }: { readonly asked: number; readonly all: number; readonly missing: readonly Gap[] },
): string {
  const size = bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  const gaps = missing.map(
    ({ node, what, why }) => `  ${node === null ? '' : `${node}: `}${what}: ${why.split('\n').join(' ')}`,
  );
  return [
    `Written: ${path} (${size}, ${asked} of ${all} nodes)`,
    'Tokens, passwords and keys were taken out; look through it all the same before you hand it on.',
    ...(gaps.length === 0 ? [] : ['Not in it:', ...gaps]),
  ].join('\n');
}
