import { describe, expect, it } from 'vitest';
import { defaultDns } from '../../src/config/adopt/draft-cluster.ts';
import type { Cluster } from '../../src/domain/cluster.ts';
import type { HostFacts } from '../../src/domain/observed.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { State } from '../../src/domain/state.ts';
import { adoptCluster, adoptionPlan, type FoundMember, upInput } from '../../src/plan/adopt-cluster.ts';
import { planUp } from '../../src/plan/plan-up.ts';
import { makeCluster } from '../support/make-cluster.ts';
import { makeMarker, makeObserved } from '../support/make-facts.ts';
import { type FoundOptions, foundFile, makeFoundHost } from '../support/make-found-host.ts';

const CONFIG = '/etc/rancher/rke2/config.yaml';
const DROPIN = `${CONFIG}.d/50-x.yaml`;
const TEAM = '/var/lib/rancher/rke2/server/manifests/team.yaml';
const OURS = '/var/lib/rancher/rke2/server/manifests/rke2ctl-team.yaml';
const TEXT = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team\n';
const CA = 'a'.repeat(64);

const FRESH: State = {
  schemaVersion: 1,
  clusterId: 'c1',
  clusterName: 'local',
  serial: 0,
  version: null,
  bootstrapNodeId: null,
  caHash: null,
  desired: null,
  removing: false,
  nodes: {},
  addons: {},
  secrets: { serverToken: new Secret('server-pass'), agentToken: new Secret('server-pass') },
};

const SERVER: FoundOptions = {
  config: 'token: x\nwrite-kubeconfig-mode: "0644"\ntls-san: [a]',
  dropIns: { '50-x.yaml': 'tls-san+: [b]' },
  files: { manifests: [foundFile(TEAM, TEXT)] },
};

/** One server (with a manifest) and one agent, and the file that says the same. */
function world(overrides: Partial<Cluster> = {}, server: FoundOptions = {}) {
  const found = [
    makeFoundHost(1, { ...SERVER, ...server }),
    makeFoundHost(2, {
      service: 'rke2-agent',
      node: { labels: { disk: 'ssd' } },
      config: 'server: https://10.0.0.1:9345\ntoken: x\nnode-label: [disk=ssd]',
    }),
  ];
  const nodes = found.map(({ node }) => node);
  const members = found.map((member): FoundMember => {
    const seen = member.files.manifests.map(({ path, sha256 }) => [path, { sha256, mode: '0600' }]);
    const files = { ...member.facts.rke2.files, ...Object.fromEntries(seen) };
    const asked = member.service === 'rke2-server' ? nodes : null;
    return { ...member, facts: { ...member.facts, rke2: { ...member.facts.rke2, files, nodes: asked } } };
  });
  const cluster = makeCluster({
    nodes: members.map(({ spec }, index) => (index === 1 ? { ...spec, labels: { disk: 'ssd' } } : spec)),
    tlsSans: ['a', 'b'],
    install: { ...makeCluster().install, method: 'script', artifacts: null },
    addons: [{ name: 'team', source: { text: TEXT } }],
    ...overrides,
  });
  return { members, cluster };
}

function adopt({ members, cluster }: ReturnType<typeof world>) {
  const facts = Object.fromEntries(members.map(({ spec, facts: each }) => [spec.key, each]));
  const adoption = adoptCluster({
    cluster,
    observed: makeObserved(facts),
    members,
    version: 'v1.35.7+rke2r1',
    caHash: CA,
    fresh: FRESH,
    defaultDns,
  });
  return { ...adoption, plan: planUp(upInput(adoption.input, true)) };
}

/** The plan of a later `up`, with the markers on the hosts that the adoption's claims left. */
function planLater(
  first: ReturnType<typeof adopt>,
  change: (cluster: Cluster) => Cluster,
  touch: (facts: HostFacts) => HostFacts = (facts) => facts,
) {
  const { plan, input } = first;
  const hosts = Object.fromEntries(
    plan.steps.flatMap((step) => {
      if (step.kind !== 'claim' || step.node === null) return [];
      const host = input.observed.hosts[step.node.key];
      if (!host?.reachable) return [];
      const { files } = host.facts.rke2;
      const written = Object.fromEntries(
        step.marker.files.flatMap((path) => (files[path] === undefined ? [] : [[path, files[path].sha256]])),
      );
      const marker = { ...step.marker, written };
      return [[step.node.key, touch({ ...host.facts, rke2: { ...host.facts.rke2, marker } })]];
    }),
  );
  const next = { ...input, cluster: change(input.cluster), observed: makeObserved(hosts) };
  return planUp(upInput(next, true)).steps.map((step) => `${step.kind} ${step.node?.name}`);
}

describe('an adopted cluster', () => {
  it('has records of members that have joined, its tokens and its founder', () => {
    const { state, differences } = adopt(world());
    expect(differences).toEqual([]);
    expect(state.caHash).toBe(CA);
    const records = Object.values(state.nodes);
    expect(records.map(({ name, phase, startedWith }) => [name, phase, startedWith?.length])).toEqual([
      ['n1', 'joined', 16],
      ['n2', 'joined', 16],
    ]);
    expect(state.nodes[state.bootstrapNodeId ?? '']?.name).toBe('n1');
    expect(records[1]?.labels).toEqual(['disk']);
    expect(Object.keys(state.addons)).toEqual(['team']);
  });

  it('is claimed, and nothing else is done to it', () => {
    const { plan } = adopt(world());
    expect(plan.steps.map(({ kind }) => kind)).toEqual(['claim', 'claim', 'write-kubeconfig', 'copy-state']);
    expect(adoptionPlan(plan).steps).toHaveLength(4);
    const claim = plan.steps[0];
    if (claim?.kind !== 'claim') throw new Error('no claim');
    expect(claim.marker.files).toEqual(expect.arrayContaining([CONFIG, DROPIN, TEAM, OURS]));
  });

  it('has nothing to do afterwards', () => {
    expect(planLater(adopt(world()), (cluster) => cluster)).toEqual([]);
  });

  it('keeps an agent’s settings alone when only a server’s change, and takes the drop-in away with the first change', () => {
    const first = adopt(world());
    const steps = planLater(first, (cluster) => ({
      ...cluster,
      rke2: { ...cluster.rke2, server: { debug: true } },
    }));
    expect(steps.filter((step) => !step.startsWith('copy') && !step.startsWith('write-kube'))).toEqual(
      expect.arrayContaining(['write-files n1', 'start-service n1']),
    );
    expect(steps.some((step) => step.endsWith(' n2'))).toBe(false);
  });

  it('is not restarted for names, labels or manifests', () => {
    const first = adopt(world());
    const relabelled = planLater(first, (cluster) => ({
      ...cluster,
      nodes: cluster.nodes.map((node, index) => (index === 1 ? { ...node, labels: { disk: 'hdd' } } : node)),
    }));
    expect(relabelled).toContain('write-files n2');
    expect(relabelled.filter((step) => step.startsWith('start-service'))).toEqual([]);
    const readdressed = planLater(first, (cluster) => ({ ...cluster, addons: [] }));
    expect(readdressed).toContain('delete-addon n1');
    expect(readdressed.filter((step) => step.startsWith('start-service'))).toEqual([]);
  });

  it('sees a change by hand of what it took over', () => {
    const steps = planLater(
      adopt(world()),
      (cluster) => cluster,
      (facts) =>
        facts.rke2.files[DROPIN] === undefined
          ? facts
          : {
              ...facts,
              rke2: {
                ...facts.rke2,
                files: { ...facts.rke2.files, [DROPIN]: { sha256: 'f'.repeat(64), mode: '0600' } },
              },
            },
    );
    expect(steps).toEqual(expect.arrayContaining(['write-files n1', 'start-service n1']));
  });

  it('is planned to be made so where its settings say something else than the file', () => {
    const { plan, differences } = adopt(world({ tlsSans: ['a'] }));
    expect(differences.map(({ code, node, message }) => [code, node, message.includes('tls-san')])).toEqual([
      ['adopt-config-differs', 'n1', true],
    ]);
    expect(plan.steps.map(({ kind }) => kind)).toContain('start-service');
    expect(adoptionPlan(plan).steps.map(({ kind }) => kind)).toEqual([
      'claim',
      'claim',
      'write-kubeconfig',
      'copy-state',
    ]);
  });

  it('is planned to be restarted where settings were written after its start', () => {
    const { differences, plan } = adopt(world({}, { host: { startedAt: 500 } }));
    expect(differences.map(({ code }) => code)).toEqual(['adopt-not-read-yet']);
    expect(plan.steps.filter(({ kind }) => kind === 'start-service').map(({ node }) => node?.name)).toEqual([
      'n1',
    ]);
  });

  it('goes on after a cut: a host without a marker is claimed as the first time', () => {
    const { input, plan } = adopt(world());
    const again = planUp(upInput(input, true));
    expect(again.steps).toEqual(plan.steps);
    expect(makeMarker().clusterId).toBe(input.state.clusterId);
  });
});
