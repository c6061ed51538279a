import type { Marker } from '../../src/domain/marker.ts';

/** A marker of a server that was installed from the tarball. */
export function makeMarker(overrides: Partial<Marker> = {}): Marker {
  return {
    schemaVersion: 1,
    clusterId: 'cluster-1',
    clusterName: 'local',
    nodeId: '0123456789abcdef',
    machineId: 'de85c4a1117fdb6485256892e86a8f69',
    name: 'node1',
    roles: ['etcd', 'controlplane'],
    version: 'v1.35.7+rke2r1',
    installed: { method: 'airgap', package: 'tar', prefix: '/usr/local', images: [] },
    dataDir: '/var/lib/rancher/rke2',
    files: [],
    firewall: null,
    ...overrides,
  };
}
