import { BARE_TWELVE } from './bare-hosts.ts';
import { buildProgram } from './build-program.ts';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { mustRunInLab, opensshOptions } from './openssh.ts';

const RUNS = 5;

/**
 * A file of 500 MB until it lies on the host and its SHA-256 was verified there: our own code, process start and login
 * included, against scp and then sha256sum.
 */
export const uploadFigure: Figure = {
  name: 'upload',
  limit: 0.8,
  fixtures: [BARE_TWELVE],
  measure: async (share) => {
    const { lab, source, sha256, knownHosts, destination, empty } = await share(BARE_TWELVE);
    const program = await buildProgram('upload-once');
    const [host] = lab.hosts;
    if (host === undefined) throw new Error('the lab has no host');
    const options = opensshOptions(host, knownHosts);
    const target = `${host.user}@${host.address}`;
    const login = [host.address, host.user, host.keyPath, knownHosts];
    return await interleave(
      RUNS,
      {
        name: 'verified upload of 500 MB',
        before: empty,
        run: async () =>
          void (await mustRunInLab(lab, [process.execPath, program, ...login, source, destination, sha256])),
      },
      {
        name: 'scp, then sha256sum there',
        before: empty,
        run: async () => {
          await mustRunInLab(lab, ['scp', '-q', ...options, source, `${target}:${destination}`]);
          const verify = `echo '${sha256}  ${destination}' | sha256sum -c`;
          await mustRunInLab(lab, ['ssh', ...options, target, verify]);
        },
      },
    );
  },
};
