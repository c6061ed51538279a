import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/domain/plan.ts';
import { planRemove, type RemoveInput } from '../../src/plan/plan-remove.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, type World, withFacts } from '../support/model-hosts.ts';

const cluster = makeCluster({
  nodes: [
    makeNode('10.0.0.1', ['etcd', 'controlplane']),
    makeNode('10.0.0.2', ['etcd', 'controlplane']),
    makeNode('10.0.0.4', ['worker']),
    makeNode('10.0.0.5', ['worker']),
  ],
});
const world = converge(makeWorld(cluster, { firewalld: false })).world;

function plan(of: World = world, more: Partial<RemoveInput> = {}) {
  return planRemove({
    cluster: of.cluster,
    observed: planInput(of).observed,
    state: of.state,
    clusterId: 'c1',
    version: 'v1.35.7+rke2r1',
    keepSnapshots: null,
    ignoreUnreachable: false,
    findings: [],
    ...more,
  });
}

function draw(steps: readonly Step[]): readonly string[] {
  return steps.map(({ id, needs, after }) =>
    [id, ...needs.map((need) => `< ${need}`), ...after.map((wait) => `~ ${wait}`)].join('  '),
  );
}

function withRke2(key: string, change: Partial<(typeof world.hosts)[string]['rke2']>, of = world): World {
  return withFacts(of, key, (facts) => ({ ...facts, rke2: { ...facts.rke2, ...change } }));
}

describe('planRemove', () => {
  it('takes workers first, then the servers one by one, the founder last, then the state', () => {
    expect(draw(plan().steps)).toEqual([
      'uninstall 10.0.0.4:22',
      'uninstall 10.0.0.5:22',
      'uninstall 10.0.0.2:22  ~ uninstall 10.0.0.4:22  ~ uninstall 10.0.0.5:22',
      'uninstall 10.0.0.1:22  ~ uninstall 10.0.0.2:22',
      'forget-state  < uninstall 10.0.0.4:22  < uninstall 10.0.0.5:22  < uninstall 10.0.0.2:22  < uninstall 10.0.0.1:22',
    ]);
  });

  it('fetches snapshots before any host loses anything', () => {
    const snapshots = [{ name: 'etcd-snapshot-h0-1', sizeBytes: 10 }];
    const { steps } = plan(withRke2('10.0.0.1:22', { snapshots }), { keepSnapshots: '/keep' });
    expect(steps[0]).toMatchObject({
      kind: 'fetch-snapshots',
      names: ['etcd-snapshot-h0-1'],
      directory: '/keep',
    });
    for (const step of steps.filter(({ kind }) => kind === 'uninstall')) {
      expect(step.needs).toContain('fetch-snapshots 10.0.0.1:22');
    }
  });

  it('has nothing to do on clean hosts without a state', () => {
    const clean = makeWorld(cluster, { firewalld: false });
    expect(plan(clean, { state: null, clusterId: '' }).steps).toEqual([]);
  });

  it('works from the markers alone', () => {
    const { steps } = plan(world, { state: null });
    expect(steps.filter(({ kind }) => kind === 'uninstall')).toHaveLength(4);
  });

  it('leaves hosts of other clusters alone', () => {
    const marker = world.hosts['10.0.0.5:22']?.rke2.marker;
    if (marker === null || marker === undefined || marker === 'unreadable') throw new Error('no marker');
    const { steps } = plan(withRke2('10.0.0.5:22', { marker: { ...marker, clusterId: 'c2' } }));
    expect(draw(steps).join('\n')).not.toContain('10.0.0.5');
  });

  it('cleans a recorded host whose marker is gone or damaged, before the state may go', () => {
    for (const marker of [null, 'unreadable'] as const) {
      const { steps } = plan(withRke2('10.0.0.5:22', { marker }));
      expect(steps.find(({ id }) => id === 'uninstall 10.0.0.5:22')).toMatchObject({ marker: null });
    }
  });

  it('keeps the state where a damaged marker cannot be placed', () => {
    const one = withRke2('10.0.0.5:22', { marker: 'unreadable' });
    const { steps, findings } = plan(one, { state: null });
    expect(draw(steps).join('\n')).not.toContain('10.0.0.5');
    expect(findings).toMatchObject([{ severity: 'warning', code: 'marker-unreadable' }]);
  });

  it('keeps the state while a host does not answer, unless that is let pass', () => {
    const away: World = { ...world, down: ['10.0.0.5:22'] };
    expect(plan(away).unreachable).toEqual(['10.0.0.5:22']);
    expect(plan(away).steps.some(({ kind }) => kind === 'forget-state')).toBe(false);
    const let_ = plan(away, { ignoreUnreachable: true });
    expect(let_.steps.some(({ kind }) => kind === 'forget-state')).toBe(true);
    expect(let_.unreachable).toEqual([]);
    expect(let_.findings).toMatchObject([{ code: 'host-left-behind', node: '10.0.0.5:22' }]);
  });

  it('keeps the state for a member that the file has forgotten', () => {
    const without = { ...cluster, nodes: cluster.nodes.slice(0, 3) };
    const { steps, unreachable, findings } = plan({ ...world, cluster: without });
    expect(steps.some(({ kind }) => kind === 'forget-state')).toBe(false);
    expect(unreachable).toEqual(['10.0.0.5:22']);
    expect(findings).toMatchObject([{ code: 'node-left-file', node: 'h3' }]);
    expect(findings[0]?.hint).toContain('10.0.0.5');
  });
});
