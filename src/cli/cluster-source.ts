import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { ConfigEnvironment } from '../config/environment.ts';
import { type LoadedCluster, loadCluster } from '../config/load-cluster.ts';
import { parseCluster } from '../config/parse-cluster.ts';
import { isHttpUrl } from '../config/schema/scalars.ts';
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

/**
 * Reads the cluster file, or several of which the later ones win. Throws ConfigError with every finding. The commands of
 * `command:` secrets are only run for those who need the secrets: `validate` and its like leave them alone.
 */
export function readCluster(
  paths: readonly string[],
  secrets: 'run commands' | 'no commands' = 'no commands',
): Promise<LoadedCluster> {
  return loadCluster(paths, configEnvironment(secrets === 'run commands' ? runCommand : null));
}

/** The cluster of `--local`: this machine with all roles, everything else as by default. */
export function localCluster(caller: Caller, flags: LocalFlags): Cluster {
  const lines = [
    'cluster_name: local',
    ...(flags.version === undefined ? [] : [`kubernetes_version: ${JSON.stringify(flags.version)}`]),
    'nodes: [{address: localhost, role: [etcd, controlplane, worker]}]',
    'install:',
    ...(flags.artifacts === undefined
      ? []
      : [
          `  artifacts: ${JSON.stringify(isHttpUrl(flags.artifacts) ? flags.artifacts : resolve(flags.artifacts))}`,
        ]),
    ...(flags.channel === undefined ? [] : [`  channel: ${JSON.stringify(flags.channel)}`]),
  ];
  const { cluster, findings } = parseCluster(lines.join('\n'), localConfigPath(caller), configEnvironment());
  if (cluster === null || cluster === undefined)
    throw new ConfigError('--local cannot be used like this.', findings);
  const nodes = cluster.nodes.map((node) => ({ ...node, name: null, key: nodeKey('localhost', 22) }));
  return { ...cluster, nodes };
}

/** What reading a cluster.yml may look at on this machine; commands only where `run` is given. */
export function configEnvironment(run: ConfigEnvironment['runCommand'] = null): ConfigEnvironment {
  return {
    user: userInfo().username,
    home: homedir(),
    cwd: process.cwd(),
    variables: process.env,
    readFile: (path) => attempt(() => readFileSync(path)),
    runCommand: run,
  };
}

const COMMAND_TIMEOUT_MS = 30_000;
const outputs = new Map<string, string | Error>();

/** Once per line, however many keys name it; what the command says on stderr goes to the terminal. */
function runCommand(line: string): string | Error {
  const known = outputs.get(line);
  if (known !== undefined) return known;
  const { error, signal, status, stdout } = spawnSync('/bin/sh', ['-c', line], {
    encoding: 'utf8',
    stdio: ['inherit', 'pipe', 'inherit'],
    timeout: COMMAND_TIMEOUT_MS,
  });
  const reason =
    error && 'code' in error && error.code === 'ETIMEDOUT'
      ? `it took longer than ${COMMAND_TIMEOUT_MS / 1000} seconds`
      : (error?.message ?? (signal === null ? `exit code ${status}` : `it was ended by ${signal}`));
  const output = error === undefined && status === 0 ? stdout : new Error(reason);
  outputs.set(line, output);
  return output;
}

function attempt<T>(read: () => T): T | Error {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
