import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { ExecResult } from '../lab/command.ts';
import type { Lab, LabHost } from '../lab/lab.ts';

const BIN = fileURLToPath(new URL('../../bin/rke2ctl', import.meta.url));

/** What a test says of one node beside its address. */
export type NodeEntry = Readonly<Record<string, unknown>>;

/** A folder with a cluster.yml on the controller's side of a lab, and the built command run there as a person would. */
export interface Project {
  readonly directory: string;
  /** Absolute path of a file in the folder. */
  readonly path: (name: string) => string;
  readonly write: (cluster: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Runs `rke2ctl ARGS` in the lab's network; never throws for an exit code. */
  readonly rke2ctl: (...args: string[]) => Promise<ExecResult>;
  readonly spawn: (...args: string[]) => ReturnType<Lab['spawn']>;
  readonly kubectl: (...args: string[]) => Promise<ExecResult>;
  readonly read: (name: string) => Promise<string>;
  /** Words that the command finds in its environment, from now on. */
  readonly environment: Record<string, string>;
}

/** Makes a folder `name` in the lab's directory, with a home of its own so that no key or known host of this machine counts. */
export async function makeProject(lab: Lab, name: string): Promise<Project> {
  const directory = join(lab.directory, 'projects', name);
  const home = join(directory, 'home');
  await mkdir(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  const environment: Record<string, string> = { HOME: home, SSH_AUTH_SOCK: '', NO_COLOR: '1' };
  const password = lab.hosts[0]?.sudoPassword;
  if (password !== undefined) {
    const file = join(directory, 'sudo-password');
    await writeFile(file, `${password}\n`, { mode: 0o600 });
    environment['RKE2CTL_SUDO_PASSWORD_FILE'] = file;
  }
  const path = (file: string) => join(directory, file);
  const command = (args: readonly string[]) => [process.execPath, BIN, ...args];
  const options = () => ({ cwd: directory, env: environment });
  return {
    directory,
    path,
    environment,
    write: (cluster) => writeFile(path('cluster.yml'), stringify(cluster)),
    rke2ctl: (...args) => lab.run(command(args), options()),
    spawn: (...args) => lab.spawn(command(args), options()),
    kubectl: (...args) =>
      lab.run([lab.kubectl, '--kubeconfig', path('kube_config_cluster.yml'), ...args], { timeoutMs: 60_000 }),
    read: (file) => readFile(path(file), 'utf8'),
  };
}

/** The entry of a lab host in cluster.yml. */
export function nodeEntry(host: LabHost, role: readonly string[], more: NodeEntry = {}): NodeEntry {
  return {
    address: host.address,
    user: host.user,
    role,
    hostname_override: host.name,
    ssh_key_path: host.keyPath,
    ...more,
  };
}

/** A cluster.yml over the lab's hosts in their order, installed from the lab's artifacts. */
export function clusterFile(
  lab: Lab,
  roles: readonly (readonly string[])[],
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const bastion = lab.bastion;
  return {
    cluster_name: 'lab',
    nodes: roles.map((role, index) => {
      const host = lab.hosts[index];
      if (host === undefined) throw new Error(`the lab has no host ${index}`);
      return nodeEntry(host, role);
    }),
    ...(bastion === undefined
      ? {}
      : { bastion_host: { address: bastion.address, user: bastion.user, ssh_key_path: bastion.keyPath } }),
    install: { artifacts: lab.artifacts },
    ...more,
  };
}

export const SERVER = ['etcd', 'controlplane'] as const;
export const ALL = ['etcd', 'controlplane', 'worker'] as const;
export const WORKER = ['worker'] as const;
