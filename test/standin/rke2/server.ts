import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureAuthorities, ensureLeaves } from './cluster-certificates.ts';
import { startControlPlane, waitForApiServer } from './control-plane.ts';
import { startEtcdControllers } from './etcd-controllers.ts';
import { handleTombstone, hasEtcdDatabase, moveDatabaseAway } from './etcd-member.ts';
import { makeDirectory } from './files.ts';
import type { ParsedFlags } from './flags.ts';
import { isSet } from './flags.ts';
import { joinHostPort } from './http.ts';
import { CommandError, info, reasonOf } from './log.ts';
import { resetCluster, resetFlagPath } from './maintenance/cluster-reset.ts';
import type { NodeContext } from './node-part.ts';
import { startContainerd } from './node-part.ts';
import { notifyReady } from './notify.ts';
import type { ServerOptions } from './options.ts';
import { addressIn, readServerOptions } from './options.ts';
import { openPodRuntime, restartPodsIfAsked } from './pods.ts';
import { checkProfile, writePodSecurityFile } from './profile.ts';
import { waitForRegistries } from './registries-file.ts';
import { RELEASE } from './release.ts';
import { openImageStore, stageRuntime } from './runtime-image.ts';
import { prepareBootstrap } from './server-bootstrap.ts';
import { reconcileBeforeStart, shareBootstrapData, startDatastore } from './server-datastore.ts';
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

const SUPERVISOR_PORT = 9345;

/** `rke2 server`: brings the server up and never returns. */
export async function runServer(flags: ParsedFlags): Promise<void> {
  const options = readServerOptions(flags, RELEASE.minor);
  checkProfile(options, true);
  writePodSecurityFile(options);
  info(`Starting rke2 ${RELEASE.version} (stand-in)`);
  handleTombstone(options.paths, options.server);
  makeServerDirectories(options);
  if (isSet(flags, 'cluster-reset')) return resetCluster(options);
  if (!options.runsEtcd && options.datastore === undefined && hasEtcdDatabase(options.paths))
    moveDatabaseAway(options.paths);

  const bootstrap = await prepareBootstrap(options).catch((error: unknown) => {
    throw new CommandError(`preparing server: ${reasonOf(error)}`);
  });
  const password = chooseServerPassword(options);
  if (bootstrap.kind === 'restart') await reconcileBeforeStart(options, password);
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

  await waitForRegistries(options);
  const store = openImageStore(options);
  const releaseDirectory = await stageRuntime(options, store);
  startContainerd(options, releaseDirectory);
  await restartPodsIfAsked(options.paths);
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
  rmSync(resetFlagPath(options), { force: true });
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
