import { join, resolve } from 'node:path';
import type { ClusterNode, NodeKey } from '../../domain/cluster.ts';
import { ConnectError, type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { Observed } from '../../domain/observed.ts';
import { readFile } from '../../host/files.ts';
import { apiUrl } from '../../plan/api-url.ts';
import { factsOf } from '../../render/desired-node.ts';
import { renderKubeconfig } from '../../render/kubeconfig.ts';
import { KUBECONFIG_PATH } from '../../rke2/paths.ts';
import { findCaller } from '../cluster-source.ts';
import type { KubeconfigFlags } from '../flags.ts';
import { mergeKubeconfigFile } from '../kubeconfig/merge-kubeconfig-file.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

/** `rke2ctl kubeconfig`: the admin's kubeconfig, written where the file says, printed, or merged. */
export async function kubeconfig(flags: KubeconfigFlags): Promise<ExitCode> {
  if (flags.name !== undefined && flags.print !== true && flags.merge === undefined) throw nameAlone();
  if (flags.force === true && flags.merge === undefined) throw forceAlone();
  const kept = new Map<NodeKey, string>();
  return withWorkspace(
    {
      command: 'kubeconfig',
      flags,
      locks: false,
      asks: isPlane,
      look: async (host, node, { signal }) => {
        const text = await readFile(host, KUBECONFIG_PATH, { signal }).catch((error: unknown) => {
          if (error instanceof Rke2ctlError) return null;
          throw error;
        });
        if (text !== null) kept.set(node.key, text);
      },
    },
    async (workspace) => {
      const { cluster, sessions, signals, connectWindow } = workspace;
      const observed = await sessions.observe(connectWindow, signals.stop);
      const plane = await livingPlane(workspace, observed, kept);
      const name = flags.name ?? cluster.name;
      const server = flags.server ?? apiUrl(cluster, plane.key);
      const text = renderKubeconfig(plane.text, name, server);
      if (flags.print === true) {
        process.stdout.write(flags.output === 'json' ? `${JSON.stringify({ kubeconfig: text })}\n` : text);
        return 0;
      }
      const written = await write(workspace, text, flags);
      const told = { ...written, context: name, server };
      process.stdout.write(flags.output === 'json' ? `${JSON.stringify(told)}\n` : describe(told));
      return 0;
    },
  );
}

interface Written {
  readonly path: string;
  readonly changed: boolean;
  readonly backup: string | null;
}

async function write(
  { cluster, operator }: Workspace,
  text: string,
  flags: KubeconfigFlags,
): Promise<Written> {
  if (flags.merge === undefined) {
    await operator.writeKubeconfig(text);
    return { path: cluster.kubeconfig.path, changed: true, backup: null };
  }
  const caller = findCaller(process.env);
  const path = flags.merge === true ? join(caller.home, '.kube', 'config') : resolve(flags.merge);
  const options = { force: flags.force === true, owner: caller.owner };
  return { path, ...(await mergeKubeconfigFile(path, text, options)) };
}

function describe({
  path,
  changed,
  backup,
  context,
  server,
}: Written & { context: string; server: string }): string {
  const kept = backup === null ? '' : `As it was before: ${backup}\n`;
  return changed
    ? `Written: ${path}\n${kept}Context ${context}, ${server}\n`
    : `${path} has it already: context ${context}, ${server}\n`;
}

function isPlane({ roles }: ClusterNode): boolean {
  return roles.includes('controlplane');
}

/** The first control plane whose service runs and which is not another cluster's. */
async function livingPlane(
  { cluster, store }: Workspace,
  observed: Observed,
  kept: ReadonlyMap<NodeKey, string>,
): Promise<{ readonly key: NodeKey; readonly text: string }> {
  const clusterId = (await store.read())?.clusterId ?? null;
  const reasons: string[] = [];
  for (const { key } of cluster.nodes.filter(isPlane)) {
    const host = observed.hosts[key];
    if (host !== undefined && !host.reachable) reasons.push(host.error.message);
    const facts = factsOf(observed, key);
    if (facts === null) continue;
    const { marker, server } = facts.rke2;
    const text = kept.get(key);
    const owner = marker === null || marker === 'unreadable' ? null : marker.clusterId;
    if (clusterId !== null && owner !== null && owner !== clusterId)
      reasons.push(`${key} belongs to another cluster.`);
    else if (server.active !== 'active')
      reasons.push(`On ${key} rke2-server is ${server.exists ? server.active : 'not installed'}.`);
    else if (text === undefined) reasons.push(`${key} has no ${KUBECONFIG_PATH} that can be read.`);
    else return { key, text };
  }
  throw new ConnectError({
    code: 'no-living-plane',
    message: `No control plane can give the kubeconfig: ${reasons.join(' ')}`,
    hint: '`rke2ctl status` shows how the cluster is; when a control plane runs again, run this again.',
    exitCode: 4,
  });
}

function nameAlone(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'flag-alone',
    message:
      'The file that cluster.yml names is kept by `up`, which calls everything in it after the cluster.',
    hint: 'Use `--name` together with `--print` or `--merge`.',
    exitCode: 3,
  });
}

function forceAlone(): Rke2ctlError {
  return new Rke2ctlError({
    code: 'flag-alone',
    message: '`--force` replaces entries in a kubeconfig that is merged into, and nothing is merged here.',
    hint: 'Use it together with `--merge`, or leave it out.',
    exitCode: 3,
  });
}
