import { defaultVersion } from '../test/lab/artifacts.ts';
import type { Lab } from '../test/lab/lab.ts';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { mustUpWithNothingToDo } from './noop-up.ts';
import { type PlaybookInput, requireAnsible, runPlaybook } from './run-ansible.ts';
import { RUNNING_TWENTY, type RunningCluster } from './running-cluster.ts';

const RUNS = 5;

/** An `up` of twenty running hosts that finds nothing to do, against Ansible, which finds nothing to do on the same. */
export const noopUpAnsibleFigure: Figure = {
  name: 'noop-up-ansible',
  limit: 0.067,
  versus: 'ansible',
  fixtures: [RUNNING_TWENTY],
  measure: async (share) => {
    await requireAnsible();
    const cluster = await share(RUNNING_TWENTY);
    const playbook = await playbookFor(cluster);
    // The kubeconfig is not where Ansible's goes.
    const first = await runPlaybook(cluster.lab, playbook);
    if (first > 1) throw new Error(`Ansible changed ${first} things of a cluster that rke2ctl has made`);
    return await interleave(
      RUNS,
      { name: 'no-op up of 20 hosts', run: () => mustUpWithNothingToDo(cluster.project) },
      { name: 'Ansible, changed=0', run: () => mustChangeNothing(cluster.lab, playbook) },
    );
  },
};

async function mustChangeNothing(lab: Lab, playbook: PlaybookInput): Promise<void> {
  const changed = await runPlaybook(lab, playbook);
  if (changed > 0) throw new Error(`Ansible changed ${changed} things where nothing was to do`);
}

/** The words that make the playbook write the very files which are there. */
async function playbookFor({ lab, project, servers, knownHosts }: RunningCluster): Promise<PlaybookInput> {
  const read = async (path: string) => (await lab.exec('node1', ['cat', path])).stdout.trim();
  const [config, serverToken, agentToken] = await Promise.all([
    read('/etc/rancher/rke2/config.yaml'),
    read('/etc/rancher/rke2/server-token'),
    read('/etc/rancher/rke2/agent-token'),
  ]);
  return {
    servers,
    version: defaultVersion,
    serverToken,
    agentToken,
    header: config.split('\n')[0]?.replace(/^# /, '') ?? '',
    knownHosts,
    directory: project.path('ansible'),
  };
}
