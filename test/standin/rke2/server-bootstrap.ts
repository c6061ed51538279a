import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BootstrapData } from './bootstrap-data.ts';
import { writeBootstrapData } from './bootstrap-data.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { describeCluster, matchesCluster } from './cluster-config.ts';
import type { EtcdMember } from './etcd-client.ts';
import { hasEtcdDatabase } from './etcd-member.ts';
import type { ExternalDatastore } from './external-datastore.ts';
import { bootstrapFromDatastore } from './external-datastore.ts';
import { CommandError, info, reasonOf, warn } from './log.ts';
import type { ServerOptions } from './options.ts';
import { chooseServerPassword } from './server-identity.ts';
import type { SupervisorAccess } from './supervisor-client.ts';
import { getFromSupervisor, openSupervisor } from './supervisor-client.ts';

/** How this start comes by the files all servers share. */
export type Bootstrap =
  | { readonly kind: 'new' }
  | { readonly kind: 'restart' }
  /** The shared files come from, or go into, a datastore that no server runs; `server` counts for nothing then. */
  | { readonly kind: 'external' }
  | { readonly kind: 'join'; readonly members: readonly EtcdMember[]; readonly access: SupervisorAccess };

/** Decides between a new cluster, a restart and a join, and fetches what a join needs from the peer. */
export async function prepareBootstrap(options: ServerOptions): Promise<Bootstrap> {
  if (options.datastore !== undefined) return prepareExternal(options, options.datastore);
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

async function prepareExternal(options: ServerOptions, datastore: ExternalDatastore): Promise<Bootstrap> {
  const { paths } = options;
  try {
    const isNew = !existsSync(join(paths.tls, 'server-ca.crt'));
    await bootstrapFromDatastore(datastore, { paths, isNew, password: chooseServerPassword(options) });
    return { kind: 'external' };
  } catch (error) {
    throw new CommandError(`failed to bootstrap cluster data: ${reasonOf(error)}`);
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
