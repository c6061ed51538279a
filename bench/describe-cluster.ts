import { clusterFile, makeProject, type Project, SERVER, WORKER } from '../test/e2e/project.ts';
import type { Lab } from '../test/lab/lab.ts';
import { writeKnownHosts } from './openssh.ts';

/** A project whose cluster.yml names all hosts of a lab, and the keys of these, for whoever is not rke2ctl. */
export interface DescribedCluster {
  readonly project: Project;
  readonly knownHosts: string;
}

/** Writes cluster.yml: the first hosts are `servers`, the others workers. Nothing is made on them. */
export async function describeCluster(lab: Lab, servers: number): Promise<DescribedCluster> {
  const project = await makeProject(lab, 'bench');
  const knownHosts = project.path('known_hosts');
  await writeKnownHosts(lab, knownHosts);
  const roles = lab.hosts.map((_, index) => (index < servers ? SERVER : WORKER));
  await project.write({ ...clusterFile(lab, roles), ssh: { known_hosts: knownHosts } });
  return { project, knownHosts };
}
