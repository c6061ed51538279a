import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { findFlagTrouble } from '../../src/rke2/component-flags.ts';
import { knownFlags } from '../../src/rke2/known-flags.ts';
import { configEnvironment } from '../support/config-environment.ts';

function find(services: object): readonly string[] {
  const nodes = [{ address: '10.0.0.11', role: ['controlplane', 'etcd', 'worker'] }];
  const { findings } = parseCluster(stringify({ nodes, services }), 'cluster.yml', configEnvironment());
  return findings.map(({ code, path }) => `${code} ${path?.split('.').slice(-1)}`);
}

const COMPONENTS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
] as const;

describe('flags of components', () => {
  it('that files of RKE1 often have are taken as they are', () => {
    expect(
      find({
        etcd: {
          extra_args: { 'auto-compaction-retention': 1, 'election-timeout': 5000, 'heartbeat-interval': 500 },
        },
        'kube-api': {
          extra_args: {
            'audit-log-truncate-enabled': true,
            'audit-webhook-batch-max-wait': '5s',
            'oidc-issuer-url': 'https://id.example.com',
            'default-not-ready-toleration-seconds': 30,
            'anonymous-auth': false,
            'authorization-mode': 'Node,RBAC,Webhook',
          },
        },
        'kube-controller': {
          extra_args: { 'node-monitor-period': '5s', 'node-monitor-grace-period': '20s' },
        },
        scheduler: { extra_args: { profiling: false, 'bind-address': '0.0.0.0' } },
        kubelet: {
          extra_args: {
            'max-pods': 250,
            max_open_files: 2_000_000,
            'event-qps': 0,
            'eviction-hard': 'memory.available<5%',
          },
        },
        kubeproxy: { extra_args: { 'proxy-mode': 'ipvs', 'ipvs-strict-arp': true } },
      }),
    ).toEqual([]);
  });

  it.each([
    ['max-pod', 'flag-unknown'],
    ['pod_manifest_path', 'flag-owned'],
    ['event-qsp', 'flag-unknown'],
    ['some-flag-of-tomorrow', undefined],
    ['max-podz-per-cpu', undefined],
  ])('named %s: %s', (flag, code) => {
    expect(find({ kubelet: { extra_args: { [flag]: 1 } } })).toEqual(code ? [`${code} ${flag}`] : []);
  });

  it.each(COMPONENTS)('of %s that are gone are nobody’s suggestion', (component) => {
    const gone = knownFlags(component).filter((flag) => findFlagTrouble(component, flag)?.kind === 'gone');
    expect(gone).toEqual([]);
  });
});
