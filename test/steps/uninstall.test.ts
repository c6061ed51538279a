import { describe, expect, it } from 'vitest';
import type { PlannedNode, StepOf } from '../../src/domain/plan.ts';
import type { NodeRecord } from '../../src/domain/state.ts';
import { uninstall } from '../../src/steps/uninstall.ts';
import { makeMarker } from '../support/make-marker.ts';
import { scriptedContext } from '../support/step-context.ts';

const STEP: StepOf<'uninstall'> = {
  kind: 'uninstall',
  id: 'uninstall 10.0.0.1:22',
  node: { key: '10.0.0.1:22', id: 'me', name: 'n1' } as PlannedNode,
  reason: '',
  needs: [],
  after: [],
  marker: makeMarker(),
};

async function withTwoNodes(leftovers: string) {
  const scripted = scriptedContext((_script, { what }) =>
    what === 'Looking for leftovers' ? leftovers : '',
  );
  await scripted.context.learn((state) => ({
    ...state,
    nodes: { me: { nodeId: 'me' } as NodeRecord, other: { nodeId: 'other' } as NodeRecord },
  }));
  return scripted;
}

describe('uninstall', () => {
  it('forgets the node once its host is clean, and only that one', async () => {
    const { context, state } = await withTwoNodes('');
    expect(await uninstall.run(STEP, context)).toBe('done');
    expect(Object.keys(state().nodes)).toEqual(['other']);
  });

  it('keeps the node while anything is left, and names all of it', async () => {
    const { context, state } = await withTwoNodes('mount /run/k3s/x\nprocess 812 (etcd)\n');
    await expect(uninstall.run(STEP, context)).rejects.toMatchObject({
      code: 'host-not-clean',
      leftovers: ['mount /run/k3s/x', 'process 812 (etcd)'],
    });
    expect(Object.keys(state().nodes)).toEqual(['me', 'other']);
  });
});
