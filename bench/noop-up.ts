import type { Project } from '../test/e2e/project.ts';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { mustRunInLab, opensshOptions } from './openssh.ts';
import { RUNNING_TWENTY } from './running-cluster.ts';

const RUNS = 11;

/** An `up` of twenty running hosts that finds nothing to do, against `ssh HOST true` to the same twenty at once. */
export const noopUpFigure: Figure = {
  name: 'noop-up',
  limit: 1.5,
  fixtures: [RUNNING_TWENTY],
  measure: async (share) => {
    const { lab, project, knownHosts } = await share(RUNNING_TWENTY);
    const logIn = lab.hosts.map((host) => [
      'ssh',
      ...opensshOptions(host, knownHosts),
      `${host.user}@${host.address}`,
      'true',
    ]);
    return await interleave(
      RUNS,
      { name: 'no-op up of 20 hosts', run: () => mustUpWithNothingToDo(project) },
      {
        name: 'ssh true to the 20 at once',
        run: async () => void (await Promise.all(logIn.map((command) => mustRunInLab(lab, command)))),
      },
    );
  },
};

/** Runs `up`; throws unless it found nothing to do. */
export async function mustUpWithNothingToDo(project: Project): Promise<void> {
  const { exitCode, stderr, stdout } = await project.rke2ctl('up');
  if (exitCode !== 0 || !`${stdout}${stderr}`.includes('Nothing to do'))
    throw new Error(`up found something to do (exit code ${exitCode}): ${stderr}${stdout}`);
}
