import { writeFile } from 'node:fs/promises';
import type { Project } from '../test/e2e/project.ts';
import { createLab, type Lab, type LabHost } from '../test/lab/lab.ts';
import { buildProgram } from './build-program.ts';
import { describeCluster } from './describe-cluster.ts';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { mustUpWithNothingToDo } from './noop-up.ts';
import { mustRunInLab, opensshOptions } from './openssh.ts';

const RUNS = 11;
const DELAY_MS = 50;
const FIRST_PORT = 2201;

/** The same as `noop-up` with six hosts that are far away: what counts are the round trips. */
export const noopDelayedFigure: Figure = {
  name: 'noop-delayed',
  limit: 1.5,
  measure: async () => {
    const lab = await createLab({ name: 'bench-delayed', hosts: 6 });
    try {
      const { project, knownHosts } = await describeCluster(lab, 3);
      const first = await project.rke2ctl('up');
      if (first.exitCode !== 0) throw new Error(first.stderr);
      const end = await goByRelay(lab, project);
      try {
        const logIn = lab.hosts.map((host, index) => [
          'ssh',
          ...opensshOptions(host, knownHosts),
          ...Object.entries(wayTo(host, index)).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
          `${host.user}@${host.address}`,
          'true',
        ]);
        return await interleave(
          RUNS,
          {
            name: `no-op up of 6 hosts, ${DELAY_MS} ms away`,
            run: () => mustUpWithNothingToDo(project),
          },
          {
            name: 'ssh true to the 6 at once',
            run: async () => void (await Promise.all(logIn.map((command) => mustRunInLab(lab, command)))),
          },
        );
      } finally {
        await end();
      }
    } finally {
      await lab.destroy();
    }
  },
};

/** ssh_config's words for the way through the relay, which both sides take. */
function wayTo(host: LabHost, index: number): Readonly<Record<string, string>> {
  return { HostName: '127.0.0.1', Port: String(FIRST_PORT + index), HostKeyAlias: host.address };
}

/** Starts the relay on the controller's side, and has rke2ctl take it from now on. Gives what ends it. */
async function goByRelay(lab: Lab, project: Project): Promise<() => Promise<void>> {
  const routes = lab.hosts.map(({ address }, index) => `${FIRST_PORT + index}=${address}:22`);
  const program = await buildProgram('delay-relay');
  const relay = lab.spawn([process.execPath, program, String(DELAY_MS), ...routes], { stdin: 'pipe' });
  await new Promise((resolve, reject) => {
    relay.stdout?.once('data', resolve);
    relay.then(({ stderr }) => reject(new Error(`the relay ended: ${String(stderr)}`)), reject);
  });
  const blocks = lab.hosts.map((host, index) => {
    const words = Object.entries(wayTo(host, index)).map(([name, value]) => `  ${name} ${value}\n`);
    return `Host ${host.address}\n${words.join('')}`;
  });
  await writeFile(project.path('home/.ssh/config'), blocks.join(''), { mode: 0o600 });
  return async () => {
    relay.stdin?.end();
    await relay;
  };
}
