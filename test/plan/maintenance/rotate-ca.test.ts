import { describe, expect, it } from 'vitest';
import type { StepId } from '../../../src/domain/plan.ts';
import { planRotateCa } from '../../../src/plan/maintenance/rotate-ca.ts';
import { losses, maintenanceInput, tiesOf, upWorld } from '../../support/maintenance-input.ts';

const SERVER = ['etcd', 'controlplane'] as const;

function planOf(
  force: boolean,
  world = upWorld(SERVER, SERVER, SERVER, ['worker']),
  done: readonly StepId[] = [],
) {
  const input = maintenanceInput(world, 'cert rotate --rotate-ca', { force, before: {} }, done);
  return planRotateCa(input);
}

describe('other CAs', () => {
  it('come into the cluster’s data first, then to server after server, then to the agents', () => {
    expect(tiesOf(planOf(false, upWorld(SERVER, SERVER, ['worker'])))).toEqual([
      'save-snapshot',
      'rotate-authorities < save-snapshot',
      'write-files 10.0.0.1:22 < rotate-authorities',
      'start-service 10.0.0.1:22 < write-files 10.0.0.1:22',
      'verify-certificates 10.0.0.1:22 < start-service 10.0.0.1:22',
      'write-files 10.0.0.2:22 < verify-certificates 10.0.0.1:22',
      'start-service 10.0.0.2:22 < write-files 10.0.0.2:22',
      'verify-certificates 10.0.0.2:22 < start-service 10.0.0.2:22',
      'write-files 10.0.0.3:22 < verify-certificates 10.0.0.2:22',
      'start-service 10.0.0.3:22 < write-files 10.0.0.3:22',
      'write-kubeconfig 10.0.0.1:22 < verify-certificates 10.0.0.1:22, verify-certificates 10.0.0.2:22, start-service 10.0.0.3:22',
      'verify-nodes 10.0.0.1:22 < verify-certificates 10.0.0.1:22, verify-certificates 10.0.0.2:22, start-service 10.0.0.3:22',
      'end-operation < save-snapshot, rotate-authorities, verify-certificates 10.0.0.1:22, verify-certificates 10.0.0.2:22, start-service 10.0.0.3:22, write-kubeconfig 10.0.0.1:22, verify-nodes 10.0.0.1:22',
      'copy-state 10.0.0.1:22 < end-operation',
    ]);
  });

  it('are asked for at the server that asks nobody itself, which has them first', () => {
    const world = upWorld(['etcd'], SERVER, SERVER);
    const starts = planRotateCa({
      ...maintenanceInput(world, 'cert rotate --rotate-ca', { force: false, before: {} }),
      bootstrapKey: '10.0.0.3:22',
    }).steps.flatMap((step) =>
      step.kind === 'start-service' ? [[step.node?.name, step.join?.address]] : [],
    );
    expect(starts).toEqual([
      ['h2', undefined],
      ['h0', '10.0.0.3'],
      ['h1', '10.0.0.3'],
    ]);
  });

  it('without the word of the old ones come to all servers at once, as etcd’s members would not speak to each other', () => {
    const { steps } = planOf(true);
    const etcd = steps.filter(({ kind, node }) => kind === 'write-files' && node?.roles.includes('etcd'));
    expect(etcd).toHaveLength(3);
    for (const { needs } of etcd) expect(needs).toEqual([1, 2, 3].map((n) => `stop-service 10.0.0.${n}:22`));
    const agent = steps.find(({ id }) => id === 'write-files 10.0.0.4:22');
    expect(agent?.needs).toEqual([1, 2, 3].map((n) => `verify-certificates 10.0.0.${n}:22`));
  });

  it('a lone server just restarts', () => {
    expect(planOf(true, upWorld(SERVER, ['worker'])).steps.map(({ kind }) => kind)).not.toContain(
      'stop-service',
    );
  });

  it.each([false, true])('lose nothing wherever it is cut off (force: %s)', (force) => {
    const world = upWorld(SERVER, SERVER, ['controlplane'], ['worker'], ['worker']);
    expect(losses((done) => planOf(force, world, done))).toEqual([]);
  });

  it('are no matter while a server is away', () => {
    const world = { ...upWorld(SERVER, SERVER, SERVER), down: ['10.0.0.2:22'] };
    for (const force of [false, true])
      expect(planOf(force, world).findings).toMatchObject([{ severity: 'error', code: 'host-away' }]);
  });
});
