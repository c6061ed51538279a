import { describe, expect, it } from 'vitest';
import { apiText, nodesText, restartingNodes } from '../../src/cli/restart-words.ts';
import { planTokenRotate } from '../../src/plan/maintenance/token-rotate.ts';
import { maintenanceInput, upWorld } from '../support/maintenance-input.ts';

const SERVER = ['etcd', 'controlplane'] as const;

function wordsOf(...roles: readonly (readonly ('etcd' | 'controlplane' | 'worker')[])[]) {
  const plan = planTokenRotate(maintenanceInput(upWorld(...roles), 'token rotate', {}));
  const nodes = restartingNodes(plan);
  return { nodes: nodesText(nodes), api: apiText(plan.nodes, nodes) };
}

describe('what a restart of everything is said to disturb', () => {
  it.each([
    [[SERVER], '1 server', 'The API is away while its only server restarts.'],
    [[SERVER, SERVER, SERVER, ['worker']], '3 servers and 1 agent', 'The API stays there.'],
    [
      [['etcd'], ['etcd'], ['etcd'], ['controlplane']],
      '4 servers',
      'The API is away while its only server restarts.',
    ],
    [
      [['etcd'], ['controlplane'], ['controlplane']],
      '3 servers',
      'The API is away while etcd’s only member restarts.',
    ],
    [[SERVER, SERVER], '2 servers', 'While one of etcd’s two members restarts nothing can be written.'],
  ] as const)('%j', (roles, nodes, api) => {
    expect(wordsOf(...roles)).toEqual({ nodes, api });
  });

  it('is nothing of the API where only agents restart', () => {
    expect(apiText([{ id: 's', roles: [...SERVER] }], [{ id: 'a' }])).toBe('The API is not touched.');
  });
});
