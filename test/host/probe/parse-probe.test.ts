import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostFacts } from '../../../src/domain/observed.ts';
import { parseProbe } from '../../../src/host/probe/parse-probe.ts';
import { makeCaBelow, makeRoot } from '../../../src/pki/make-cas.ts';
import { makeMarker } from '../../support/make-marker.ts';
import { probeText } from '../../support/probe-text.ts';

const MARK = '@mark';
const DATA = '/var/lib/rancher/rke2';
const MARKER = '/etc/rancher/rke2/rke2ctl.json';

/** Sections by name, as the probe prints them. */
function answer(sections: Readonly<Record<string, string | readonly string[]>>): string {
  const parts = Object.entries(sections).map(
    ([name, body]) => `${MARK} ${name}\n${[body].flat().join('\n')}\n`,
  );
  return `${parts.join('')}${MARK} end\n`;
}

function parse(sections: Readonly<Record<string, string | readonly string[]>>): HostFacts {
  return parseProbe(answer(sections), {
    mark: MARK,
    sentAtMs: 1000_000,
    answeredAtMs: 1000_100,
    hostKey: 'SHA256:x',
  });
}

function unit(id: string, more: string): string {
  return `Id=${id}\nLoadState=loaded\n${more}\n`;
}

describe('parseProbe', () => {
  test('knows the server CA by its file, and a chain by its root, as tokens pin them', () => {
    const path = `${DATA}/server/tls/server-ca.crt`;
    const root = makeRoot('Example Root', new Date());
    const chain = makeCaBelow('server-ca', { ...root, above: [] }, new Date()).certificates;
    const ofFile = 'b'.repeat(64);
    const hashOf = (ca: string) =>
      parse({ ca: ca.trimEnd().split('\n'), sha256: `${ofFile}  ${path}` }).rke2.caHash;
    expect(hashOf(chain)).toBe(root.certificate.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(hashOf(root.certificate.toString())).toBe(ofFile);
    expect(hashOf('damaged')).toBe(ofFile);
    expect(parse({ sha256: `${ofFile}  ${path}` }).rke2.caHash).toBe(ofFile);
  });

  test('refuses an answer that was cut off', () => {
    const text = answer({ time: '1000.0', text: probeText({ '/etc/machine-id': 'abc' }) }).replace(
      `${MARK} end\n`,
      '',
    );
    expect(() => parseProbe(text, { mark: MARK, sentAtMs: 0, answeredAtMs: 0, hostKey: null })).toThrow(
      expect.objectContaining({ code: 'probe-incomplete', retryable: true }),
    );
  });

  test('never throws, whatever lines a host gives', () => {
    const name = fc.constantFrom(
      'time',
      'units',
      'text',
      'ss',
      'df',
      'ask',
      'mounts',
      'stat',
      'sha256',
      'nodes',
      'binary /x',
      'resolve',
      'fsync',
      'addresses',
    );
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '/proc/meminfo',
        ':MemTotal: x',
        MARKER,
        ':{}',
        '/proc/net/route',
        ':a b c',
        'Id=',
        '=',
        ':',
        '0644 1 2 /x',
      ),
    );
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.array(line.map((text) => text.replaceAll('\n', '')))),
        (sections) => {
          parse(sections);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('the clock is compared with the middle of question and answer', () => {
    expect(parse({ time: '1010.050000000' }).clockOffsetMs).toBe(10_000);
    // busybox without fractions: half a second is the best guess.
    expect(parse({ time: '999.%N' }).clockOffsetMs).toBe(-550);
  });

  test('reads processors, memory, identity and cgroups of both versions', () => {
    const facts = parse({
      text: probeText({
        '/proc/sys/kernel/hostname': 'Node-1',
        '/etc/machine-id': '0123',
        '/sys/devices/system/cpu/online': '0-3,8',
        '/proc/meminfo': 'MemTotal:       24684092 kB\nSwapTotal:           1024 kB',
        '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids',
        '/sys/fs/selinux/enforce': '1',
        '/etc/passwd': 'etcd:x:998:998::/:/sbin/nologin',
      }),
    });
    expect(facts).toMatchObject({
      hostname: 'Node-1',
      cpus: 5,
      memoryBytes: 24684092 * 1024,
      swapBytes: 1024 * 1024,
      cgroup: { version: 2, controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'] },
      selinux: 'enforcing',
      users: { etcd: false },
    });
    const one = parse({
      text: probeText({
        '/proc/cgroups': [
          '#subsys_name\thierarchy\tnum_cgroups\tenabled',
          'memory\t4\t18\t1',
          'net_cls\t0\t5\t1',
          'cpu\t1\t3\t0',
        ].join('\n'),
      }),
    });
    expect(one.cgroup).toEqual({ version: 1, controllers: ['memory'] });
  });

  test('file systems: each asked path with the one it lies on, or will', () => {
    const facts = parse({
      ask: [DATA, '/usr/local'],
      df: [
        'Filesystem     1024-blocks     Used Available Capacity Mounted on',
        '/dev/sda1        1000000   900000    100000      90% /',
        'server:/x y      5000    5000    -12      100% /mnt/a b',
      ],
      mounts: ['/dev/sda1 / ext4 rw,relatime 0 0', 'server:/x\\040y /mnt/a\\040b nfs4 ro,noexec 0 0'],
    });
    expect(facts.filesystems).toEqual([
      {
        path: DATA,
        mountPoint: '/',
        type: 'ext4',
        availableBytes: 102_400_000,
        readOnly: false,
        noexec: false,
      },
      {
        path: '/usr/local',
        mountPoint: '/mnt/a b',
        type: 'nfs4',
        availableBytes: 0,
        readOnly: true,
        noexec: true,
      },
    ]);
  });

  test('RKE2: units, the binary that the unit starts first, files, images, snapshots, CA', () => {
    const hash = (digit: string) => digit.repeat(64);
    const facts = parse({
      units: [
        unit(
          'rke2-server.service',
          'ActiveState=active\nUnitFileState=enabled\nFragmentPath=/etc/systemd/system/rke2-server.service\nExecStart={ path=/opt/rke2/bin/rke2 ; argv[]=/opt/rke2/bin/rke2 server ; }',
        ),
        unit('rke2-agent.service', 'ActiveState=inactive\nUnitFileState=disabled'),
      ],
      paths: [`${DATA}/server/db/etcd/name`, '/run/systemd/system'],
      'binary /usr/local/bin/rke2': 'rke2 version v1.34.1+rke2r1 (abc)\ngo version go1.24',
      'binary /opt/rke2/bin/rke2': `running ${DATA}/data/v1.35.7-rke2r1-a9339a404bcc/bin`,
      sha256: [
        `${hash('a')}  /etc/rancher/rke2/config.yaml`,
        `${hash('b')}  ${DATA}/server/tls/server-ca.crt`,
      ],
      stat: [
        '600 10 1700000000 /etc/rancher/rke2/config.yaml',
        `644 11 1700000001 ${DATA}/server/tls/server-ca.crt`,
        `644 12 1700000002 ${DATA}/agent/images/a b.tar.zst`,
        `600 13 1700000003 ${DATA}/server/db/snapshots/etcd-snapshot-node1-1700000000`,
      ],
    });
    expect(facts.rke2).toEqual({
      binaries: [
        { path: '/opt/rke2/bin/rke2', version: 'v1.35.7+rke2r1' },
        { path: '/usr/local/bin/rke2', version: 'v1.34.1+rke2r1' },
      ],
      rpm: false,
      previous: null,
      server: {
        exists: true,
        active: 'active',
        enabled: true,
        path: '/etc/systemd/system/rke2-server.service',
      },
      agent: { exists: true, active: 'inactive', enabled: false, path: null },
      marker: null,
      files: { '/etc/rancher/rke2/config.yaml': { sha256: hash('a'), mode: '0600' } },
      images: [{ name: 'a b.tar.zst', sizeBytes: 12, mtime: 1700000002 }],
      etcdData: true,
      caHash: hash('b'),
      snapshots: [{ name: 'etcd-snapshot-node1-1700000000', sizeBytes: 13 }],
      apiAnswers: false,
      nodes: null,
      members: null,
      stateCopy: null,
    });
  });

  test('an API server answers where it lists Nodes, all of them or one, and nothing else is an answer', () => {
    const list = '{"items": [{"metadata": {"name": "n1"}}]}';
    const read = (sections: Readonly<Record<string, string>>) => {
      const { apiAnswers, nodes } = parse(sections).rke2;
      return [apiAnswers, nodes?.map(({ name }) => name) ?? null];
    };
    expect(read({ nodes: list })).toEqual([true, ['n1']]);
    expect(read({ api: list })).toEqual([true, null]);
    for (const text of ['', '{"kind": "Status", "code": 503}', list.slice(0, -4)]) {
      expect(read({ nodes: text })).toEqual([false, null]);
      expect(read({ api: text })).toEqual([false, null]);
    }
    expect(read({})).toEqual([false, null]);
  });

  test('the marker: ours, damaged, empty, none', () => {
    const ours = makeMarker({ files: ['/x'], written: { '/x': 'a'.repeat(64) } });
    const text = JSON.stringify(ours, null, 2);
    const read = (marker: string) => parse({ text: probeText({ [MARKER]: marker }) }).rke2.marker;
    expect(read(text)).toEqual(ours);
    expect(read(text.split('\n').slice(0, -3).join('\n'))).toBe('unreadable');
    expect(read('{"schemaVersion": 2}')).toBe('unreadable');
    expect(parse({ stat: `600 0 1 ${MARKER}` }).rke2.marker).toBe('unreadable');
    expect(parse({}).rke2.marker).toBeNull();
  });

  test('a marker of another shape is unreadable, whatever is wrong with it', () => {
    const whole = {
      ...makeMarker({ files: ['/x'], written: { '/x': 'a' } }),
      installed: {
        method: 'airgap',
        package: 'tar',
        prefix: '/usr/local',
        images: [{ name: 'i', sha256: 's', sizeBytes: 1 }],
      },
      firewall: {
        zone: 'public',
        ports: [],
        richRules: ['r'],
        trustedSources: [],
        ipsets: { i: ['10.0.0.1'] },
      },
    };
    const read = (marker: unknown) =>
      parse({ text: probeText({ [MARKER]: JSON.stringify(marker) }) }).rke2.marker;
    expect(read({ ...whole, more: 1 })).toEqual(whole);
    expect(read({ ...whole, dataDir: undefined })).toEqual({ ...whole, dataDir: DATA });
    for (const marker of [null, [], 'x', [whole]]) expect(read(marker)).toBe('unreadable');
    for (const [key, wrong] of [
      ...Object.keys(whole).map((name) => [name, 7] as const),
      ...Object.keys(whole)
        .filter((name) => !['dataDir', 'written'].includes(name))
        .map((name) => [name, undefined] as const),
      ['clusterId', ''],
      ['roles', ['etcd', 'worker', 'king']],
      ['files', ['/x', 1]],
      ['files', { 0: '/x' }],
      ['written', ['/x']],
      ['written', { '/x': 1 }],
      ['installed', { ...whole.installed, method: 'magic' }],
      ['installed', { ...whole.installed, package: 'deb' }],
      ['installed', { ...whole.installed, prefix: null }],
      ['installed', { ...whole.installed, images: [{ name: 'i', sha256: 's', sizeBytes: '1' }] }],
      ['installed', { ...whole.installed, images: {} }],
      ['firewall', { ...whole.firewall, zone: undefined }],
      ['firewall', { ...whole.firewall, ports: [1] }],
      ['firewall', { ...whole.firewall, ipsets: { i: '10.0.0.1' } }],
      ['firewall', { ...whole.firewall, trustedSources: null }],
    ] as const)
      expect([key, wrong, read({ ...whole, [key]: wrong })]).toEqual([key, wrong, 'unreadable']);
  });

  test('a list of Nodes that has something else among them is none', () => {
    const read = (...items: unknown[]) => parse({ nodes: JSON.stringify({ items }) }).rke2.nodes;
    const node = { metadata: { name: 'n' } };
    expect(read(node, { ...node, spec: { taints: null }, status: { addresses: null } })).toHaveLength(2);
    for (const wrong of [
      null,
      'n',
      [],
      {},
      { metadata: {} },
      { metadata: { name: 'n', labels: { a: 1 } } },
      { metadata: { name: 'n', annotations: ['a'] } },
      { ...node, spec: 'x' },
      { ...node, spec: { unschedulable: 'yes' } },
      { ...node, spec: { taints: [{ key: 'k' }] } },
      { ...node, status: { conditions: [{ type: 'Ready' }] } },
      { ...node, status: { conditions: [{ type: 'Ready', status: 'True', message: 1 }] } },
      { ...node, status: { addresses: [{ type: 'InternalIP' }] } },
      { ...node, status: { nodeInfo: {} } },
    ])
      expect([wrong, read(node, wrong)]).toEqual([wrong, null]);
    expect(parse({ nodes: '{"items":{}}' }).rke2.nodes).toBeNull();
    expect(parse({ nodes: '[]' }).rke2.nodes).toBeNull();
  });

  test('Nodes of the API, or null where none answered', () => {
    const nodes = {
      items: [
        {
          metadata: {
            name: 'node1',
            labels: {
              'node-role.kubernetes.io/etcd': 'true',
              'node-role.kubernetes.io/control-plane': 'true',
              a: 'b',
            },
          },
          spec: { taints: [{ key: 'k', effect: 'NoSchedule' }], unschedulable: true },
          status: {
            conditions: [
              { type: 'Ready', status: 'False', message: 'container runtime is down' },
              { type: 'EtcdIsVoter', status: 'False' },
            ],
            addresses: [
              { type: 'InternalIP', address: '10.0.0.1' },
              { type: 'Hostname', address: 'node1' },
            ],
            nodeInfo: { kubeletVersion: 'v1.35.7+rke2r1' },
          },
        },
        { metadata: { name: 'node2', annotations: { 'rke2ctl/drained-by': 'c1' } } },
      ],
    };
    const parsed = parse({ nodes: JSON.stringify(nodes, null, 1) }).rke2.nodes;
    expect(parsed?.[0]).toEqual({
      name: 'node1',
      ready: false,
      reason: 'container runtime is down',
      roles: ['control-plane', 'etcd'],
      version: 'v1.35.7+rke2r1',
      internalAddresses: ['10.0.0.1'],
      labels: nodes.items[0]?.metadata.labels,
      taints: [{ key: 'k', value: '', effect: 'NoSchedule' }],
      unschedulable: true,
      drainedByUs: false,
      etcdVoter: false,
    });
    expect(parsed?.[1]).toMatchObject({ name: 'node2', ready: false, etcdVoter: null, drainedByUs: true });
    expect(parse({ nodes: '' }).rke2.nodes).toBeNull();
    expect(parse({ nodes: 'Unable to connect to the server' }).rke2.nodes).toBeNull();
  });

  test('members of etcd, or null where none answered', () => {
    const header = { cluster_id: '14841639068965178418', member_id: '10276657743932975437' };
    const members = [
      {
        ID: '10276657743932975437',
        name: 'node1-0a1b2c3d',
        peerURLs: ['https://10.0.0.1:2380'],
        clientURLs: ['https://10.0.0.1:2379'],
      },
      { ID: '4660', peerURLs: ['https://10.0.0.2:2380'], isLearner: true },
    ];
    expect(parse({ members: JSON.stringify({ header, members }) }).rke2.members).toEqual([
      {
        id: '8e9e05c52164694d',
        name: 'node1-0a1b2c3d',
        peerUrls: ['https://10.0.0.1:2380'],
        isLearner: false,
      },
      { id: '0000000000001234', name: '', peerUrls: ['https://10.0.0.2:2380'], isLearner: true },
    ]);
    for (const silence of ['', 'curl: (7) Failed to connect', '{"error":"etcdserver: no leader","code":14}'])
      expect(parse({ members: silence }).rke2.members).toBeNull();
    expect(parse({}).rke2.members).toBeNull();
  });

  test('what the copy of the state says of itself', () => {
    const lines = [
      'other/thing 1 2',
      'rke2ctl/cluster-id c1',
      'rke2ctl/serial 12',
      'rke2ctl/checksum sha256:ab',
    ];
    expect(parse({ 'state-copy': lines }).rke2.stateCopy).toEqual({
      clusterId: 'c1',
      serial: 12,
      checksum: 'sha256:ab',
    });
    for (const copy of ['', 'rke2ctl/cluster-id c1', 'rke2ctl/cluster-id c1\nrke2ctl/serial x'])
      expect(parse({ 'state-copy': copy }).rke2.stateCopy).toBeNull();
  });

  test('traces of RKE1, NetworkManager, the median of the disk, names', () => {
    const text = answer({
      units: [
        unit('NetworkManager.service', 'ActiveState=active'),
        unit('nm-cloud-setup.timer', 'ActiveState=inactive\nUnitFileState=enabled'),
      ],
      paths: ['/run/systemd/system'],
      rke1: [
        'path /etc/kubernetes',
        'path /etc/cni/net.d/10-canal.conflist',
        'interface flannel.1',
        '"Name":"/kubelet"',
        '"Name":"/kubelet"',
        '"Name":"/etcd"',
        '"Name":"/somebody-elses"',
        '"Name":"/k8s_POD_web_default_1"',
        'mounts 3',
        'chains 214',
      ],
      fsync: [
        '4+0 records in',
        '9200 bytes (9.2 kB) copied, 0.008 s, 1 MB/s',
        '9200 bytes copied, 0.004 s, 1 MB/s',
        '9200 bytes copied, 1e-02 s, 1 MB/s',
      ],
      resolve: ['node2', '192.0.2.2       STREAM node2', '192.0.2.2       DGRAM', '2001:db8::2 STREAM'],
    });
    const facts = parseProbe(text.replace(`${MARK} end`, `${MARK} resolve\nnone\n${MARK} end`), {
      mark: MARK,
      sentAtMs: 0,
      answeredAtMs: 0,
      hostKey: null,
    });
    expect(facts.rke1).toEqual({
      docker: false,
      containers: ['kubelet', 'etcd'],
      podContainers: 1,
      paths: ['/etc/kubernetes', '/etc/cni/net.d/10-canal.conflist'],
      interfaces: ['flannel.1'],
      chains: 214,
      mounts: 3,
    });
    expect(facts.networkManager).toEqual({ active: true, unmanagedFile: false, cloudSetup: true });
    expect(facts.fsyncMs).toBe(2);
    expect(facts.resolved).toEqual({ node2: ['192.0.2.2', '2001:db8::2'], none: [] });
    expect(facts.systemd).toBe(true);
  });

  test('os-release with quotes of either kind, or none', () => {
    const lines = [
      'NAME="Rocky Linux"',
      "ID='rocky'",
      'VERSION_ID=9.4',
      'ID_LIKE="rhel centos  fedora"',
      'PRETTY_NAME="Rocky \\"Blue\\""',
    ];
    expect(parse({ text: probeText({ '/etc/os-release': lines.join('\n') }) }).os).toEqual({
      id: 'rocky',
      versionId: '9.4',
      idLike: ['rhel', 'centos', 'fedora'],
      name: 'Rocky "Blue"',
    });
    expect(parse({}).os).toEqual({ id: 'linux', versionId: '', idLike: [], name: '' });
  });
});
