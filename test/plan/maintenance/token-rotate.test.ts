import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.ts';
import { sha256 } from '../../../src/lib/hash.ts';
import { planTokenRotate } from '../../../src/plan/maintenance/token-rotate.ts';
import { losses, maintenanceInput, upWorld } from '../../support/maintenance-input.ts';

const SERVER = ['etcd', 'controlplane'] as const;
const NEXT = { serverToken: new Secret('next-server'), agentToken: new Secret('next-agent') };

function inputOf(done: readonly string[] = []) {
  const input = maintenanceInput(upWorld(SERVER, SERVER, SERVER, ['worker']), 'token rotate', {}, done);
  const secrets = { ...input.state.secrets, next: NEXT };
  return { ...input, state: { ...input.state, secrets } };
}

describe('rotating tokens', () => {
  const { steps } = planTokenRotate(inputOf());
  const idsOf = (kind: string) => steps.filter((step) => step.kind === kind).map(({ id }) => id);
  const needsOf = (id: string) => steps.find((step) => step.id === id)?.needs;

  it('has the new tokens in the cluster’s copy of the state before anything knows them', () => {
    expect(needsOf('rotate-token')).toEqual(['copy-state before']);
    expect(needsOf('copy-state before')).toEqual(['save-snapshot']);
  });

  it('gives them to all servers at once, and restarts none before', () => {
    const files = idsOf('write-files').slice(0, 3);
    for (const id of files) expect(needsOf(id)).toEqual(['rotate-token']);
    expect(needsOf('start-service 10.0.0.1:22')).toEqual(files);
    expect(needsOf('start-service 10.0.0.2:22')).toEqual(['start-service 10.0.0.1:22']);
    expect(needsOf('write-files 10.0.0.4:22')).toEqual(['start-service 10.0.0.3:22']);
  });

  it('points servers that name one whom they join at the founder, which has the new tokens first', () => {
    const joins = steps.flatMap((step) => (step.kind === 'start-service' ? [step.join?.address] : []));
    expect(joins).toEqual([undefined, '10.0.0.1', '10.0.0.1', undefined]);
  });

  it('plans the files as they will be, and tells no token', () => {
    const [first] = steps.flatMap((step) => (step.kind === 'write-files' ? [step.files] : []));
    expect(first?.[1]?.sha256).toBe(sha256('next-agent\n'));
    expect(JSON.stringify(steps)).not.toMatch(/next-(server|agent)/);
  });

  it('plans the same once the state has made them its own', () => {
    const input = inputOf(['save-snapshot', 'copy-state before', 'rotate-token']);
    const later = planTokenRotate({ ...input, state: { ...input.state, secrets: NEXT } });
    expect(later.steps.map(({ id }) => id)).not.toContain('rotate-token');
    const files = (plan: typeof later) =>
      plan.steps.flatMap((step) => (step.kind === 'write-files' ? [step.files] : []));
    expect(files(later)).toEqual(files(planTokenRotate(inputOf())));
  });

  it('loses nothing wherever it is cut off', () => {
    expect(losses((done) => planTokenRotate(inputOf(done)))).toEqual([]);
  });
});
