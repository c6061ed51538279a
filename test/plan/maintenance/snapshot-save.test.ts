import { describe, expect, it } from 'vitest';
import { planSnapshotSave } from '../../../src/plan/maintenance/snapshot-save.ts';
import { losses, maintenanceInput, tiesOf, upWorld } from '../../support/maintenance-input.ts';

const SERVER = ['etcd', 'controlplane'] as const;
const WORLD = upWorld(SERVER, SERVER, ['worker']);

const planOf = (nodes: readonly string[], done: readonly string[] = []) => {
  const request = { name: 'mine', nodes, present: ['mine-h0-1700000000'] };
  return planSnapshotSave(maintenanceInput(WORLD, 'etcd snapshot-save', request, done));
};

describe('saving a snapshot', () => {
  it('is one step on each node that was named, and nothing else happens to it', () => {
    const plan = planOf(['h1', 'h0']);
    expect(tiesOf(plan).filter((id) => id.startsWith('save-snapshot'))).toEqual([
      'save-snapshot 10.0.0.2:22',
      'save-snapshot 10.0.0.1:22 < save-snapshot 10.0.0.2:22',
    ]);
    expect(plan.steps[0]).toMatchObject({ name: 'mine', besides: ['mine-h0-1700000000'] });
    expect(new Set(plan.steps.map(({ kind }) => kind))).toEqual(
      new Set(['save-snapshot', 'end-operation', 'copy-state']),
    );
    expect(plan.findings).toEqual([]);
  });

  it('loses nothing wherever it is cut off', () => {
    expect(losses((done) => planOf(['h0', 'h1'], done))).toEqual([]);
  });

  it('is refused where a node of the request is away', () => {
    expect(planOf(['h0', 'gone']).findings).toMatchObject([
      { severity: 'error', message: expect.stringContaining('gone') },
    ]);
  });
});
