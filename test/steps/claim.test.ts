import { describe, expect, it } from 'vitest';
import { MARKER_PATH } from '../../src/domain/marker.ts';
import type { PlannedNode, StepOf } from '../../src/domain/plan.ts';
import { claim } from '../../src/steps/claim.ts';
import { makeMarker } from '../support/make-marker.ts';
import { scriptedContext } from '../support/step-context.ts';

const NODE: PlannedNode = {
  key: '10.0.0.1:22',
  id: '0123456789abcdef',
  name: 'node1',
  address: '192.168.0.1',
  roles: ['etcd', 'controlplane'],
  service: 'rke2-server',
};
const STEP: StepOf<'claim'> = {
  kind: 'claim',
  id: 'claim 10.0.0.1:22',
  node: NODE,
  reason: '',
  needs: [],
  after: [],
  marker: makeMarker(),
  bootstrap: true,
};

describe('claim', () => {
  it('writes the state down before the host is touched', async () => {
    const { context, log, state } = scriptedContext(() => '');
    await claim.run(STEP, context);
    expect(log[0]).toBe('learn');
    expect(log).toEqual(['learn', 'Reading what rke2ctl wrote', `Writing ${MARKER_PATH}`]);
    expect(state().bootstrapNodeId).toBe(NODE.id);
    expect(state().nodes[NODE.id]).toMatchObject({
      name: 'node1',
      address: '10.0.0.1',
      port: 22,
      clusterAddress: '192.168.0.1',
      hostKey: 'SHA256:abc',
      phase: 'staged',
    });
  });

  it('touches no host when the state cannot be written', async () => {
    const full = new Error('disk full');
    const { context, log } = scriptedContext(() => '', { learn: () => Promise.reject(full) });
    await expect(claim.run(STEP, context)).rejects.toBe(full);
    expect(log).toEqual([]);
  });

  it('forgets neither that a node has joined nor who founds the cluster', async () => {
    const { context, state } = scriptedContext(() => '');
    await claim.run(STEP, context);
    await context.learn((before) => ({
      ...before,
      nodes: Object.fromEntries(
        Object.entries(before.nodes).map(([id, record]) => [id, { ...record, phase: 'joined' as const }]),
      ),
    }));
    await claim.run({ ...STEP, bootstrap: false }, context);
    expect(state().bootstrapNodeId).toBe(NODE.id);
    expect(state().nodes[NODE.id]?.phase).toBe('joined');
  });
});
