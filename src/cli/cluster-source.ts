import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { ConfigEnvironment } from '../config/environment.ts';
import { type LoadedCluster, loadCluster } from '../config/load-cluster.ts';
import { parseCluster } from '../config/parse-cluster.ts';
import type { Cluster } from '../domain/cluster.ts';
import { ConfigError } from '../domain/errors.ts';
import { nodeKey } from '../domain/node-identity.ts';

/** Who called: the person behind `sudo`, if there is one; what is made for them belongs to them. */
export interface Caller {
  readonly user: string;
  readonly home: string;
  /** null when we are that person already. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/** What `--local` was told beside nothing at all. */
export interface LocalFlags {
  readonly artifacts?: string;
  readonly version?: string;
  readonly channel?: string;
}

/** Finds the person behind `sudo` by SUDO_USER; their home is asked of the system, as HOME may be root's. */
export function findCaller(environment: NodeJS.ProcessEnv): Caller {
  const { SUDO_USER: user, SUDO_UID: uid, SUDO_GID: gid } = environment;
  if (user === undefined || user === 'root' || uid === undefined || gid === undefined) {
    return { user: userInfo().username, home: homedir(), owner: null };
  }
  const entry = execFileSync('getent', ['passwd', user], { encoding: 'utf8' }).trim().split(':');
  return { user, home: entry[5] ?? homedir(), owner: { uid: Number(uid), gid: Number(gid) } };
}

/** Where `--local` keeps its things: as if a file of this name lay in the caller's home. */
export function localConfigPath(caller: Caller): string {
  return join(caller.home, '.rke2ctl', 'local.yml');
}

/** Reads the cluster file. Throws ConfigError with every finding. */
export function readCluster(path: string): Promise<LoadedCluster> {
  return loadCluster(path, configEnvironment());
}

/** The cluster of `--local`: this machine with all roles, everything else as by default. */
export function localCluster(caller: Caller, flags: LocalFlags): Cluster {
  const lines = [
    'cluster_name: local',
    ...(flags.version === undefined ? [] : [`kubernetes_version: ${JSON.stringify(flags.version)}`]),
    'nodes: [{address: localhost, role: [etcd, controlplane, worker]}]',
    'install:',
    ...(flags.artifacts === undefined ? [] : [`  artifacts: ${JSON.stringify(resolve(flags.artifacts))}`]),
    ...(flags.channel === undefined ? [] : [`  channel: ${JSON.stringify(flags.channel)}`]),
  ];
  const { cluster, findings } = parseCluster(lines.join('\n'), localConfigPath(caller), configEnvironment());
  if (cluster === null || cluster === undefined)
    throw new ConfigError('--local cannot be used like this.', findings);
  const nodes = cluster.nodes.map((node) => ({ ...node, name: null, key: nodeKey('localhost', 22) }));
  return { ...cluster, nodes };
}

function configEnvironment(): ConfigEnvironment {
  return {
    user: userInfo().username,
    home: homedir(),
    cwd: process.cwd(),
    variables: process.env,
    readFile: (path) => attempt(() => readFileSync(path)),
    runCommand: null,
  };
}

function attempt<T>(read: () => T): T | Error {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
