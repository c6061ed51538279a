import { join } from 'node:path';
import type { BootstrapData } from './bootstrap-data.ts';
import {
  loadBootstrapData,
  readBootstrapData,
  reconcileBootstrapData,
  saveBootstrapData,
  writeBootstrapData,
} from './bootstrap-data.ts';
import { ensureAuthorities, ensureLeaves } from './cluster-certificates.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { describeCluster, matchesCluster } from './cluster-config.ts';
import { startControlPlane, waitForApiServer } from './control-plane.ts';
import type { EtcdMember } from './etcd-client.ts';
import { openEtcdClient } from './etcd-client.ts';
import { startEtcdControllers } from './etcd-controllers.ts';
import {
  describeEtcdPod,
  ensureMemberName,
  etcdClientFiles,
  handleTombstone,
  hasEtcdDatabase,
  joinEtcd,
  moveDatabaseAway,
  openLocalEtcd,
  waitForEtcd,
} from './etcd-member.ts';
import { makeDirectory } from './files.ts';
import type { ParsedFlags } from './flags.ts';
import { joinHostPort } from './http.ts';
import { startLoadBalancer } from './load-balancer.ts';
import { CommandError, info, reasonOf, warn } from './log.ts';
import type { NodeContext } from './node-part.ts';
import { startContainerd } from './node-part.ts';
import { notifyReady } from './notify.ts';
import type { ServerOptions } from './options.ts';
import { addressIn, readServerOptions } from './options.ts';
import { openPodRuntime } from './pods.ts';
import { checkProfile, writePodSecurityFile } from './profile.ts';
import { RELEASE } from './release.ts';
import { openImageStore, stageRuntime } from './runtime-image.ts';
import {
  apiNames,
  checkOwnTokenPin,
  chooseServerPassword,
  ensureEncryptionConfig,
  writeTokens,
} from './server-identity.ts';
import { runServerNode } from './server-node.ts';
import type { ServerState } from './server-routes.ts';
import { makeServerRoutes } from './server-routes.ts';
import { startSupervisor } from './supervisor.ts';
import type { SupervisorAccess } from './supervisor-client.ts';
import { getFromSupervisor, openSupervisor } from './supervisor-client.ts';

const SUPERVISOR_PORT = 9345;

/** How this start comes by the files all servers share. */
type Bootstrap =
  | { readonly kind: 'new' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'join'; readonly members: readonly EtcdMember[]; readonly access: SupervisorAccess };

/** `rke2 server`: brings the server up and never returns. */
export async function runServer(flags: ParsedFlags): Promise<void> {
  const options = readServerOptions(flags, RELEASE.minor);
  checkProfile(options, true);
  writePodSecurityFile(options);
  info(`Starting rke2 ${RELEASE.version} (stand-in)`);
  handleTombstone(options.paths, options.server);
  makeServerDirectories(options);
  if (!options.runsEtcd && hasEtcdDatabase(options.paths)) moveDatabaseAway(options.paths);

  const bootstrap = await prepare(options).catch((error: unknown) => {
    throw new CommandError(`preparing server: ${reasonOf(error)}`);
  });
  const password = chooseServerPassword(options);
  ensureEncryptionConfig(options.paths, options.encryptionProvider);
  ensureAuthorities(options.paths.tls);
  checkOwnTokenPin(options);
  const names = apiNames(options, addressIn(options.serviceCidrs[0] ?? '', 1));
  const etcdNames = [
    options.nodeName,
    'localhost',
    '127.0.0.1',
    '::1',
    ...options.nodeAddresses,
    ...options.externalAddresses,
  ];
  ensureLeaves(options.paths.tls, { api: names, etcd: etcdNames });
  const state: ServerState = {
    options,
    passwords: writeTokens(options, password),
    etcd: undefined,
    kube: undefined,
    isReady: false,
  };
  const supervisor = await startSupervisor({
    port: SUPERVISOR_PORT,
    bindAddress: options.bindAddress,
    tls: options.paths.tls,
    names,
    passwords: () => state.passwords,
    isBootstrapToken: (token) => isBootstrapToken(state, token),
  });
  supervisor.setRoutes(makeServerRoutes(state));

  const store = openImageStore(options);
  const releaseDirectory = await stageRuntime(options, store);
  startContainerd(options, releaseDirectory);
  const manifestMode = options.profile === '' ? 0o644 : 0o600;
  const pods = openPodRuntime(options.paths, { releaseDirectory, nodeName: options.nodeName, manifestMode });
  const node: NodeContext = { options, releaseDirectory, store, pods };

  await startDatastore(node, state, bootstrap);
  await shareBootstrapData(state, password);
  if (options.runsEtcd) startEtcdControllers(state, node);
  startControlPlane(state, node);
  void runServerNode(state, node);
  if (options.runsApiServer) await waitForApiServer(state);
  else info('Waiting for control-plane node to register apiserver addresses in etcd');
  announce(options);
  state.isReady = true;
  info('rke2 is up and running');
  notifyReady('rke2 is up and running');
}

function makeServerDirectories(options: ServerOptions): void {
  const { paths } = options;
  makeDirectory(paths.data);
  makeDirectory(paths.server, 0o700);
  for (const path of [paths.serverEtc, paths.tls, paths.cred, paths.manifests, paths.db])
    makeDirectory(path, 0o700);
  makeDirectory(paths.agent);
  makeDirectory(paths.agentEtc);
  makeDirectory(paths.agentLogs, 0o750);
  if (options.snapshots.directory === '') makeDirectory(paths.snapshots, 0o700);
}

/** Decides between a new cluster, a restart and a join, and fetches what a join needs from the peer. */
async function prepare(options: ServerOptions): Promise<Bootstrap> {
  if (options.runsEtcd && hasEtcdDatabase(options.paths)) {
    info('Managed etcd cluster bootstrap already complete and initialized');
    return { kind: 'restart' };
  }
  if (options.server === '') {
    info('Managed etcd cluster initializing');
    return { kind: 'new' };
  }
  if (options.token === '') throw new CommandError('RKE2_TOKEN is required to join a cluster');
  try {
    const access = await openSupervisor(options.server, options.token, 'server').catch((error: unknown) => {
      throw new CommandError(
        `failed to check if bootstrap data has been initialized: failed to validate token: ${reasonOf(error)}`,
      );
    });
    info('Managed etcd cluster not yet initialized');
    const bootstrap = await fetchBootstrap(access);
    await validateConfiguration(options, access);
    writeBootstrapData(options.paths, bootstrap);
    const datastore = JSON.parse((await getFromSupervisor(access, '/db/info')).toString()) as {
      members?: EtcdMember[];
    };
    return { kind: 'join', members: datastore.members ?? [], access };
  } catch (error) {
    const reason = reasonOf(error);
    throw new CommandError(
      reason.startsWith('failed to validate server configuration')
        ? reason
        : `failed to bootstrap cluster data: ${reason}`,
    );
  }
}

async function fetchBootstrap(access: SupervisorAccess): Promise<BootstrapData> {
  try {
    return JSON.parse(
      (await getFromSupervisor(access, '/v1-rke2/server-bootstrap')).toString(),
    ) as BootstrapData;
  } catch (error) {
    if (!reasonOf(error).includes('401')) throw error;
    warn(`Skipping cluster configuration validation: ${reasonOf(error)}`);
    throw new CommandError(
      `failed to get bootstrap data: ${access.url}/v1-rke2/server-bootstrap: not authorized`,
    );
  }
}

async function validateConfiguration(options: ServerOptions, access: SupervisorAccess): Promise<void> {
  const peer = JSON.parse((await getFromSupervisor(access, '/v1-rke2/config')).toString()) as ClusterConfig;
  if (!matchesCluster(describeCluster(options), peer)) {
    throw new CommandError(
      'failed to validate server configuration: critical configuration value mismatch between servers',
    );
  }
}

/** Starts or joins the local etcd, or reaches the others' through a load balancer, and waits until it answers. */
async function startDatastore(node: NodeContext, state: ServerState, bootstrap: Bootstrap): Promise<void> {
  const { options } = state;
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

async function shareBootstrapData(state: ServerState, password: string): Promise<void> {
  if (state.etcd === undefined) return;
  const stored = await loadBootstrapData(state.etcd, password);
  if (stored === undefined)
    await saveBootstrapData(state.etcd, password, readBootstrapData(state.options.paths));
  else reconcileBootstrapData(state.options.paths, stored);
}

async function isBootstrapToken(state: ServerState, token: string): Promise<boolean> {
  const [id = '', secret = ''] = token.split('.');
  if (state.kube === undefined || secret === '') return false;
  try {
    const found = await state.kube.get<{ data?: Record<string, string> }>(
      `/api/v1/namespaces/kube-system/secrets/bootstrap-token-${id}`,
    );
    const decode = (key: string): string => Buffer.from(found.data?.[key] ?? '', 'base64').toString();
    const expiration = decode('expiration');
    return decode('token-secret') === secret && (expiration === '' || Date.parse(expiration) > Date.now());
  } catch {
    return false;
  }
}

function announce(options: ServerOptions): void {
  const { paths } = options;
  const url = `https://${joinHostPort(options.advertiseAddress, SUPERVISOR_PORT)}`;
  info(`Server node token is available at ${join(paths.server, 'token')}`);
  info(`To join server node to cluster: rke2 server -s ${url} -t \${SERVER_NODE_TOKEN}`);
  info(`Agent node token is available at ${join(paths.server, 'agent-token')}`);
  info(`To join agent node to cluster: rke2 agent -s ${url} -t \${AGENT_NODE_TOKEN}`);
}
