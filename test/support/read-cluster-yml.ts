import type { ConfigEnvironment } from '../../src/config/environment.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import type { Cluster } from '../../src/domain/cluster.ts';
import { configEnvironment } from './config-environment.ts';

const NODES = 'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]\n';

/** The cluster of a cluster.yml that has these lines beside one node; throws with the findings when it is refused. */
export function readClusterYml(lines: string, overrides: Partial<ConfigEnvironment> = {}): Cluster {
  const { cluster, findings } = parseCluster(
    `${lines}\n${NODES}`,
    'cluster.yml',
    configEnvironment(overrides),
  );
  if (!cluster) throw new Error(findings.map(({ hint, message }) => `${message} ${hint}`).join('\n'));
  return cluster;
}

/** What is said of such a file: `severity code path`, in its order. */
export function listFindingsOf(lines: string, overrides: Partial<ConfigEnvironment> = {}): readonly string[] {
  const { findings } = parseCluster(`${lines}\n${NODES}`, 'cluster.yml', configEnvironment(overrides));
  return findings.map(({ code, path, severity }) => `${severity} ${code} ${path}`);
}
