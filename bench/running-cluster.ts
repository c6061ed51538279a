import { clusterFile, makeProject, type Project, SERVER, WORKER } from '../test/e2e/project.ts';
import { createLab, type Lab } from '../test/lab/lab.ts';
import type { Fixture } from './fixture.ts';
import { writeKnownHosts } from './openssh.ts';

/** A cluster that rke2ctl has made, with the project it was made from. */
export interface RunningCluster {
  readonly lab: Lab;
  readonly project: Project;
  readonly servers: number;
  /** The keys of all hosts, for whoever is not rke2ctl. */
  readonly knownHosts: string;
}

/** 3 servers and 17 workers that run: twenty hosts with nothing to do. */
export const RUNNING_TWENTY: Fixture<RunningCluster> = {
  make: async () => {
    const lab = await createLab({ name: 'bench-twenty', hosts: 20 });
    try {
      const project = await makeProject(lab, 'bench');
      const knownHosts = project.path('known_hosts');
      await writeKnownHosts(lab, knownHosts);
      const servers = 3;
      const roles = lab.hosts.map((_, index) => (index < servers ? SERVER : WORKER));
      await project.write({ ...clusterFile(lab, roles), ssh: { known_hosts: knownHosts } });
      const { exitCode, stderr } = await project.rke2ctl('up');
      if (exitCode !== 0) throw new Error(stderr);
      return { value: { lab, project, servers, knownHosts }, end: () => lab.destroy() };
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  },
};
