import { join } from 'node:path';
import { expect, it } from 'vitest';
import { statePaths } from '../../src/state/state-paths.ts';

it('names everything after cluster.yml, beside it', () => {
  expect(statePaths('/srv/k8s/cluster.yml')).toEqual({
    state: '/srv/k8s/cluster.rkestate',
    lock: '/srv/k8s/cluster.rkestate.lock',
    history: '/srv/k8s/cluster.rkestate.history',
    journal: '/srv/k8s/cluster.journal.ndjson',
    log: '/srv/k8s/cluster.log',
    kubeconfig: '/srv/k8s/kube_config_cluster.yml',
  });
});

it.each([
  ['prod.yml', 'prod.rkestate', 'kube_config_prod.yml'],
  ['prod.eu.yaml', 'prod.eu.rkestate', 'kube_config_prod.eu.yaml'],
  ['./sub/cluster', 'sub/cluster.rkestate', 'sub/kube_config_cluster'],
])('%s → %s and %s, absolute', (config, state, kubeconfig) => {
  const paths = statePaths(config);
  expect(paths.state).toBe(join(process.cwd(), state));
  expect(paths.kubeconfig).toBe(join(process.cwd(), kubeconfig));
});
