import { describe, expect, it } from 'vitest';
import type { Cni } from '../../src/domain/cluster.ts';
import type { Role } from '../../src/domain/role.ts';
import {
  DEFAULT_PORT_OPTIONS,
  inboundRules,
  isPortSource,
  isPortTarget,
  loopbackPorts,
  portOptions,
  portsOf,
} from '../../src/rke2/ports.ts';
import { makeCluster } from '../support/make-cluster.ts';

function lines(cni: readonly Cni[], options = DEFAULT_PORT_OPTIONS): readonly string[] {
  return inboundRules({ cni }, options).map(
    (rule) => `${rule.from}→${rule.to} ${rule.port}/${rule.protocol}`,
  );
}

describe('inboundRules', () => {
  it('asks for the same ports with every CNI, people outside apart', () => {
    expect(lines(['none'])).toEqual([
      'nodes→servers 9345/tcp',
      'nodes→controlplane 6443/tcp',
      'nodes→nodes 10250/tcp',
      'servers→etcd 2379/tcp',
      'etcd→etcd 2380/tcp',
      'anybody→nodes 80/tcp',
      'anybody→nodes 443/tcp',
      'anybody→nodes 30000-32767/tcp',
      'anybody→nodes 30000-32767/udp',
    ]);
  });

  it.each([
    [['canal'], ['8472/udp', '9099/tcp', '51820/udp', '51821/udp']],
    [['calico'], ['179/tcp', '4789/udp', '5473/tcp', '9098/tcp', '9099/tcp']],
    [['cilium'], ['8/0/icmp', '4240/tcp', '8472/udp', '51871/udp']],
    [['flannel'], ['4789/udp']],
    [
      ['multus', 'cilium'],
      ['8/0/icmp', '4240/tcp', '8472/udp', '51871/udp'],
    ],
  ] as const)('adds what %s needs between all nodes', (cni, ports) => {
    const added = lines(cni).filter((line) => !lines(['none']).includes(line));
    expect(added).toEqual(ports.map((port) => `nodes→nodes ${port}`));
  });

  it('follows the keys of RKE2 that open or close ports', () => {
    const options = portOptions(
      makeCluster({
        ingress: ['none'],
        rke2: {
          server: {
            'embedded-registry': true,
            'etcd-expose-metrics': true,
            'service-node-port-range': '31000-31999',
          },
          agent: {},
          secrets: {},
        },
      }),
    );
    const rules = lines(['none'], options);
    expect(rules).toContain('nodes→nodes 5001/tcp');
    expect(rules).toContain('nodes→nodes 9345/tcp');
    expect(rules).toContain('nodes→etcd 2381/tcp');
    expect(rules).toContain('anybody→nodes 31000-31999/udp');
    expect(rules.some((line) => line.includes(' 443/'))).toBe(false);
  });

  it('knows that a disabled ingress chart opens no ingress port', () => {
    const server = { disable: ['rke2-ingress-nginx'] };
    expect(portOptions(makeCluster({ rke2: { server, agent: {}, secrets: {} } })).ingress).toEqual([]);
    expect(portOptions(makeCluster())).toEqual(DEFAULT_PORT_OPTIONS);
  });

  it.each([
    [
      'other ports of nginx',
      { 'rke2-ingress-nginx': { controller: { hostPort: { ports: { http: 8080 } } } } },
      ['8080', '443'],
    ],
    ['no ports of nginx', { 'rke2-ingress-nginx': { controller: { hostPort: { enabled: false } } } }, []],
    [
      'nginx on the host’s own network',
      { 'rke2-ingress-nginx': { controller: { hostNetwork: true, hostPort: { enabled: false } } } },
      ['80', '443'],
    ],
  ] as const)('follows %s', (_, chartValues, ports) => {
    const rules = inboundRules(
      { cni: ['none'] },
      portOptions(makeCluster({ chartValues, ingress: ['ingress-nginx'] })),
    );
    expect(rules.filter((rule) => rule.public === 'ingress').map(({ port }) => port)).toEqual(ports);
  });

  it('opens the ports of both ingress controllers', () => {
    const chartValues = {
      'rke2-traefik': { ports: { web: { hostPort: 8000 }, websecure: { hostPort: null } } },
    };
    const options = portOptions(makeCluster({ chartValues, ingress: ['ingress-nginx', 'traefik'] }));
    expect(options.ingress.map(({ port }) => port)).toEqual([80, 443, 8000]);
  });

  it.each([
    ['canal', { flannel: { backendPort: 4789 } }, '4789/udp', '8472/udp'],
    ['canal', { flannel: { backend: 'wireguard', backendPort: 51900 } }, '51900/udp', '51820/udp'],
    ['canal', { flannel: { backend: 'udp' } }, '8285/udp', '4789/udp'],
    ['flannel', { flannel: { backendPort: 8472 } }, '8472/udp', '4789/udp'],
    ['flannel', { flannel: { backend: 'wireguard' } }, '51820/udp', '4789/udp'],
  ] as const)('moves the port between nodes: %s %j', (cni, values, there, gone) => {
    const base = makeCluster();
    const cluster = {
      ...base,
      network: { ...base.network, cni: [cni] },
      chartValues: { [`rke2-${cni}`]: values },
    };
    const written = lines([cni], portOptions(cluster));
    expect(written).toContain(`nodes→nodes ${there}`);
    expect(written).not.toContain(`nodes→nodes ${gone}`);
  });
});

describe('with a datastore outside the cluster', () => {
  const options = { ...DEFAULT_PORT_OPTIONS, externalDatastore: true, etcdMetrics: true };

  it('asks for no port of etcd between nodes', () => {
    expect(lines(['canal'], options).filter((line) => /\b23[78]\d\b/.test(line))).toEqual([]);
    expect(lines(['canal'], options)).toContain('nodes→servers 9345/tcp');
  });

  it('needs no port of etcd to be free on a control plane', () => {
    const ports = portsOf(['controlplane', 'worker'], ['canal'], options).map((listen) => listen.port);
    expect(ports.filter((port) => port >= 2379 && port <= 2382)).toEqual([]);
    expect(ports).toContain(6443);
  });
});

describe('portsOf', () => {
  it.each([
    [
      ['etcd', 'controlplane'],
      [9345, 6443, 10250, 2379, 2380, 10257, 2381],
      [80, 443],
    ],
    [['etcd'], [9345, 6443, 10250, 2379, 2380, 2382], [10257, 80]],
    [['controlplane'], [9345, 6443, 10250, 2379, 10259], [2380, 2382, 443]],
    [['worker'], [10250, 80, 443, 6443, 6444], [9345, 2379, 2380, 10257]],
  ] as const)('of a node with %s', (roles, taken, free) => {
    const ports = portsOf(roles, ['canal']).map((port) => port.port);
    for (const port of taken) expect(ports).toContain(port);
    for (const port of free) expect(ports).not.toContain(port);
    expect(new Set(portsOf(roles, ['canal']).map((p) => `${p.port}/${p.protocol}`)).size).toBe(ports.length);
  });

  it('has the load balancers of nodes without API server or etcd on loopback only', () => {
    const bind = (roles: readonly Role[], port: number) =>
      portsOf(roles, ['canal']).find((listen) => listen.port === port)?.bind;
    expect(bind(['worker'], 6443)).toBe('loopback');
    expect(bind(['controlplane'], 6443)).toBe('any');
    expect(bind(['controlplane'], 2379)).toBe('loopback');
    expect(bind(['etcd'], 2379)).toBe('any');
    expect(loopbackPorts().every((port) => port.bind === 'loopback')).toBe(true);
  });
});

describe('who needs a port and who answers', () => {
  it('is decided by the roles', () => {
    expect(isPortTarget('servers', ['etcd'])).toBe(true);
    expect(isPortTarget('servers', ['worker'])).toBe(false);
    expect(isPortTarget('nodes', ['worker'])).toBe(true);
    expect(isPortTarget('controlplane', ['etcd', 'worker'])).toBe(false);
    expect(isPortSource('etcd', ['controlplane'])).toBe(false);
    expect(isPortSource('servers', ['controlplane'])).toBe(true);
    expect(isPortSource('anybody', ['etcd', 'controlplane', 'worker'])).toBe(false);
  });
});
