import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createLab, type Lab } from '../test/lab/lab.ts';
import type { Fixture } from './fixture.ts';
import { writeKnownHosts } from './openssh.ts';
import { writeRandom } from './write-random.ts';

/** Hosts without RKE2, and a file of 500 MB that they do not have. */
export interface BareHosts {
  readonly lab: Lab;
  readonly source: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly knownHosts: string;
  /** Where the file is to lie on a host; `empty` makes the directory anew on all of them and syncs the disks. */
  readonly destination: string;
  readonly empty: () => Promise<void>;
}

const HOSTS = 12;
const SIZE_BYTES = 500_000_000;
const THERE = '/var/lib/bench';

/** Twelve hosts, for what is brought to one of them or to all. */
export const BARE_TWELVE: Fixture<BareHosts> = {
  make: async () => {
    const lab = await createLab({ name: 'bench-bare', hosts: HOSTS });
    try {
      const here = join(lab.directory, 'bench');
      await mkdir(here);
      const [source, knownHosts] = [join(here, 'file'), join(here, 'known_hosts')];
      const sha256 = await writeRandom(source, SIZE_BYTES);
      await writeKnownHosts(lab, knownHosts);
      const empty = () => emptyAll(lab);
      const file = { source, sizeBytes: SIZE_BYTES, sha256, destination: `${THERE}/file` };
      return { value: { lab, ...file, knownHosts, empty }, end: () => lab.destroy() };
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  },
};

async function emptyAll(lab: Lab): Promise<void> {
  const [first] = lab.hosts;
  const anew = `rm -rf ${THERE}; mkdir -m 777 ${THERE}`;
  await Promise.all(lab.hosts.map(({ name }) => lab.exec(name, ['sh', '-c', anew])));
  if (first !== undefined) await lab.exec(first.name, ['sync']);
}
