import { describe, expect, it } from 'vitest';
import type { EtcdHealth, HostHealth } from '../../src/domain/cluster-status.ts';
import type { ApiNode, HostFacts, Observed } from '../../src/domain/observed.ts';
import { judgeStatus } from '../../src/plan/judge-status.ts';
import type { StatusInput } from '../../src/plan/status-input.ts';
import { renderStatus } from '../../src/ui/status-view.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeFacts, makeRke2Facts } from '../support/make-facts.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const DAY = 86_400_000;
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;
const cluster = makeCluster({
  nodes: ADDRESSES.map((address) => makeNode(address, ['etcd', 'controlplane'])),
});

const key = (index: number) => `10.0.0.${index}:22`;
const apiNode = (name: string, ready = true): ApiNode => ({
  name,
  ready,
  reason: ready ? '' : 'container runtime is down',
  roles: [],
  version: 'v1.35.7+rke2r1',
  internalAddresses: [],
  labels: {},
  taints: [],
  unschedulable: false,
  drainedByUs: false,
  etcdVoter: true,
});

function facts(index: number, unit: { active?: string; enabled?: boolean } = {}): HostFacts {
  const server = {
    exists: true,
    active: 'active',
    enabled: true,
    path: '/usr/local/lib/systemd/system/x',
    ...unit,
  };
  return makeFacts({
    hostname: `n${index}`,
    machineId: `${index}`.padStart(32, '0'),
    addresses: [{ interface: 'eth0', address: `10.0.0.${index}`, prefix: 24 }],
    rke2: makeRke2Facts({ server, binaries: [{ path: '/usr/local/bin/rke2', version: 'v1.35.7+rke2r1' }] }),
  });
}

const etcd = (index: number, quorate = true): EtcdHealth => ({
  memberId: `${index}00`,
  leaderId: quorate ? '100' : null,
  version: '3.6.1',
  dbSizeBytes: 5_242_880,
  quorate,
  members: [1, 2, 3].map((each) => ({
    id: `${each}00`,
    name: `n${each}-abc`,
    peerUrls: [`https://10.0.0.${each}:2380`],
    isLearner: false,
  })),
});

const health = (index: number, overrides: Partial<HostHealth> = {}): HostHealth => ({
  nodes: [apiNode('n1'), apiNode('n2'), apiNode('n3')],
  etcd: etcd(index),
  certificate: { file: '/x/kubelet.crt', expiresAt: NOW + 300 * DAY + 5 },
  snapshots: [],
  ...overrides,
});

const OFF = { reachable: false, error: { code: 'x', message: 'n is off.', hint: 'Turn it on.' } } as const;

/** Three servers, of which those in `off` are off; `change` makes it otherwise. */
function judge(off: readonly number[] = [], change: Partial<StatusInput> = {}) {
  const hosts: Observed['hosts'] = Object.fromEntries(
    [1, 2, 3].map((each) => [key(each), off.includes(each) ? OFF : { reachable: true, facts: facts(each) }]),
  );
  const quorate = off.length < 2;
  const said = [1, 2, 3].filter((each) => !off.includes(each));
  return judgeStatus({
    cluster,
    state: null,
    observed: { hosts },
    health: new Map(
      said.map((each) => [key(each), health(each, quorate ? {} : { nodes: null, etcd: etcd(each, false) })]),
    ),
    drift: { known: true, nodes: [] },
    now: NOW,
    ...change,
  });
}

const withHealth = (overrides: Partial<HostHealth>) => ({
  health: new Map([1, 2, 3].map((each) => [key(each), health(each, each === 1 ? overrides : {})])),
});
const withUnit = (unit: { active?: string; enabled?: boolean }) => ({
  observed: {
    hosts: Object.fromEntries(
      [1, 2, 3].map((each) => [
        key(each),
        { reachable: true, facts: facts(each, each === 1 ? unit : {}) } as const,
      ]),
    ),
  },
});
const messages = (status: ReturnType<typeof judge>) =>
  status.problems.map(({ message }) => message).join('\n');

describe('judging a status', () => {
  it('all well: nothing to say', () => {
    const found = judge();
    expect([found.healthy, found.problems]).toEqual([true, []]);
    expect(found.nodes.map(({ state, certificateDays }) => [state, certificateDays])).toEqual(
      Array(3).fill(['ready', 300]),
    );
    expect(found.etcd?.members.map(({ name, leader }) => [name, leader])).toEqual([
      ['n1', true],
      ['n2', false],
      ['n3', false],
    ]);
  });

  it('one off: quorum, and no room left', () => {
    const found = judge([3]);
    expect(found.healthy).toBe(false);
    expect(found.nodes[2]?.state).toBe('unreachable');
    expect(found.etcd?.members[2]).toMatchObject({ name: '10.0.0.3', health: 'silent' });
    expect(messages(found)).toContain('one more failure loses quorum');
  });

  it('two off: no quorum, no leader, and readiness is not made up', () => {
    const found = judge([1, 3]);
    expect(found.etcd).toMatchObject({ quorum: false });
    expect(found.etcd?.members.map(({ health: each, leader }) => [each, leader])).toEqual([
      ['silent', false],
      ['no-quorum', false],
      ['silent', false],
    ]);
    expect(found.nodes[1]?.state).toBe('unknown');
    expect(messages(found)).toContain('No API server answers');
  });

  it('all off: nothing is known of etcd', () => {
    const found = judge([1, 2, 3]);
    expect(found.etcd?.quorum).toBeNull();
    expect(found.etcd?.members).toHaveLength(3);
    expect(found.lastSnapshot).toBeNull();
  });

  it('believes the API server whose etcd has a quorum', () => {
    const cutOff = { nodes: [apiNode('n1', false)], etcd: etcd(1, false) };
    expect(judge([], withHealth(cutOff)).nodes.map(({ state }) => state)).toEqual([
      'ready',
      'ready',
      'ready',
    ]);
  });

  it.each([
    [
      'a stopped service',
      withUnit({ active: 'failed' }),
      'stopped',
      'n1: rke2-server is failed; `rke2ctl up` starts it',
    ],
    [
      'a disabled one',
      withUnit({ enabled: false }),
      'ready',
      'n1: rke2-server is disabled: after a reboot it stays down',
    ],
    [
      'a Node not Ready',
      withHealth({ nodes: [apiNode('n1', false), apiNode('n2'), apiNode('n3')] }),
      'not-ready',
      'container runtime is down',
    ],
    ['a Node gone', withHealth({ nodes: [apiNode('n2'), apiNode('n3')] }), 'missing', 'no Node of that name'],
    [
      'an ended certificate',
      withHealth({ certificate: { file: '/x/a.crt', expiresAt: NOW - DAY } }),
      'ready',
      '/x/a.crt ended 1 day ago',
    ],
  ] as const)('%s is an illness', (_name, change, state, message) => {
    const found = judge([], change);
    expect([found.healthy, found.nodes[0]?.state]).toEqual([false, state]);
    expect(messages(found)).toContain(message);
  });

  it.each([
    [
      'a Node more',
      withHealth({ nodes: [apiNode('n1'), apiNode('n2'), apiNode('n3'), apiNode('old')] }),
      'old: the cluster has this Node',
    ],
    [
      'a certificate that ends soon',
      withHealth({ certificate: { file: '/x/a.crt', expiresAt: NOW + 20 * DAY } }),
      'ends in 20 days',
    ],
    [
      'another version',
      withHealth({ nodes: [{ ...apiNode('n1'), version: 'v1.34.1+rke2r1' }, apiNode('n2'), apiNode('n3')] }),
      'v1.34.1+rke2r1, v1.35.7+rke2r1',
    ],
    ['drift', { drift: { known: true, nodes: ['n2'] } as const }, 'Not as the file says: n2'],
  ] as const)('%s is a warning', (_name, change, message) => {
    const found = judge([], change);
    expect(found.healthy).toBe(true);
    expect(messages(found)).toContain(message);
  });

  it('takes the newest snapshot, wherever it lies', () => {
    const at = (name: string, location: 'local' | 's3', createdAt: number) => ({
      name,
      location,
      createdAt,
      sizeBytes: 2_097_152,
    });
    const found = judge(
      [],
      withHealth({ snapshots: [at('a', 'local', NOW - 3 * 3_600_000), at('b', 's3', NOW - 9 * 3_600_000)] }),
    );
    expect(found.lastSnapshot).toMatchObject({ name: 'a', node: 'n1' });
    expect(renderStatus(found, NOW)).toContain('Last snapshot: a\n  3h ago, 2.0 MiB, on n1\n');
  });
});

describe('the status for people', () => {
  it('reads as a table within 80 columns', () => {
    const text = renderStatus(judge([3]), NOW);
    expect(text).toContain('local v1.35.7+rke2r1: not well\n');
    expect(text).toMatch(/^n1 +etcd\+cp +Ready +v1\.35\.7\+rke2r1 +300d +no$/m);
    expect(text).toMatch(/^10\.0\.0\.3 +etcd\+cp +unreachable +- +- +-$/m);
    expect(text).toMatch(/^n1 +healthy +leader +5\.0 MiB +3\.6\.1$/m);
    expect(text).toMatch(/^Drift: no \(2 nodes compared\)$/m);
  });
});
