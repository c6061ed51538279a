import { BARE_TWELVE } from './bare-hosts.ts';
import { buildProgram } from './build-program.ts';
import type { Figure } from './figure.ts';
import { repeat } from './measure.ts';
import { mustRunInLab } from './openssh.ts';

const RUNS = 5;

/** Milliseconds of one command on a connection that is open: `true` by the login user, median of a hundred one after another. */
export const commandFigure: Figure = {
  name: 'command',
  limit: 10,
  unit: 'ms',
  fixtures: [BARE_TWELVE],
  measure: async (share) => {
    const { lab, knownHosts } = await share(BARE_TWELVE);
    const program = await buildProgram('command-often');
    const [host] = lab.hosts;
    if (host === undefined) throw new Error('the lab has no host');
    const login = [host.address, host.user, host.keyPath, knownHosts];
    return await repeat(RUNS, {
      name: 'a command on an open connection',
      run: async () => Number((await mustRunInLab(lab, [process.execPath, program, ...login])).stdout),
    });
  },
};
