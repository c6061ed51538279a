import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/domain/plan.ts';
import { planCertRotate } from '../../src/plan/maintenance/cert-rotate.ts';
import { planEtcdDefrag } from '../../src/plan/maintenance/etcd-defrag.ts';
import { planSnapshotRestore } from '../../src/plan/maintenance/snapshot-restore.ts';
import { planTokenRotate } from '../../src/plan/maintenance/token-rotate.ts';
import { describeDisturbances } from '../../src/ui/plan-disturbance.ts';
import { maintenanceInput, upWorld } from '../support/maintenance-input.ts';

const SERVER = ['etcd', 'controlplane'] as const;
const THREE = upWorld(SERVER, SERVER, SERVER, ['worker']);
const ONE = upWorld([...SERVER, 'worker']);
const CERT_ROTATE = { services: [], nodes: [], before: {}, together: false, first: null, snapshot: true };

/** What is said of the steps of these kinds, in the order of the plan. */
function told(plan: Plan, ...kinds: readonly string[]): readonly string[] {
  return [...describeDisturbances(plan, [])]
    .filter(([id]) => kinds.includes(id.split(' ')[0] ?? ''))
    .map(([id, words]) => `${id}: ${words}`);
}

function firstOf(world: typeof THREE): string {
  return Object.values(world.state?.nodes ?? {}).find(({ name }) => name === 'h0')?.nodeId ?? '';
}

describe('what a verb disturbs', () => {
  it('is counted from stop to start, server by server', () => {
    const plan = planCertRotate(maintenanceInput(THREE, 'cert rotate', CERT_ROTATE));
    expect(told(plan, 'stop-service', 'start-service')).toEqual([
      'stop-service 10.0.0.1:22: etcd 3 of 3 → 2 of 3',
      'start-service 10.0.0.1:22: etcd 2 of 3 → 3 of 3',
      'stop-service 10.0.0.2:22: etcd 3 of 3 → 2 of 3',
      'start-service 10.0.0.2:22: etcd 2 of 3 → 3 of 3',
      'stop-service 10.0.0.3:22: etcd 3 of 3 → 2 of 3',
      'start-service 10.0.0.3:22: etcd 2 of 3 → 3 of 3',
      'start-service 10.0.0.4:22: the service restarts; pods keep running',
    ]);
  });

  it('is said where all stop together', () => {
    const request = { ...CERT_ROTATE, together: true };
    const lines = told(planCertRotate(maintenanceInput(THREE, 'cert rotate', request)), 'stop-service');
    expect(lines.map((line) => line.split(': ')[1])).toEqual([
      'etcd 3 of 3 → 2 of 3',
      'etcd 2 of 3 → 1 of 3; without a majority nothing can be written meanwhile',
      'etcd 1 of 3 → 0 of 3; without a majority nothing can be written meanwhile',
    ]);
  });

  it('is the API where there is one server', () => {
    const plan = planCertRotate(maintenanceInput(ONE, 'cert rotate', CERT_ROTATE));
    expect(told(plan, 'stop-service', 'start-service')).toEqual([
      'stop-service 10.0.0.1:22: etcd 1 of 1 → 0 of 1; the API is away meanwhile; pods keep running',
      'start-service 10.0.0.1:22: etcd 0 of 1 → 1 of 1',
    ]);
    expect(told(planTokenRotate(maintenanceInput(ONE, 'token rotate', {})), 'start-service')).toEqual([
      'start-service 10.0.0.1:22: etcd 1 of 1 → 0 of 1 while it restarts; the API is away meanwhile; pods keep running',
    ]);
    const defrag = planEtcdDefrag(maintenanceInput(ONE, 'etcd defrag', { leader: 'h0' }));
    expect(told(defrag, 'defragment')).toEqual([
      'defragment 10.0.0.1:22: its etcd answers nobody meanwhile; the API is away meanwhile',
    ]);
  });

  it('is everything when a snapshot is restored', () => {
    const request = {
      ...{ snapshot: 'gold', source: '/here/gold', name: 'gold', sha256: 'a'.repeat(64), sizeBytes: 4096 },
      ...{ createdAt: 1_794_000_000_000, tokenId: '0123456789ab', first: firstOf(THREE) },
    };
    const plan = planSnapshotRestore(maintenanceInput(THREE, 'etcd snapshot-restore', request));
    expect(told(plan, 'stop-service', 'reset-etcd', 'start-service')).toEqual([
      'stop-service 10.0.0.1:22: etcd 3 of 3 → 2 of 3; its containers end',
      'stop-service 10.0.0.2:22: etcd 2 of 3 → 1 of 3; without a majority nothing can be written meanwhile; its containers end',
      'stop-service 10.0.0.3:22: etcd 1 of 3 → 0 of 3; without a majority nothing can be written meanwhile; its containers end',
      'reset-etcd 10.0.0.1:22: what was written after the snapshot was taken is lost',
      'start-service 10.0.0.1:22: etcd 0 of 1 → 1 of 1',
      'start-service 10.0.0.2:22: etcd 1 member → 2',
      'start-service 10.0.0.3:22: etcd 2 members → 3',
      'start-service 10.0.0.4:22: the service restarts; pods keep running',
    ]);
  });
});
