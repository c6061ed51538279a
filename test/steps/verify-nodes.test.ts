import { describe, expect, it } from 'vitest';
import { CancelledError, ConnectionLostError, RemoteCommandError } from '../../src/domain/errors.ts';
import type { ApiNode } from '../../src/domain/observed.ts';
import type { ExpectedNode, PlannedNode, StepOf } from '../../src/domain/plan.ts';
import { complaint, verifyNodes } from '../../src/steps/verify-nodes.ts';
import { scriptedContext } from '../support/step-context.ts';

const EXPECTED: ExpectedNode = {
  key: '10.0.0.1:22',
  name: 'n1',
  roles: ['etcd', 'controlplane'],
  address: '10.0.0.1',
};

const LISTED: ApiNode = {
  name: 'n1',
  ready: true,
  reason: '',
  roles: ['etcd', 'control-plane'],
  version: 'v1.35.7+rke2r1',
  internalAddresses: ['10.0.0.1'],
  labels: {},
  taints: [],
  unschedulable: false,
  drainedByUs: false,
  etcdVoter: true,
};

const STEP: StepOf<'verify-nodes'> = {
  kind: 'verify-nodes',
  id: 'verify-nodes 10.0.0.1:22',
  node: { key: '10.0.0.1:22' } as PlannedNode,
  reason: '',
  needs: [],
  after: [],
  nodes: [EXPECTED],
};

/** As `kubectl get nodes -o json` prints it. */
function listing(ready: 'True' | 'False'): string {
  const labels = { 'node-role.kubernetes.io/etcd': 'true', 'node-role.kubernetes.io/control-plane': 'true' };
  return JSON.stringify({
    items: [
      {
        metadata: { name: 'n1', labels },
        status: {
          conditions: [{ type: 'Ready', status: ready, message: 'cni plugin not initialized' }],
          addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
          nodeInfo: { kubeletVersion: 'v1.35.7+rke2r1' },
        },
      },
    ],
  });
}

const REFUSED = new RemoteCommandError({
  code: 'command-failed',
  message: 'Listing the Nodes failed',
  hint: '',
  exitStatus: 1,
  stderr: 'The connection to the server 127.0.0.1:6443 was refused',
});

describe('complaint', () => {
  it.each<[string, Partial<ApiNode> | null, string | null]>([
    ['has nothing against a Node as the file says', {}, null],
    ['misses one', null, 'n1 has not registered'],
    ['says why one is not Ready', { ready: false, reason: 'cni' }, 'n1 is not Ready: cni'],
    ['misses a role', { roles: ['etcd'] }, 'n1 lacks the role control-plane'],
    ['has no worker role to miss', { roles: ['etcd', 'control-plane', 'worker'] }, null],
    ['sees another address', { internalAddresses: ['10.9.9.9'] }, 'n1 registered as 10.9.9.9, not 10.0.0.1'],
  ])('%s', (_what, change, words) => {
    const listed = change === null ? [] : [{ ...LISTED, ...change }];
    expect(complaint(EXPECTED, listed)).toEqual(words === null ? [] : [words]);
  });

  it('sees a role too many', () => {
    expect(complaint({ ...EXPECTED, roles: ['controlplane'] }, [LISTED])).toEqual(['n1 has the role etcd']);
  });
});

describe('verify-nodes', () => {
  it('waits until all are Ready, and goes on when the API does not answer for a moment', async () => {
    const answers: (string | Error)[] = [listing('False'), REFUSED, listing('True')];
    const { context, progress } = scriptedContext(() => answers.shift() ?? new Error('asked too often'));
    expect(await verifyNodes.run(STEP, context)).toBe('done');
    expect(progress).toEqual([
      '0 of 1 Ready; n1 is not Ready: cni plugin not initialized',
      'the API server does not answer',
    ]);
  });

  it('ends in time, with what is missing, or with what the API server said last', async () => {
    const slow = scriptedContext(() => listing('False'), { timeoutMs: -1 });
    await expect(verifyNodes.run(STEP, slow.context)).rejects.toMatchObject({
      code: 'nodes-not-ready',
      message: expect.stringContaining('n1 is not Ready: cni plugin not initialized'),
    });
    const mute = scriptedContext(() => REFUSED, { timeoutMs: -1 });
    await expect(verifyNodes.run(STEP, mute.context)).rejects.toBe(REFUSED);
  });

  it.each([
    new CancelledError(),
    new ConnectionLostError({ code: 'connection-lost', message: 'gone', hint: '' }),
  ])('does not wait after %s', async (error) => {
    await expect(verifyNodes.run(STEP, scriptedContext(() => error).context)).rejects.toBe(error);
  });

  it('does not wait for hosts that went wrong before', async () => {
    const { context } = scriptedContext(() => '{"items":[]}', { isLost: () => true });
    expect(await verifyNodes.run(STEP, context)).toBe('done');
  });
});
