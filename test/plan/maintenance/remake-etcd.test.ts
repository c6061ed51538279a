import { describe, expect, it } from 'vitest';
import type { StepOf } from '../../../src/domain/plan.ts';
import { planEtcdReset } from '../../../src/plan/maintenance/etcd-reset.ts';
import { planSnapshotRestore } from '../../../src/plan/maintenance/snapshot-restore.ts';
import { losses, maintenanceInput, tiesOf, upWorld } from '../../support/maintenance-input.ts';
import type { World } from '../../support/model-hosts.ts';

const SERVER = ['etcd', 'controlplane'] as const;
const THREE = upWorld(SERVER, SERVER, SERVER, ['worker']);

function planOf(world: World, done: readonly string[] = [], more: { readonly version?: string } = {}) {
  const first = Object.values(world.state?.nodes ?? {}).find(({ name }) => name === 'h0')?.nodeId ?? '';
  const request = {
    ...{ snapshot: 'gold', source: '/here/gold', name: 'gold', sha256: 'a'.repeat(64), sizeBytes: 4096 },
    ...{ createdAt: 1_794_000_000_000, tokenId: '0123456789ab', first, ...more },
  };
  return planSnapshotRestore(maintenanceInput(world, 'etcd snapshot-restore', request, done));
}

describe('restoring a snapshot', () => {
  it('proves it, stops all servers, and builds them up from the first', () => {
    const { steps } = planOf(THREE);
    const order = tiesOf({ steps }).map((line) => line.split(' < ')[0]);
    expect(order.slice(0, 2)).toEqual(['place-snapshot 10.0.0.1:22', 'save-snapshot']);
    const at = (id: string) => order.indexOf(id);
    for (const n of [1, 2, 3])
      expect(at(`stop-service 10.0.0.${n}:22`)).toBeLessThan(at('reset-etcd 10.0.0.1:22'));
    const later = [
      'reset-etcd 10.0.0.1:22',
      'start-service 10.0.0.1:22',
      'prune-nodes',
      'move-database 10.0.0.2:22',
      'start-service 10.0.0.2:22',
      'move-database 10.0.0.3:22',
      'start-service 10.0.0.3:22',
      'start-service 10.0.0.4:22',
      'verify-nodes 10.0.0.1:22',
      'end-operation',
    ].map(at);
    expect(later).not.toContain(-1);
    expect(later).toEqual(later.toSorted((a, b) => a - b));
    expect(at('move-database 10.0.0.1:22')).toBe(-1);
  });

  it('writes the tokens of all anew, as they pin the CA that the snapshot brings', () => {
    const tokens = planOf(THREE).steps.flatMap((step) =>
      step.kind === 'write-files' ? [[step.node?.name, step.files.map(({ sha256 }) => sha256)]] : [],
    );
    expect(tokens).toEqual([
      ['h0', [null, null]],
      ['h1', [null, null]],
      ['h2', [null, null]],
      ['h3', [null]],
    ]);
  });

  it('tells each server whom it joins before it has no database any more', () => {
    const world = upWorld(SERVER, SERVER, SERVER);
    const second = Object.values(world.state?.nodes ?? {}).find(({ name }) => name === 'h1')?.nodeId ?? '';
    // The one that founded the cluster names nobody until then.
    const input = maintenanceInput(world, 'etcd reset', { first: second });
    const { steps } = planEtcdReset({ ...input, bootstrapKey: '10.0.0.2:22' });
    const needsOf = (id: string) => steps.find((step) => step.id === id)?.needs;
    expect(needsOf('move-database 10.0.0.1:22')).toEqual(['write-files 10.0.0.1:22']);
    expect(needsOf('start-service 10.0.0.1:22')).toEqual(['move-database 10.0.0.1:22']);
  });

  it('stops nobody before the snapshot was read whole on its node', () => {
    const stops = planOf(THREE).steps.filter(({ kind }) => kind === 'stop-service');
    expect(stops).toHaveLength(3);
    for (const { needs } of stops) expect(needs).toEqual(expect.arrayContaining(['save-snapshot']));
  });

  it('loses nothing wherever it is cut off', () => {
    const world = upWorld(SERVER, SERVER, ['controlplane'], ['worker'], ['worker']);
    expect(losses((done) => planOf(world, done))).toEqual([]);
  });

  it('takes no snapshot of what is there once a server was stopped', () => {
    const ids = planOf(THREE, ['place-snapshot 10.0.0.1:22', 'stop-service 10.0.0.2:22']).steps.map(
      ({ id }) => id,
    );
    expect(ids).not.toContain('save-snapshot');
    expect(ids).toContain('stop-service 10.0.0.1:22');
  });

  it('brings an older RKE2 onto every node before anything is stopped, and puts it in place while it is', () => {
    const world = upWorld(SERVER, SERVER, ['worker']);
    const version = 'v1.30.1+rke2r1';
    const plan = (done: readonly string[]) => {
      const { steps } = planOf(world, done, { version });
      return tiesOf({ steps }).map((line) => line.split(' < ')[0] ?? '');
    };
    const order = plan([]);
    const on = (node: number) => order.filter((id) => id.endsWith(` 10.0.0.${node}:22`));
    expect(on(2).filter((id) => !id.startsWith('copy-state'))).toEqual(
      [
        'stage-artifacts',
        'stop-service',
        'install',
        'claim',
        'write-files',
        'move-database',
        'start-service',
      ].map((kind) => `${kind} 10.0.0.2:22`),
    );
    expect(on(1).slice(2, 7)).toEqual(
      ['stop-service', 'install', 'claim', 'write-files', 'reset-etcd'].map((kind) => `${kind} 10.0.0.1:22`),
    );
    expect(on(3)).toEqual(
      ['stage-artifacts', 'install', 'claim', 'write-files', 'start-service'].map(
        (kind) => `${kind} 10.0.0.3:22`,
      ),
    );
    const at = (kind: string) => order.flatMap((id, index) => (id.startsWith(kind) ? [index] : []));
    expect(Math.max(...at('stage-artifacts'))).toBeLessThan(Math.min(...at('stop-service')));
    expect(losses((done) => planOf(world, done, { version }))).toEqual([]);
  });

  it('takes no snapshot of how it is when asked not to', () => {
    const first = Object.values(THREE.state?.nodes ?? {}).find(({ name }) => name === 'h0')?.nodeId ?? '';
    const request = {
      ...{ snapshot: 'gold', source: '/here/gold', name: 'gold', sha256: 'a'.repeat(64), sizeBytes: 4096 },
      ...{ createdAt: 1_794_000_000_000, tokenId: '0123456789ab', first },
    };
    const input = maintenanceInput(THREE, 'etcd snapshot-restore', request);
    const kinds = planSnapshotRestore(input, { takesSafetySnapshot: false }).steps.map(({ kind }) => kind);
    expect(kinds).not.toContain('save-snapshot');
    expect(kinds.slice(0, 2)).toEqual(['place-snapshot', 'stop-service']);
  });

  it('leaves a server behind that does not answer, and says what becomes of it', () => {
    const plan = planOf({ ...THREE, down: ['10.0.0.3:22'] });
    expect(plan.findings).toMatchObject([{ severity: 'warning', code: 'server-left-behind', node: 'h2' }]);
    const reset = plan.steps.find((step): step is StepOf<'reset-etcd'> => step.kind === 'reset-etcd');
    expect(reset?.leftBehind).toHaveLength(1);
    const prune = plan.steps.find((step): step is StepOf<'prune-nodes'> => step.kind === 'prune-nodes');
    expect(prune?.keep.toSorted()).toEqual(['h0', 'h1', 'h3']);
  });

  it('refuses while those that do not answer could live on as the cluster', () => {
    const { findings } = planOf({ ...THREE, down: ['10.0.0.2:22', '10.0.0.3:22'] });
    expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      { code: 'quorum-elsewhere' },
    ]);
  });

  it('refuses when the node in hand is away', () => {
    const plan = planOf({ ...THREE, down: ['10.0.0.1:22'] });
    expect(plan.findings[0]).toMatchObject({ severity: 'error', code: 'host-away' });
    expect(plan.steps).toEqual([]);
  });
});

describe('resetting etcd', () => {
  it('keeps the survivor’s own data, and places nothing', () => {
    const first = Object.values(THREE.state?.nodes ?? {}).find(({ name }) => name === 'h1')?.nodeId ?? '';
    const plan = planEtcdReset(maintenanceInput(THREE, 'etcd reset', { first }));
    const kinds = plan.steps.map(({ kind }) => kind);
    expect(kinds).not.toContain('place-snapshot');
    const reset = plan.steps.find((step): step is StepOf<'reset-etcd'> => step.kind === 'reset-etcd');
    expect([reset?.node?.name, reset?.snapshot]).toEqual(['h1', null]);
    const moved = plan.steps.flatMap(({ kind, node }) => (kind === 'move-database' ? [node?.name] : []));
    expect(moved).toEqual(['h0', 'h2']);
  });
});
