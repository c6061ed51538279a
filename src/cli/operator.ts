import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from '../domain/cluster.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import { removeLeftovers, writeAtomically } from '../state/atomic-write.ts';
import type { StateStore } from '../state/store.ts';
import type { OperatorFiles } from '../steps/step-handler.ts';
import type { Caller } from './cluster-source.ts';
import { inspectKubeconfig } from './kubeconfig/kubeconfig-file.ts';

/** What is done on the operator's machine beside the state file itself. */
export interface Operator extends OperatorFiles {
  /** True when the kubeconfig is where the file wants it and is this cluster's. */
  readonly hasKubeconfig: () => Promise<boolean>;
}

/** The operator's machine: kubeconfig, snapshots and fetched texts. What `sudo` makes belongs to the one who called it. */
export function createOperator(cluster: Cluster, store: StateStore, caller: Caller): Operator {
  const { path, mode, group } = cluster.kubeconfig;
  return {
    readText,
    hasKubeconfig: async () => (await inspectKubeconfig(path, cluster.name)) === 'ours',
    writeKubeconfig: async (text) => {
      if ((await inspectKubeconfig(path, cluster.name)) === 'foreign') throw foreignKubeconfig(path);
      const uid = caller.owner?.uid ?? -1;
      const gid = group === null ? (caller.owner?.gid ?? -1) : await findGroup(group);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // A killed run may have left half of the admin's keys here.
      await removeLeftovers(path).catch(() => {});
      await writeAtomically(path, text, async (handle) => {
        await handle.chmod(mode);
        await handle.chown(uid, gid);
      });
    },
    forgetCluster: async () => {
      await store.remove();
      if ((await inspectKubeconfig(path, cluster.name)) === 'ours') await rm(path, { force: true });
    },
    stateText: () => store.text(),
    snapshotPath: async (node, directory, name) => {
      // Both names are the host's own words, and must not lead out of the directory.
      for (const word of [node.name, name]) {
        if (word === '' || word === '..' || basename(word) !== word) throw strangeName(word, node.key);
      }
      const folder = join(directory, node.name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return join(folder, name);
    },
  };
}

function foreignKubeconfig(path: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'kubeconfig-foreign',
    message: `${path} is there and is not (only) the kubeconfig of this cluster; it was left as it is.`,
    hint: 'Move it away, or name another file under kubeconfig.path; then run `rke2ctl up` again.',
  });
}

function strangeName(word: string, key: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'snapshot-name',
    message: `${key} gives a name that no snapshot or host has: ${JSON.stringify(word)}. Nothing was written.`,
    hint: 'Look at /var/lib/rancher/rke2/server/db/snapshots and at the hostname there.',
  });
}

/** The id of a group of this machine, by name or number. */
async function findGroup(name: string): Promise<number> {
  const { stdout } = await promisify(execFile)('getent', ['group', name]).catch(() => {
    throw new Rke2ctlError({
      code: 'no-such-group',
      message: `The kubeconfig is to belong to the group ${name} (kubeconfig.group), and this machine has no such group.`,
      hint: 'Name a group that `getent group` lists, or leave kubeconfig.group out; then run `rke2ctl up` again.',
      exitCode: 3,
    });
  });
  return Number(stdout.split(':')[2]);
}

/** A text from a URL or an absolute path. Throws Rke2ctlError in words. */
async function readText(source: string): Promise<string> {
  if (source.startsWith('/')) {
    return readFile(source, 'utf8').catch((error: unknown) => {
      throw unreadable(source, error instanceof Error ? error.message : String(error));
    });
  }
  const response = await fetch(source, { signal: AbortSignal.timeout(60_000) }).catch((error: unknown) => {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw unreadable(source, cause);
  });
  if (!response.ok) throw unreadable(source, `the server answered ${response.status} ${response.statusText}`);
  return response.text();
}

function unreadable(source: string, why: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'install-script-unreadable',
    message: `The install script ${source} cannot be read from here: ${why}.`,
    hint: 'Check `install.script` and `install.mirror` in cluster.yml, and the way out from this machine.',
  });
}
