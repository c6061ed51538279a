import type { Project } from '../test/e2e/project.ts';
import { createLab, type Lab } from '../test/lab/lab.ts';
import { describeCluster } from './describe-cluster.ts';
import type { Fixture } from './fixture.ts';

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
      const servers = 3;
      const { project, knownHosts } = await describeCluster(lab, servers);
      const { exitCode, stderr } = await project.rke2ctl('up');
      if (exitCode !== 0) throw new Error(stderr);
      return { value: { lab, project, servers, knownHosts }, end: () => lab.destroy() };
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  },
};
