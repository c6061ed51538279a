import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { execa } from 'execa';

/** Debian's etcd and kubectl, by path. */
export interface Tools {
  readonly etcd: string;
  readonly kubectl: string;
}

const CACHE = '/var/cache/rke2ctl-lab';
const UNPACKED = `${CACHE}/apiserver-tools`;

function toolsIn(directory: string): Tools | undefined {
  const tools = { etcd: `${directory}/etcd`, kubectl: `${directory}/kubectl` };
  return existsSync(tools.etcd) && existsSync(tools.kubectl) ? tools : undefined;
}

/** Unpacks the two packages beside the system: installing them would start an etcd and may clash with another kubectl. */
async function unpackPackages(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(`${CACHE}/unpacking-`);
  try {
    process.stderr.write('fetching the Debian packages etcd-server and kubernetes-client\n');
    await execa('apt-get', ['update', '-qq']);
    await execa('apt-get', ['download', 'etcd-server', 'kubernetes-client'], { cwd: work });
    for (const file of (await readdir(work)).filter((name) => name.endsWith('.deb'))) {
      await execa('dpkg', ['-x', file, 'root'], { cwd: work });
    }
    if (!existsSync(UNPACKED)) await rename(`${work}/root`, UNPACKED);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Looks in the lab's base tree, then in its own cache, and fetches the packages when neither has them. */
export async function findTools(): Promise<Tools> {
  const trees = existsSync(CACHE) ? await readdir(CACHE) : [];
  for (const tree of trees) {
    const found = toolsIn(`${CACHE}/${tree}/usr/lib/rke2-standin/bin`);
    if (found !== undefined) return found;
  }
  if (!existsSync(UNPACKED)) await unpackPackages();
  const tools = toolsIn(`${UNPACKED}/usr/bin`);
  if (tools === undefined) throw new Error(`${UNPACKED} holds no etcd and kubectl; delete it and try again`);
  return tools;
}
