import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../../../src/domain/observed.ts';
import type { Role } from '../../../src/domain/role.ts';
import { CHECK_NAMES } from '../../../src/plan/checks/catalog.ts';
import { checkHosts } from '../../../src/plan/checks/check-hosts.ts';
import { makeCluster, makeNode } from '../../support/make-cluster.ts';
import { makeFacts, makeMarker, makeObserved, makeRke2Facts } from '../../support/make-facts.ts';

const word = fc.oneof(
  fc.string(),
  fc.constantFrom('', '/', '10.42.0.0', '::1', 'fe80::1%eth0', '0.0.0.0', 'default'),
);
const number = fc.oneof(fc.integer(), fc.constantFrom(0, 22, 6443, 9345, 8472, 2 ** 53));
const unit = fc.record({
  exists: fc.boolean(),
  active: fc.constantFrom('active', 'failed', 'inactive', ''),
  enabled: fc.boolean(),
  path: fc.option(word),
});

const anyFacts: fc.Arbitrary<HostFacts> = fc
  .record({
    hostname: word,
    machineId: fc.constantFrom('', 'm1', 'm2'),
    arch: fc.constantFrom('amd64', 'x86_64', 'arm64', 'mips', '', '__proto__', 'constructor'),
    os: fc.record({ id: word, versionId: word, idLike: fc.array(word), name: word }),
    clockOffsetMs: fc.oneof(fc.integer(), fc.constant(Number.NaN)),
    cpus: number,
    memoryBytes: number,
    swapBytes: number,
    systemd: fc.boolean(),
    cgroup: fc.record({ version: fc.constantFrom(1 as const, 2 as const), controllers: fc.array(word) }),
    addresses: fc.array(fc.record({ interface: word, address: word, prefix: number })),
    routes: fc.array(fc.record({ destination: word, interface: word })),
    listening: fc.array(
      fc.record({
        protocol: fc.constantFrom('tcp' as const, 'udp' as const),
        address: word,
        port: number,
        process: fc.option(word),
      }),
    ),
    filesystems: fc.array(
      fc.record({
        path: word,
        mountPoint: word,
        type: word,
        availableBytes: number,
        readOnly: fc.boolean(),
        noexec: fc.boolean(),
      }),
    ),
    commands: fc.array(word),
    selinux: fc.constantFrom('enforcing' as const, 'permissive' as const, 'disabled' as const),
    fapolicyd: fc.boolean(),
    nameservers: fc.array(word),
    sysctls: fc.dictionary(word, word),
    rke1: fc.record({
      docker: fc.boolean(),
      containers: fc.array(word),
      podContainers: fc.nat(),
      paths: fc.array(word),
      interfaces: fc.array(word),
      chains: fc.nat(),
      mounts: fc.nat(),
    }),
    fsyncMs: fc.option(fc.double()),
    resolved: fc.dictionary(word, fc.array(word)),
    rke2: fc
      .record({
        server: unit,
        agent: unit,
        marker: fc.constantFrom(null, 'unreadable' as const, makeMarker(), makeMarker({ clusterId: 'c2' })),
        etcdData: fc.boolean(),
        rpm: fc.boolean(),
        binaries: fc.array(fc.record({ path: word, version: word })),
      })
      .map(makeRke2Facts),
  })
  .map(makeFacts);

const anyRoles: fc.Arbitrary<readonly Role[]> = fc.subarray<Role>(['etcd', 'controlplane', 'worker']);

describe('whatever the hosts say', () => {
  it('no check throws, and every finding is complete', () => {
    fc.assert(
      fc.property(
        anyFacts,
        anyFacts,
        anyRoles,
        fc.option(fc.constant('c1')),
        word,
        (a, b, roles, clusterId, cidr) => {
          const nodes = [
            makeNode('10.0.0.1', roles),
            makeNode('host.example', ['worker'], { internalAddress: cidr }),
          ];
          const network = { ...makeCluster().network, clusterCidr: [cidr, '10.42.0.0/16', 'fd00::/56'] };
          const findings = checkHosts({
            cluster: makeCluster({ nodes, network, endpoint: { host: 'k8s', port: 6443 } }),
            observed: makeObserved({ '10.0.0.1:22': a, 'host.example:22': b }),
            clusterId,
            requiredDiskBytes: { '10.0.0.1:22': { '/var/lib/rancher/rke2': 1, [cidr]: 2 ** 40 } },
            architectures: ['amd64'],
          });
          for (const finding of findings) {
            expect(CHECK_NAMES).toContain(finding.code);
            expect(finding.message).not.toMatch(/\bundefined\b|\[object |\bnull\b/);
            expect(finding.hint).not.toBe('');
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
