import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadBootstrapData,
  readBootstrapData,
  reconcileBootstrapData,
  saveBootstrapData,
} from './bootstrap-data.ts';
import { openEtcdClient } from './etcd-client.ts';
import {
  describeEtcdPod,
  ensureMemberName,
  etcdClientFiles,
  joinEtcd,
  openLocalEtcd,
  waitForEtcd,
} from './etcd-member.ts';
import { openExternalEtcd } from './external-datastore.ts';
import { readFileIfAny } from './files.ts';
import { joinHostPort } from './http.ts';
import { startLoadBalancer } from './load-balancer.ts';
import { CommandError, info, reasonOf, warn } from './log.ts';
import { withTemporaryEtcd } from './maintenance/temporary-etcd.ts';
import type { NodeContext } from './node-part.ts';
import type { ServerOptions } from './options.ts';
import { isPodRunning, stopPods } from './pods.ts';
import type { Bootstrap } from './server-bootstrap.ts';
import type { ServerState } from './server-routes.ts';

/**
 * At a restart the datastore's copy of the shared files counts, and it must count before certificates are signed: it is
 * read from the etcd that still runs, or from a copy of the database.
 */
export async function reconcileBeforeStart(options: ServerOptions, password: string): Promise<void> {
  const load = (etcd: ReturnType<typeof openLocalEtcd>): ReturnType<typeof loadBootstrapData> =>
    loadBootstrapData(etcd, password, true);
  const canAsk = isPodRunning('etcd') && existsSync(etcdClientFiles(options.paths).cert);
  const stored = canAsk
    ? await load(openLocalEtcd(options.paths)).catch(skip)
    : await withDatabaseCopy(options, load).catch(skip);
  if (stored !== undefined) reconcileBootstrapData(options.paths, stored);
}

/** Only what RKE2 itself cannot pass over ends the start; a datastore that does not answer yet does not. */
function skip(error: unknown): undefined {
  if (reasonOf(error).startsWith('bootstrap data already found')) throw error;
  warn(`Skipping bootstrap data reconciliation: ${reasonOf(error)}`);
  return undefined;
}

async function withDatabaseCopy<T>(
  options: ServerOptions,
  work: (etcd: ReturnType<typeof openLocalEtcd>) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'rke2-etcd-'));
  try {
    cpSync(join(options.paths.etcd, 'member'), join(directory, 'member'), { recursive: true });
    const memberName = readFileIfAny(join(options.paths.etcd, 'name'))?.trim() ?? options.nodeName;
    return await withTemporaryEtcd({ directory, memberName }, work);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Starts or joins the local etcd, or reaches the others' through a load balancer, and waits until it answers. */
export async function startDatastore(
  node: NodeContext,
  state: ServerState,
  bootstrap: Bootstrap,
): Promise<void> {
  const { options } = state;
  if (options.datastore !== undefined) {
    state.etcd = openExternalEtcd(options.datastore);
    return;
  }
  if (!options.runsEtcd) {
    const members = bootstrap.kind === 'join' ? bootstrap.members : [];
    const addresses = members.flatMap((member) => member.clientURLs ?? []).map((url) => new URL(url).host);
    const balancer = await startLoadBalancer({
      port: 2379,
      serverUrl: options.server,
      defaultAddress: addresses[0] ?? '',
      file: join(options.paths.serverEtc, 'rke2-etcd-server-load-balancer.json'),
    });
    balancer.setAddresses(addresses);
    state.etcd = openEtcdClient(['https://127.0.0.1:2379'], etcdClientFiles(options.paths));
    await waitForEtcd(state.etcd);
    info('Connection to etcd is ready');
    return;
  }
  // A server that rejoins after a reset elsewhere finds its old containers running without a database.
  if (readFileIfAny(join(options.paths.etcd, 'name')) === undefined)
    await stopPods(['etcd', 'kube-apiserver']);
  const memberName = ensureMemberName(options.paths, options.nodeName);
  const ownMember = `${memberName}=https://${joinHostPort(options.nodeAddresses[0] ?? '', 2380)}`;
  const initialCluster =
    bootstrap.kind === 'join'
      ? { members: await joinEtcd(options, memberName, bootstrap.members), state: 'existing' as const }
      : { members: bootstrap.kind === 'new' ? [ownMember] : undefined, state: 'new' as const };
  await node.pods.ensure(describeEtcdPod(options, memberName, initialCluster));
  state.etcd = openLocalEtcd(options.paths);
  await waitForEtcd(state.etcd);
  info('Connection to etcd is ready');
  info('ETCD server is now running');
  await checkPeerAddress(state, memberName);
}

/** A member whose address changed no longer is the member the cluster knows. */
async function checkPeerAddress(state: ServerState, memberName: string): Promise<void> {
  const expected = `https://${joinHostPort(state.options.nodeAddresses[0] ?? '', 2380)}`;
  const members = (await state.etcd?.members()) ?? [];
  if (members.some((member) => member.peerURLs?.includes(expected))) return;
  const found = members.map((member) => `${member.name}=${member.peerURLs?.[0]}`).join(', ');
  throw new CommandError(
    `starting kubernetes: preparing server: start managed database: this server is a not a member of the etcd cluster. Found [${found}], expect: ${memberName}=${expected}`,
  );
}

/** Stores the shared files in a new cluster's datastore, or takes over what it holds. */
export async function shareBootstrapData(state: ServerState, password: string): Promise<void> {
  if (state.etcd === undefined) return;
  const stored = await loadBootstrapData(state.etcd, password);
  if (stored === undefined)
    await saveBootstrapData(state.etcd, password, readBootstrapData(state.options.paths));
  else reconcileBootstrapData(state.options.paths, stored);
}
