import { describe, expect, it } from 'vitest';
import type { Role } from '../../../src/domain/role.ts';
import {
  type EncryptRotateRequest,
  planEncryptRotate,
} from '../../../src/plan/maintenance/encrypt-rotate-key.ts';
import { losses, maintenanceInput, tiesOf, upWorld } from '../../support/maintenance-input.ts';

const SERVER: readonly Role[] = ['etcd', 'controlplane'];
const REQUEST: EncryptRotateRequest = {
  before: 'aescbckey',
  provider: 'aescbc',
  formerProvider: 'aescbc',
};

function planOf(
  roles: readonly (readonly Role[])[],
  request: Partial<EncryptRotateRequest> = {},
  done: readonly string[] = [],
) {
  const asked = { ...REQUEST, ...request };
  return planEncryptRotate(maintenanceInput(upWorld(...roles), 'encrypt rotate-key', asked, done));
}

describe('rotating the key of Secrets', () => {
  it('with several control planes: all know the next keys before the next stage', () => {
    expect(tiesOf(planOf([SERVER, SERVER, ['worker']])).slice(0, 11)).toEqual([
      'save-snapshot',
      'change-encryption-keys 10.0.0.1:22 prepare < save-snapshot',
      'start-service 10.0.0.1:22 prepare < change-encryption-keys 10.0.0.1:22 prepare',
      'start-service 10.0.0.2:22 prepare < start-service 10.0.0.1:22 prepare',
      'change-encryption-keys 10.0.0.1:22 rotate < start-service 10.0.0.2:22 prepare',
      'start-service 10.0.0.1:22 rotate < change-encryption-keys 10.0.0.1:22 rotate',
      'start-service 10.0.0.2:22 rotate < start-service 10.0.0.1:22 rotate',
      'change-encryption-keys 10.0.0.1:22 reencrypt < start-service 10.0.0.2:22 rotate',
      'start-service 10.0.0.1:22 reencrypt < change-encryption-keys 10.0.0.1:22 reencrypt',
      'start-service 10.0.0.2:22 reencrypt < start-service 10.0.0.1:22 reencrypt',
      'verify-encryption 10.0.0.1:22 < start-service 10.0.0.2:22 reencrypt',
    ]);
  });

  it('with one control plane: in one go; who has etcd alone is left in peace', () => {
    const { steps, findings } = planOf([['etcd'], ['controlplane'], ['worker']]);
    expect(findings).toEqual([]);
    expect(steps.filter(({ kind }) => kind === 'start-service').map(({ id }) => id)).toEqual([
      'start-service 10.0.0.2:22 rotate-keys',
    ]);
    expect(steps.find(({ kind }) => kind === 'verify-encryption')).toMatchObject({
      planes: ['10.0.0.2:22'],
      etcd: '10.0.0.1:22',
    });
  });

  it.each([
    { provider: 'secretbox', formerProvider: 'aescbc' },
    { provider: 'secretbox', formerProvider: 'secretbox' },
    { provider: 'aescbc', formerProvider: 'secretbox' },
  ] as const)('$formerProvider → $provider wants a quiet hour where there are several', (request) => {
    const plan = planOf([SERVER, SERVER, SERVER], request);
    expect(plan.findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'error secrets-window',
    ]);
    // Who can read everything starts anew as the last.
    const starts = plan.steps.filter(({ kind }) => kind === 'start-service').map(({ id }) => id);
    expect(starts).toEqual(['2', '3', '1'].map((last) => `start-service 10.0.0.${last}:22 rotate-keys`));
    expect(planOf([SERVER], request).findings).toEqual([]);
    const done = ['save-snapshot', 'change-encryption-keys 10.0.0.1:22 rotate-keys'];
    expect(planOf([SERVER, SERVER, SERVER], request, done).findings).toEqual([]);
  });

  it('loses nothing wherever it is cut off', () => {
    expect(losses((done) => planOf([SERVER, SERVER, SERVER, ['worker']], {}, done))).toEqual([]);
    expect(losses((done) => planOf([SERVER], { provider: 'secretbox' }, done))).toEqual([]);
  });
});
