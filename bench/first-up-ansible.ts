import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import type { Project } from '../test/e2e/project.ts';
import { defaultVersion } from '../test/lab/artifacts.ts';
import { createLab, type Lab, type LabHost } from '../test/lab/lab.ts';
import { describeCluster } from './describe-cluster.ts';
import type { Figure } from './figure.ts';
import { interleave } from './measure.ts';
import { type PlaybookInput, requireAnsible, runPlaybook } from './run-ansible.ts';
import { secondsOfStarts } from './service-times.ts';

const RUNS = 5;

/** Six fresh hosts made a cluster, less the time in which a service was getting ready, against the same by Ansible. */
export const firstUpAnsibleFigure: Figure = {
  name: 'first-up-ansible',
  limit: 0.2,
  versus: 'ansible',
  measure: async () => {
    await requireAnsible();
    const lab = await createLab({ name: 'bench-first', hosts: 6 });
    try {
      const { project, knownHosts } = await describeCluster(lab, 3);
      const playbook: PlaybookInput = {
        servers: 3,
        version: defaultVersion,
        serverToken: randomBytes(16).toString('hex'),
        agentToken: randomBytes(16).toString('hex'),
        header: 'Written by Ansible.',
        knownHosts,
        directory: project.path('ansible'),
      };
      const before = () => reset(lab, project);
      return await interleave(
        RUNS,
        {
          name: 'first up of 6 hosts, less the services',
          before,
          run: () => own(lab, project.path('kube_config_cluster.yml'), () => up(project)),
        },
        {
          name: 'Ansible, less the services',
          before,
          run: () =>
            own(lab, `${playbook.directory}/kubeconfig`, async () => void (await runPlaybook(lab, playbook))),
        },
      );
    } finally {
      await lab.destroy();
    }
  },
};

async function up(project: Project): Promise<void> {
  const { exitCode, stderr } = await project.rke2ctl('up');
  if (exitCode !== 0) throw new Error(stderr);
}

/** The seconds of an installation in which no service was getting ready; throws unless it made six Ready nodes. */
async function own(lab: Lab, kubeconfig: string, installation: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await installation();
  const total = (performance.now() - started) / 1000;
  const { stdout } = await lab.run([lab.kubectl, '--kubeconfig', kubeconfig, 'get', 'nodes', '--no-headers']);
  const ready = stdout.split('\n').filter((line) => /\sReady\s/.test(line)).length;
  if (ready !== lab.hosts.length) throw new Error(`${ready} nodes are Ready:\n${stdout}`);
  const services = await secondsOfStarts(lab, kubeconfig);
  console.log(`    ${total.toFixed(1)} s in all, services ${services.toFixed(1)} s`);
  return total - services;
}

/** Takes RKE2, what belongs to it and our state away, whoever has put it there. */
async function reset(lab: Lab, project: Project): Promise<void> {
  await Promise.all(lab.hosts.map((host) => clean(lab, host)));
  const files = await readdir(project.directory);
  const ours = files.filter(
    (file) => /^(cluster|kube_config_cluster)\./.test(file) && file !== 'cluster.yml',
  );
  await Promise.all(ours.map((file) => rm(project.path(file), { recursive: true })));
}

const CLEAN = `
if [ -x /usr/local/bin/rke2-uninstall.sh ]; then /usr/local/bin/rke2-uninstall.sh >/dev/null 2>&1 || exit 1; fi
rm -rf /etc/rancher /var/lib/rancher /etc/firewalld/ipsets/* /etc/firewalld/zones/*
firewall-cmd --quiet --reload
sync
`;

async function clean(lab: Lab, { name }: LabHost): Promise<void> {
  const { exitCode, stderr } = await lab.exec(name, ['sh', '-c', CLEAN]);
  if (exitCode !== 0) throw new Error(`${name} could not be cleaned: ${stderr}`);
}
