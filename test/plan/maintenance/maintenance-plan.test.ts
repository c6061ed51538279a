import { describe, expect, it } from 'vitest';
import type { PlannedNode } from '../../../src/domain/plan.ts';
import { endsOf, inLanes, inTurn, makeStretch } from '../../../src/plan/maintenance/stretch.ts';

const node = (name: string): PlannedNode => ({
  key: `${name}:22`,
  id: name,
  name,
  address: name,
  roles: ['etcd', 'controlplane'],
  service: 'rke2-server',
});

const stop = (name: string) =>
  ({ kind: 'stop-service', node: node(name), reason: 'test', containers: false }) as const;
const uncordon = (name: string) => ({ kind: 'uncordon', node: node(name), reason: 'test', via: [] }) as const;

const tiesOf = (steps: readonly { readonly id: string; readonly needs: readonly string[] }[]) =>
  steps.map(({ id, needs }) => [id, ...needs].join(' < '));

describe('stretches', () => {
  it('tie each step to the one before it', () => {
    expect(tiesOf(makeStretch([stop('a'), uncordon('a')], ['first']))).toEqual([
      'stop-service a:22 < first',
      'uncordon a:22 < stop-service a:22',
    ]);
  });

  it('follow one another in turn', () => {
    const stretches = inTurn([[stop('a'), uncordon('a')], [stop('b')]], ['first']);
    expect(tiesOf(stretches.flat())).toEqual([
      'stop-service a:22 < first',
      'uncordon a:22 < stop-service a:22',
      'stop-service b:22 < uncordon a:22',
    ]);
    expect(endsOf(stretches)).toEqual(['uncordon a:22', 'stop-service b:22']);
  });

  it('run in as many lanes as may be away at once', () => {
    const stretches = inLanes([[stop('a')], [stop('b')], [stop('c')]], 2, ['first']);
    expect(tiesOf(stretches.flat()).sort()).toEqual([
      'stop-service a:22 < first',
      'stop-service b:22 < first',
      'stop-service c:22 < stop-service a:22',
    ]);
  });
});
