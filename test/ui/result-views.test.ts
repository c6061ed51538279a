import { describe, expect, it } from 'vitest';
import type { PortResult, RunResult } from '../../src/domain/event.ts';
import type { Step } from '../../src/domain/plan.ts';
import { renderPlan } from '../../src/ui/plan-view.ts';
import { renderPortMatrix } from '../../src/ui/port-matrix-view.ts';
import { renderSummary } from '../../src/ui/summary-view.ts';
import { makeMarker } from '../support/make-facts.ts';
import { plannedNode, planOf } from './scripted-run.ts';

const SERVER = plannedNode(1, ['etcd', 'controlplane']);
const WORKER = plannedNode(2, ['worker']);
const base = (kind: string, node: Step['node'], reason: string) => ({
  id: `${kind} ${node?.key ?? ''}`,
  node,
  reason,
  needs: [],
  after: [],
});
const files = [{ name: 'rke2.linux-amd64.tar.gz', sha256: 'a', sizeBytes: 40 * 1024 ** 2 }];
const nothing = { zone: 'public', ports: [], richRules: [], trustedSources: [], ipsets: {} };

const STEPS: readonly Step[] = [
  { kind: 'claim', marker: makeMarker(), bootstrap: true, ...base('claim', SERVER, 'no cluster has it yet') },
  {
    kind: 'stage-artifacts',
    arch: 'amd64',
    tarball: null,
    images: files,
    ...base('stage', SERVER, 'not there yet'),
  },
  {
    kind: 'install',
    obsolete: [],
    version: 'v1.35.7+rke2r1',
    way: { method: 'airgap', tarball: { name: 't', sha256: 'a', sizeBytes: 1 }, prefix: '/opt/rke2' },
    ...base('install', SERVER, 'RKE2 is not installed'),
  },
  {
    kind: 'open-firewall',
    add: { ...nothing, ports: ['9345/tcp', '6443/tcp'] },
    remove: nothing,
    reload: true,
    ...base('open', SERVER, 'two ports are closed'),
  },
  {
    kind: 'write-files',
    files: [{ path: '/etc/rancher/rke2/config.yaml', sha256: 'a', mode: '0600' }],
    removed: ['/etc/rancher/rke2/registries.yaml'],
    ...base('write', SERVER, 'config.yaml differs'),
  },
  { kind: 'start-service', join: null, voter: true, restart: false, ...base('start', SERVER, 'it is new') },
  {
    kind: 'start-service',
    join: { key: SERVER.key, address: SERVER.address },
    voter: false,
    restart: false,
    ...base('start', WORKER, 'it is new'),
  },
  { kind: 'check-ports', probes: [], ...base('check', null, 'nodes join in this run') },
];

describe('renderPlan', () => {
  it('tells host by host what would be done, and why', () => {
    const plan = { ...planOf(STEPS), unreachable: ['10.0.0.9:22'] };
    expect(renderPlan(plan)).toMatchInlineSnapshot(`
      "node-1  10.0.0.1  etcd+controlplane
        + mark the host as first node of this cluster                  no cluster has it yet
        + send 1 file, 40 MiB                                          not there yet
        + install RKE2 v1.35.7+rke2r1 below /opt/rke2                  RKE2 is not installed
        + open the firewall (2 rules), reload firewalld once           two ports are closed
        + write config.yaml; delete /etc/rancher/rke2/registries.yaml  config.yaml differs
        + start rke2-server as a new cluster                           it is new

      node-2  10.0.0.2  worker
        + start rke2-agent joining 10.0.0.1  it is new

      The cluster
        + try 0 ports between the nodes  nodes join in this run

      10.0.0.9  not reached, left out
      8 steps on 2 hosts to bring cluster prod to RKE2 v1.35.7+rke2r1; 1 host not reached.
      "
    `);
  });

  it('says when there is nothing to do', () => {
    expect(renderPlan(planOf([]))).toBe('Nothing to do: cluster prod is as the file says.\n');
  });

  it('says what a removal takes away', () => {
    const steps: readonly Step[] = [
      { kind: 'uninstall', marker: null, ...base('uninstall', SERVER, 'the cluster goes') },
      { kind: 'forget-state', ...base('forget', null, 'every host is clean') },
    ];
    const text = renderPlan({ ...planOf(steps), purpose: 'remove' });
    expect(text).toContain('- take RKE2, its data and everything of ours off the host');
    expect(text).toContain('2 steps on 1 host to remove cluster prod.');
  });
});

describe('renderPortMatrix', () => {
  const port = (number: number, result: PortResult['result']): PortResult => ({
    from: WORKER.key,
    to: '10.0.0.1:2222',
    address: '10.0.0.1',
    port: number,
    protocol: 'tcp',
    purpose: 'supervisor, joining nodes',
    result,
  });
  const results = [port(10250, 'open'), port(6443, 'unknown'), port(9345, 'closed')];

  it('shows what is not open, the closed first, and counts', () => {
    expect(renderPortMatrix(results, { all: false })).toMatchInlineSnapshot(`
      "FROM      TO                 PORT  WHY                        RESULT
      10.0.0.2  10.0.0.1:2222  9345/tcp  supervisor, joining nodes  closed
      10.0.0.2  10.0.0.1:2222  6443/tcp  supervisor, joining nodes  unknown
      1 of 3 ports between the nodes open, 1 closed, 1 unknown
      "
    `);
  });

  it('shows all when asked, and only the count when all is well', () => {
    expect(renderPortMatrix(results, { all: true })).toContain('10250/tcp');
    expect(renderPortMatrix([port(1, 'open')], { all: false })).toBe('1 of 1 port between the nodes open\n');
  });
});

describe('renderSummary', () => {
  const node = (name: string, result: RunResult['nodes'][number]['result'], lastWords = '') => ({
    key: name,
    name,
    roles: ['worker'],
    result,
    durationMs: 61_000,
    lastWords,
  });

  it.each([
    ['done', /Done in 1m01s: 2 nodes\.\n$/],
    ['nothing-to-do', /Nothing to do \(1m01s\)\.\n$/],
    ['failed', /Failed after 1m01s\. .*run the same command again/],
    ['cancelled', /Stopped after 1m01s\. Run the same command again/],
  ] as const)('of a run that is %s', (outcome, words) => {
    const result: RunResult = {
      outcome,
      durationMs: 61_000,
      nodes: [node('a', 'done'), node('b', 'unchanged')],
    };
    expect(renderSummary(result)).toMatch(words);
  });

  it('counts nodes that are not well, and keeps their last words on one line', () => {
    const nodes = [node('a', 'done'), node('b', 'failed', 'first\nlast\u0007'), node('c', 'unreachable')];
    expect(renderSummary({ outcome: 'partly', durationMs: 5_000, nodes })).toMatchInlineSnapshot(`
      "NODE  ROLES   RESULT        TIME  LAST WORDS
      a     worker  done         1m01s
      b     worker  failed       1m01s  last
      c     worker  unreachable  1m01s

      Partly done in 5.0s: 1 node well, 2 not. Mend what is said above and run the same command again.
      "
    `);
  });
});
