import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createLab } from '../test/lab/lab.ts';
import { buildProgram } from './build-program.ts';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { mustRunInLab, opensshOptions, writeKnownHosts } from './openssh.ts';
import { writeRandom } from './write-random.ts';

const RUNS = 5;
const SIZE_BYTES = 500_000_000;
const THERE = '/var/lib/bench';

/**
 * A file of 500 MB until it lies on the host and its SHA-256 was verified there: our own code, process start and login
 * included, against scp and then sha256sum.
 */
export const uploadFigure: Figure = {
  name: 'upload',
  limit: 1,
  measure: async () => {
    const program = await buildProgram('upload-once');
    const lab = await createLab({ name: 'bench-upload', hosts: 1 });
    try {
      const [host] = lab.hosts;
      if (host === undefined) throw new Error('the lab has no host');
      const here = join(lab.directory, 'bench');
      await mkdir(here);
      const source = join(here, 'file');
      const sha256 = await writeRandom(source, SIZE_BYTES);
      const knownHosts = join(here, 'known_hosts');
      await writeKnownHosts(lab, knownHosts);
      const options = opensshOptions(host, knownHosts);
      const target = `${host.user}@${host.address}`;
      const empty = `rm -rf ${THERE}; mkdir -m 777 ${THERE}; sync`;
      const before = async () => void (await lab.exec(host.name, ['sh', '-c', empty]));
      const ours = [process.execPath, program];
      const login = [host.address, host.user, host.keyPath, knownHosts];
      return await interleave(
        RUNS,
        {
          name: 'verified upload of 500 MB',
          before,
          run: async () =>
            void (await mustRunInLab(lab, [...ours, ...login, source, `${THERE}/file`, sha256])),
        },
        {
          name: 'scp, then sha256sum there',
          before,
          run: async () => {
            await mustRunInLab(lab, ['scp', '-q', ...options, source, `${target}:${THERE}/file`]);
            const verify = `echo '${sha256}  ${THERE}/file' | sha256sum -c`;
            await mustRunInLab(lab, ['ssh', ...options, target, verify]);
          },
        },
      );
    } finally {
      await lab.destroy();
    }
  },
};
