import { describe, expect, it } from 'vitest';
import { checkHosts } from '../../src/plan/checks/check-hosts.ts';
import { cleanedFacts } from '../../src/plan/cleaned-facts.ts';
import { makeCluster } from '../support/make-cluster.ts';
import { makeFacts, makeRke1Facts } from '../support/make-facts.ts';

describe('a host as its cleaning will leave it', () => {
  const halfCleaned = makeFacts({
    rke1: makeRke1Facts({
      docker: true,
      paths: ['/etc/cni/net.d/10-canal.conflist', '/var/lib/kubelet/pods', '/opt/rke'],
      interfaces: ['flannel.1', 'cali0a1b2c3d4e5'],
      chains: 40,
      mounts: 2,
    }),
  });

  it('has none of the network and volumes that a cleaning which was cut off left there', () => {
    expect(cleanedFacts(halfCleaned).rke1).toEqual(makeRke1Facts({ docker: true, paths: ['/opt/rke'] }));
  });

  it('is fit to be joined anew', () => {
    const cluster = makeCluster({});
    const [node] = cluster.nodes;
    const codes = (facts: typeof halfCleaned) =>
      checkHosts({
        cluster,
        observed: { hosts: { [node?.key ?? '']: { reachable: true, facts } } },
        clusterId: 'c1',
        requiredDiskBytes: {},
        architectures: null,
      }).flatMap(({ severity, code }) => (severity === 'error' ? [code] : []));
    expect(codes(halfCleaned)).toContain('rke1-leftovers');
    expect(codes(cleanedFacts(halfCleaned))).not.toContain('rke1-leftovers');
  });

  it('keeps the containers that Docker has, which no cleaning of ours ends', () => {
    const facts = makeFacts({
      rke1: makeRke1Facts({ docker: true, containers: ['etcd'], podContainers: 3 }),
    });
    expect(cleanedFacts(facts).rke1).toEqual(facts.rke1);
  });
});
