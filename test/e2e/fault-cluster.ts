import { createLab, type Lab } from '../lab/lab.ts';
import { type ClusterIdentity, readIdentity } from './cluster-identity.ts';
import { clusterFile, makeProject, nodeEntry, type Project, SERVER, WORKER } from './project.ts';

/** Hosts to be plagued, and the project of their cluster; node1 and node2 are servers, the others workers. */
export interface FaultCluster {
  readonly lab: Lab;
  readonly project: Project;
  /** Writes a cluster.yml of these hosts. */
  readonly writeFileOf: (...names: string[]) => Promise<void>;
  readonly identity: () => Promise<ClusterIdentity>;
  readonly address: (name: string) => string;
  /** A shell line as root inside a host, with what it printed. */
  readonly sh: (name: string, line: string) => Promise<string>;
  /** A second folder with the file as it is now, as another operator would have it. */
  readonly colleague: () => Promise<Project>;
}

/** Dead connections are noticed within seconds, so that the tests need not wait. */
const SSH = { keepalive: '1s', connect_timeout: '5s' };

/** Makes a lab with a sudo password, and a project in it. */
export async function createFaultCluster(name: string, hosts: number): Promise<FaultCluster> {
  const lab = await createLab({ name, hosts, sudo: 'password' });
  const project = await makeProject(lab, name);
  let content = {};
  return {
    lab,
    project,
    writeFileOf: async (...names) => {
      const nodes = lab.hosts.filter((host) => names.includes(host.name));
      content = {
        ...clusterFile(lab, []),
        nodes: nodes.map((host) =>
          nodeEntry(host, host.name === 'node1' || host.name === 'node2' ? SERVER : WORKER),
        ),
        ssh: SSH,
      };
      await project.write(content);
    },
    identity: () => readIdentity(lab, project, 'node1'),
    address: (host) => lab.hosts.find((each) => each.name === host)?.address ?? '',
    sh: async (host, line) => (await lab.exec(host, ['sh', '-c', line])).stdout.trim(),
    colleague: async () => {
      const other = await makeProject(lab, `${name}-colleague`);
      await other.write(content);
      return other;
    },
  };
}
