import { runKubectl } from '../../host/run-kubectl.ts';
import type { Workspace } from '../workspace.ts';
import type { Bundle } from './bundle.ts';
import type { AskedNode } from './gather-node.ts';

const TIMEOUT_MS = 30_000;

/** By the name of the file. Tables, never objects: those may hold what is secret. */
const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  'nodes.txt': ['get', 'nodes', '-o', 'wide'],
  'pods.txt': ['get', 'pods', '-A', '-o', 'wide'],
  'events.txt': ['get', 'events', '-A', '--sort-by=.metadata.creationTimestamp'],
  'jobs.txt': ['get', 'jobs', '-A', '-o', 'wide'],
  'charts.txt': ['get', 'helmcharts.helm.cattle.io', '-A'],
};

/** What a control plane's API says; of the control planes the first that answers is asked. */
export async function gatherCluster(
  bundle: Bundle,
  asked: readonly AskedNode[],
  { cluster, signals }: Pick<Workspace, 'cluster' | 'signals'>,
): Promise<void> {
  const planes = asked.filter(({ node }) => node.roles.includes('controlplane'));
  const plane = planes.find(({ health }) => health?.nodes) ?? null;
  for (const [name, args] of Object.entries(QUESTIONS)) {
    if (plane === null) {
      bundle.miss({ node: null, what: `cluster/${name}`, why: 'no control plane answers' });
      continue;
    }
    try {
      const { stdout, stderr } = await runKubectl(plane.host, args, {
        what: `kubectl ${args.join(' ')}`,
        dataDir: cluster.dataDir,
        signal: signals.stop,
        timeoutMs: TIMEOUT_MS,
      });
      // `No resources found` comes on stderr.
      bundle.add(`cluster/${name}`, stdout === '' ? stderr : stdout);
    } catch (error) {
      signals.stop.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      bundle.miss({ node: plane.label, what: `cluster/${name}`, why });
    }
  }
}
