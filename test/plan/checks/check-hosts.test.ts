import { describe, expect, it } from 'vitest';
import type { Cluster, ClusterNode } from '../../../src/domain/cluster.ts';
import type { Diagnostic } from '../../../src/domain/diagnostic.ts';
import type { HostFacts } from '../../../src/domain/observed.ts';
import { CHECK_NAMES, CHECKS } from '../../../src/plan/checks/catalog.ts';
import type { CheckInput } from '../../../src/plan/checks/check.ts';
import { checkHosts } from '../../../src/plan/checks/check-hosts.ts';
import { makeCluster, makeNode } from '../../support/make-cluster.ts';
import {
  makeFacts,
  makeMarker,
  makeObserved,
  makeRke1Facts,
  makeRke2Facts,
  makeRunningServer,
} from '../../support/make-facts.ts';

const GIB = 1024 ** 3;
const KEY = '10.0.0.1:22';

function makeInput(facts: HostFacts, overrides: Partial<CheckInput> = {}): CheckInput {
  return {
    cluster: makeCluster(),
    observed: makeObserved({ [KEY]: facts }),
    clusterId: 'c1',
    requiredDiskBytes: {},
    architectures: ['amd64'],
    ...overrides,
  };
}

const lines = (findings: readonly Diagnostic[]) => findings.map((each) => `${each.severity} ${each.code}`);

interface Case {
  readonly finding: string;
  readonly what: string;
  readonly facts?: HostFacts;
  readonly input?: Partial<CheckInput>;
  readonly message: RegExp;
  readonly hint?: RegExp;
}

const server = (profile: string) => ({ rke2: { server: { profile }, agent: {}, secrets: {} } });
const withNode = (overrides: Partial<ClusterNode>): Partial<CheckInput> => ({
  cluster: makeCluster({ nodes: [makeNode('10.0.0.1', ['etcd', 'controlplane', 'worker'], overrides)] }),
});
const withCluster = (overrides: Partial<Cluster>): Partial<CheckInput> => ({
  cluster: makeCluster(overrides),
});
const filesystem = (overrides: object) => [
  {
    path: '/var/lib/rancher/rke2',
    mountPoint: '/var',
    type: 'xfs',
    availableBytes: GIB,
    readOnly: false,
    noexec: false,
    ...overrides,
  },
];

const CASES: readonly Case[] = [
  {
    finding: 'error architecture',
    what: 'artifacts for another processor',
    facts: makeFacts({ arch: 'aarch64' }),
    message: /is arm64, and the artifacts hold RKE2 for amd64/,
    hint: /sha256sum-arm64\.txt/,
  },
  {
    finding: 'error architecture',
    what: 'a processor that nobody builds for',
    facts: makeFacts({ arch: 'riscv64' }),
    input: { architectures: null },
    message: /riscv64/,
  },
  {
    finding: 'error systemd',
    what: 'another init',
    facts: makeFacts({ systemd: false }),
    message: /systemd does not run/,
  },
  {
    finding: 'error ports-free',
    what: 'a port taken by a web server',
    facts: makeFacts({
      listening: [{ protocol: 'tcp', address: '0.0.0.0', port: 6443, process: 'nginx (812)' }],
    }),
    message: /Port 6443\/tcp \(Kubernetes API\) is taken by nginx \(812\) on 0\.0\.0\.0/,
    hint: /sport = :6443/,
  },
  {
    finding: 'error ports-free',
    what: 'a loopback port taken on loopback',
    facts: makeFacts({ listening: [{ protocol: 'tcp', address: '127.0.0.1', port: 10248, process: null }] }),
    message: /10248\/tcp \(kubelet health\) is taken by something that the kernel does not name/,
  },
  {
    finding: 'error ports-free',
    what: 'the VXLAN port of a leftover interface',
    facts: makeFacts({ listening: [{ protocol: 'udp', address: '0.0.0.0', port: 8472, process: null }] }),
    message: /8472\/udp/,
    hint: /ip -d link show type vxlan/,
  },
  {
    finding: 'error ports-free',
    what: 'a stranger on a port of our node while RKE2 is down',
    facts: makeRunningServer({
      listening: [{ protocol: 'tcp', address: '::', port: 6443, process: 'haproxy (77)' }],
      rke2: {
        ...makeRunningServer().rke2,
        server: { exists: true, active: 'failed', enabled: true, path: null },
      },
    }),
    message: /haproxy/,
  },
  {
    finding: 'error node-name',
    what: 'a hostname with an underscore',
    facts: makeFacts({ hostname: 'db_1' }),
    message: /hostname "db_1"/,
    hint: /hostname_override/,
  },
  {
    finding: 'error node-name',
    what: 'localhost',
    facts: makeFacts({ hostname: 'localhost' }),
    message: /localhost/,
  },
  {
    finding: 'error internal-address',
    what: 'an internal address that the host does not have',
    input: withNode({ internalAddress: '192.168.7.7' }),
    message: /192\.168\.7\.7 is not an address of this host \(it has 10\.0\.0\.1\)/,
  },
  {
    finding: 'error both-families',
    what: 'no IPv6 address in a cluster with both families',
    input: {
      cluster: makeCluster({
        network: {
          ...makeCluster().network,
          clusterCidr: ['10.42.0.0/16', 'fd00:42::/56'],
          serviceCidr: ['10.43.0.0/16', 'fd00:43::/112'],
        },
      }),
    },
    message: /no IPv6 address beside 10\.0\.0\.1/,
    hint: /internal_address/,
  },
  {
    finding: 'error foreign-file',
    what: 'an environment file that somebody else wrote',
    facts: makeFacts({
      rke2: makeRke2Facts({
        files: { '/etc/default/rke2-server': { sha256: 'f'.repeat(64), mode: '0644' } },
      }),
    }),
    input: { cluster: makeCluster({ environment: { HTTP_PROXY: 'http://proxy:3128' } }) },
    message: /^\/etc\/default\/rke2-server is on the host already, and rke2ctl did not write it/,
    hint: /--ignore-check foreign-file/,
  },
  {
    finding: 'error foreign-cluster',
    what: 'the marker of another cluster',
    facts: makeFacts({
      rke2: makeRke2Facts({ marker: makeMarker({ clusterId: 'c2', clusterName: 'prod' }) }),
    }),
    message: /another cluster, cluster "prod" \(c2\)/,
  },
  {
    finding: 'error foreign-cluster',
    what: 'a marker and no state',
    facts: makeRunningServer(),
    input: { clusterId: null },
    message: /no state file/,
    hint: /rke2ctl state rebuild/,
  },
  {
    finding: 'error foreign-cluster',
    what: 'a marker that nobody can read',
    facts: makeFacts({ rke2: makeRke2Facts({ marker: 'unreadable' }) }),
    message: /rke2ctl\.json is there but cannot be read/,
  },
  {
    finding: 'error unmanaged-rke2',
    what: 'RKE2 without a marker',
    facts: makeRunningServer({ rke2: { ...makeRunningServer().rke2, marker: null } }),
    message: /rke2-server\.service \(active\), an etcd database, \/usr\/local\/bin\/rke2 v1\.35\.7/,
    hint: /rke2-uninstall\.sh/,
  },
  {
    finding: 'error package-kind',
    what: 'packages where a tarball would go',
    facts: makeFacts({ rke2: makeRke2Facts({ rpm: true }) }),
    message: /installed here as RPM/,
  },
  {
    finding: 'error package-kind',
    what: 'a tarball where packages would go',
    facts: makeRunningServer(),
    input: withCluster({ install: { ...makeCluster().install, method: 'script', package: 'rpm' } }),
    message: /from the tarball \(\/usr\/local\/bin\/rke2\)/,
  },
  {
    finding: 'error rke1-leftovers',
    what: 'containers of RKE1',
    facts: makeFacts({ rke1: makeRke1Facts({ containers: ['kube-apiserver', 'etcd'], podContainers: 17 }) }),
    message: /kube-apiserver, etcd; 17 containers of pods/,
    hint: /`docker rm -f kube-apiserver etcd`, then `docker rm -f \$\(docker ps -aqf name=k8s_\)`, and reboot/,
  },
  {
    finding: 'error rke1-leftovers',
    what: 'the network of RKE1',
    facts: makeFacts({
      rke1: makeRke1Facts({
        interfaces: ['flannel.1'],
        chains: 214,
        paths: ['/etc/cni/net.d/10-canal.conflist'],
      }),
    }),
    message: /interfaces \(flannel\.1\); CNI configuration \(.*10-canal.*\); 214 chains in iptables/,
    hint: /`rm -rf \/etc\/cni\/net\.d \/var\/lib\/cni`, and reboot/,
  },
  {
    finding: 'error rke1-leftovers',
    what: 'volumes of RKE1’s pods',
    facts: makeFacts({ rke1: makeRke1Facts({ paths: ['/var/lib/kubelet/pods'], mounts: 3 }) }),
    message: /of which 3 are mounted/,
  },
  {
    finding: 'warning rke1-remains',
    what: 'directories of RKE1',
    facts: makeFacts({ rke1: makeRke1Facts({ docker: true, paths: ['/etc/kubernetes', '/opt/rke'] }) }),
    message: /\/etc\/kubernetes, \/opt\/rke.*Docker runs here as well/,
    hint: /`rm -rf \/etc\/kubernetes \/opt\/rke`/,
  },
  {
    finding: 'error disk-space',
    what: 'a small disk',
    facts: makeFacts({ filesystems: filesystem({}) }),
    input: {
      requiredDiskBytes: {
        [KEY]: { '/var/lib/rancher/rke2': 1.5 * GIB, '/var/lib/rancher/rke2/agent/images': 0.5 * GIB },
      },
    },
    message: /\/var has 1\.0 GiB free, and 2\.0 GiB will be needed/,
  },
  {
    finding: 'error disk-space',
    what: 'a read-only disk',
    facts: makeFacts({ filesystems: filesystem({ readOnly: true, availableBytes: 900 * GIB }) }),
    input: { requiredDiskBytes: { [KEY]: { '/var/lib/rancher/rke2': GIB } } },
    message: /mounted read-only/,
  },
  {
    finding: 'error noexec',
    what: 'a data disk mounted noexec',
    facts: makeFacts({ filesystems: filesystem({ noexec: true }) }),
    message: /\/var is mounted noexec/,
    hint: /mount -o remount,exec \/var/,
  },
  {
    finding: 'error default-route',
    what: 'no default route',
    facts: makeFacts({ routes: [{ destination: '10.0.0.0/24', interface: 'eth0' }] }),
    message: /no default route/,
  },
  {
    finding: 'error cgroup-controllers',
    what: 'no memory controller',
    facts: makeFacts({ cgroup: { version: 1, controllers: ['cpu', 'pids'] } }),
    message: /cgroup v1 controller memory,/,
  },
  {
    finding: 'error cidr-overlap',
    what: 'a route inside the pods’ range',
    facts: makeFacts({
      routes: [
        { destination: 'default', interface: 'eth0' },
        { destination: '10.42.7.0/24', interface: 'eth1' },
      ],
    }),
    message: /pods \(10\.42\.0\.0\/16\) overlap the route 10\.42\.7\.0\/24 on eth1/,
    hint: /services\.kube-controller\.cluster_cidr/,
  },
  {
    finding: 'error cidr-overlap',
    what: 'an address of the host inside the services’ range',
    facts: makeFacts({ addresses: [{ interface: 'eth0', address: '10.43.1.5', prefix: 24 }] }),
    input: withNode({ address: '10.43.1.5', key: KEY }),
    message: /services \(10\.43\.0\.0\/16\) overlap the address 10\.43\.1\.5\/24/,
  },
  {
    finding: 'error cidr-overlap',
    what: 'a wider route on our own running node',
    facts: makeRunningServer({
      routes: [
        { destination: 'default', interface: 'eth0' },
        { destination: '10.0.0.0/8', interface: 'eth1' },
      ],
    }),
    message:
      /pods \(10\.42\.0\.0\/16\) and services \(10\.43\.0\.0\/16\) overlap the route 10\.0\.0\.0\/8 on eth1/,
  },
  {
    finding: 'error cidr-overlap',
    what: 'an interface that another cluster left',
    facts: makeFacts({ addresses: [{ interface: 'cni0', address: '10.42.0.1', prefix: 24 }] }),
    message: /10\.42\.0\.1\/24 on cni0/,
    hint: /ip link delete cni0/,
  },
  {
    finding: 'error cidr-overlap',
    what: 'IPv6 ranges',
    facts: makeFacts({
      routes: [
        { destination: 'default', interface: 'eth0' },
        { destination: 'fd00:42:1::/64', interface: 'eth0' },
      ],
      addresses: [
        { interface: 'eth0', address: '10.0.0.1', prefix: 24 },
        { interface: 'eth0', address: 'fd00::1', prefix: 64 },
      ],
    }),
    input: withCluster({
      network: { ...makeCluster().network, clusterCidr: ['10.42.0.0/16', 'fd00:42::/32'] },
    }),
    message: /fd00:42::\/32\) overlap the route fd00:42:1::\/64/,
  },
  {
    finding: 'error endpoint-resolves',
    what: 'an endpoint that the host cannot resolve',
    facts: makeFacts({ resolved: { 'k8s.example': [] } }),
    input: withCluster({ endpoint: { host: 'k8s.example', port: 6443 } }),
    message: /k8s\.example does not resolve/,
  },
  {
    finding: 'error cis-preparation',
    what: 'a CIS profile without its kernel parameters',
    facts: makeFacts({ users: { etcd: true } }),
    input: withCluster(server('cis')),
    message: /vm\.overcommit_memory is 0, not 1; kernel\.panic is 0, not 10/,
    hint: /cis-sysctl/,
  },
  {
    finding: 'error cis-preparation',
    what: 'a CIS profile without the etcd user',
    input: withCluster({ ...server('etcd') }),
    message: /user etcd/,
    hint: /cis-user/,
  },
  {
    finding: 'warning etcd-fsync',
    what: 'a slow disk',
    facts: makeFacts({ fsyncMs: 41.6 }),
    message: /takes 42 ms/,
  },
  {
    finding: 'warning host-size',
    what: 'a small host',
    facts: makeFacts({ cpus: 1, memoryBytes: 1.9 * GIB }),
    message: /1 CPU of 2 and 1\.9 GiB memory of 4 GiB/,
  },
  {
    finding: 'warning network-manager',
    what: 'NetworkManager without our file',
    facts: makeFacts({ networkManager: { active: true, unmanagedFile: false, cloudSetup: false } }),
    message: /interfaces of canal/,
    hint: /prepare: \[network-manager\]/,
  },
  {
    finding: 'warning nm-cloud-setup',
    what: 'nm-cloud-setup',
    facts: makeFacts({ networkManager: { active: false, unmanagedFile: false, cloudSetup: true } }),
    message: /nm-cloud-setup is on/,
  },
  {
    finding: 'warning swap',
    what: 'swap',
    facts: makeFacts({ swapBytes: 2 * GIB }),
    message: /2\.0 GiB of swap/,
  },
  {
    finding: 'warning iptables',
    what: 'no iptables',
    facts: makeFacts({ commands: ['curl'] }),
    message: /iptables is not installed/,
    hint: /apt-get install iptables/,
  },
  {
    finding: 'warning iptables',
    what: 'no iptables on a SUSE',
    facts: makeFacts({ commands: [], os: { id: 'sles', versionId: '15.6', idLike: ['suse'], name: 'SLES' } }),
    message: /iptables/,
    hint: /zypper install iptables/,
  },
  {
    finding: 'warning selinux',
    what: 'SELinux without the policy',
    facts: makeFacts({ selinux: 'enforcing' }),
    message: /rke2-selinux\) is not installed/,
  },
  {
    finding: 'warning selinux',
    what: 'SELinux that RKE2 is not told of',
    facts: makeFacts({ selinux: 'enforcing', rke2Selinux: true }),
    message: /does not know/,
    hint: /`selinux: true`/,
  },
  {
    finding: 'warning fapolicyd',
    what: 'fapolicyd',
    facts: makeFacts({ fapolicyd: true }),
    message: /fapolicyd runs/,
  },
  {
    finding: 'warning name-servers',
    what: 'a name server on loopback',
    facts: makeFacts({ nameservers: ['127.0.0.1', '::1', 'fe80::1%eth0'] }),
    message: /only 127\.0\.0\.1, ::1/,
    hint: /resolv-conf/,
  },
  {
    finding: 'warning name-servers',
    what: 'no name server',
    facts: makeFacts({ nameservers: [] }),
    message: /no name server/,
  },
  {
    finding: 'warning apparmor',
    what: 'AppArmor without its parser',
    facts: makeFacts({ apparmor: { enabled: true, parser: false } }),
    message: /apparmor_parser/,
  },
  {
    finding: 'warning inotify',
    what: 'the kernel’s default of inotify instances',
    facts: makeFacts({ inotify: { instances: 128, watches: 524_288 } }),
    message: /max_user_instances is 128, not 8192: with/,
  },
  {
    finding: 'warning etcd-link',
    what: 'a far etcd node',
    input: { etcdLinks: [{ from: KEY, to: '10.9.0.1:22', roundTripMs: 31.2 }] },
    message: /From 10\.0\.0\.1 to 10\.9\.0\.1:22 a packet takes 31 ms/,
  },
];

describe('checkHosts', () => {
  it('has nothing to say of a good fresh host', () => {
    expect(checkHosts(makeInput(makeFacts()))).toEqual([]);
  });

  it('has nothing to say of a server that runs our RKE2', () => {
    expect(checkHosts(makeInput(makeRunningServer()))).toEqual([]);
  });

  it.each(CASES)('finds $finding: $what', ({ finding, facts, input, message, hint }) => {
    const findings = checkHosts(makeInput(facts ?? makeFacts(), input));
    expect(lines(findings)).toEqual([finding]);
    expect(findings[0]?.message).toMatch(message);
    if (hint) expect(findings[0]?.hint).toMatch(hint);
  });

  it('is tried for every check', () => {
    const tried = new Set(CASES.map((each) => each.finding.split(' ')[1]));
    const elsewhere = ['unique-name', 'unique-machine-id', 'unique-address', 'clock-skew'];
    expect(
      CHECKS.map((check) => check.name)
        .filter((name) => !tried.has(name))
        .sort(),
    ).toEqual(elsewhere.sort());
    expect(new Set(CHECK_NAMES).size).toBe(CHECK_NAMES.length);
  });

  it('calls hosts as the file does', () => {
    const facts = makeFacts({ systemd: false });
    const named = checkHosts(makeInput(facts, withNode({ name: 'db1' })));
    expect(named[0]?.node).toBe('db1');
    const ported = withNode({ port: 2222 });
    const observed = makeObserved({ '10.0.0.1:2222': facts });
    expect(checkHosts(makeInput(facts, { ...ported, observed }))[0]?.node).toBe('10.0.0.1:2222');
    expect(checkHosts(makeInput(facts))[0]?.node).toBe('10.0.0.1');
  });

  it('tells errors before warnings', () => {
    const facts = makeFacts({ swapBytes: GIB, routes: [], cpus: 1 });
    expect(lines(checkHosts(makeInput(facts)))).toEqual([
      'error default-route',
      'warning host-size',
      'warning swap',
    ]);
  });

  it('passes over hosts that were not reached', () => {
    const observed = {
      hosts: { [KEY]: { reachable: false as const, error: { code: 'x', message: '', hint: '' } } },
    };
    expect(checkHosts(makeInput(makeFacts(), { observed }))).toEqual([]);
  });
});

describe('checks that stay silent', () => {
  const silent: readonly (readonly [string, HostFacts, Partial<CheckInput>])[] = [
    [
      'of a loopback port that another address uses',
      makeFacts({ listening: [{ protocol: 'tcp', address: '10.0.0.1', port: 10248, process: 'x (1)' }] }),
      {},
    ],
    [
      'of etcd’s port on a worker',
      makeFacts({ listening: [{ protocol: 'tcp', address: '0.0.0.0', port: 2379, process: 'etcd (1)' }] }),
      {
        cluster: makeCluster({
          nodes: [makeNode('10.0.0.1', ['worker'])],
        }),
      },
    ],
    [
      'of the containers of our stopped server',
      makeRunningServer({
        listening: [
          { protocol: 'tcp', address: '::', port: 6443, process: 'kube-apiserver (9)' },
          { protocol: 'tcp', address: '10.0.0.1', port: 2379, process: 'etcd (8)' },
        ],
        rke2: {
          ...makeRunningServer().rke2,
          server: { exists: true, active: 'inactive', enabled: true, path: null },
        },
      }),
      {},
    ],
    [
      'of name servers when one of them is not on loopback',
      makeFacts({ nameservers: ['127.0.0.53', '10.0.0.53'] }),
      {},
    ],
    [
      'of name servers when RKE2 is told which to use',
      makeFacts({ nameservers: ['127.0.0.1'] }),
      withCluster({ rke2: { server: { 'resolv-conf': '/etc/r.conf' }, agent: {}, secrets: {} } }),
    ],
    [
      'of NetworkManager when the file has it prepared, and with Cilium',
      makeFacts({ networkManager: { active: true, unmanagedFile: false, cloudSetup: false } }),
      withCluster({ prepare: ['network-manager'] }),
    ],
    [
      'of a CIS profile that is being prepared',
      makeFacts(),
      withCluster({
        rke2: { server: { profile: 'cis' }, agent: {}, secrets: {} },
        prepare: ['cis-sysctl', 'cis-user'],
      }),
    ],
    [
      'of fapolicyd when the official script installs',
      makeFacts({ fapolicyd: true }),
      withCluster({ install: { ...makeCluster().install, method: 'script' } }),
    ],
    [
      'of an endpoint that resolves, or was not asked about',
      makeFacts({ resolved: { 'k8s.example': ['10.0.0.9'] } }),
      withCluster({ endpoint: { host: 'k8s.example', port: 6443 } }),
    ],
  ];
  it.each(silent)('%s', (_, facts, input) => {
    expect(lines(checkHosts(makeInput(facts, input)))).not.toContainEqual(expect.stringMatching(/^error/));
    expect(checkHosts(makeInput(facts, input)).filter((each) => !['no-worker'].includes(each.code))).toEqual(
      [],
    );
  });
});
