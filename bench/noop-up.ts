import { clusterFile, makeProject, type Project, SERVER, WORKER } from '../test/e2e/project.ts';
import { createLab } from '../test/lab/lab.ts';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { mustRunInLab, opensshOptions, writeKnownHosts } from './openssh.ts';

const RUNS = 11;

/** An `up` of six running hosts that finds nothing to do, against `ssh HOST true` to the same six at once. */
export const noopUpFigure: Figure = {
  name: 'noop-up',
  limit: 3,
  measure: async () => {
    const lab = await createLab({ name: 'bench-noop', hosts: 6 });
    try {
      const project = await makeProject(lab, 'bench');
      const knownHosts = project.path('known_hosts');
      await writeKnownHosts(lab, knownHosts);
      await project.write({
        ...clusterFile(lab, [SERVER, SERVER, SERVER, WORKER, WORKER, WORKER]),
        ssh: { known_hosts: knownHosts },
      });
      const first = await project.rke2ctl('up');
      if (first.exitCode !== 0) throw new Error(first.stderr);
      const logIn = lab.hosts.map((host) => [
        'ssh',
        ...opensshOptions(host, knownHosts),
        `${host.user}@${host.address}`,
        'true',
      ]);
      return await interleave(
        RUNS,
        { name: 'no-op up of 6 hosts', run: () => upWithNothingToDo(project) },
        {
          name: 'ssh true to the 6 at once',
          run: async () => void (await Promise.all(logIn.map((command) => mustRunInLab(lab, command)))),
        },
      );
    } finally {
      await lab.destroy();
    }
  },
};

async function upWithNothingToDo(project: Project): Promise<void> {
  const { exitCode, stderr, stdout } = await project.rke2ctl('up');
  if (exitCode !== 0 || !`${stdout}${stderr}`.includes('Nothing to do'))
    throw new Error(`up found something to do (exit code ${exitCode}): ${stderr}${stdout}`);
}
