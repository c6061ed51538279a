import { describe, expect, it } from 'vitest';
import type { State } from '../../../src/domain/state.ts';
import { checkAdoptedFiles } from '../../../src/plan/maintenance/check-adopted-files.ts';
import { planTokenRotate } from '../../../src/plan/maintenance/token-rotate.ts';
import { factsOf } from '../../../src/render/desired-node.ts';
import { CONFIG_PATH } from '../../../src/rke2/paths.ts';
import { maintenanceInput, upWorld } from '../../support/maintenance-input.ts';

/** A cluster of which `h1` was taken over with a config.yaml of this hash. */
function inputOf(hash: string) {
  const input = maintenanceInput(
    upWorld(['etcd', 'controlplane'], ['worker'], ['worker']),
    'token rotate',
    {},
  );
  const nodes = Object.fromEntries(
    Object.entries(input.state.nodes).map(([id, record]) => [
      id,
      record.name === 'h1'
        ? { ...record, adopted: [{ found: { [CONFIG_PATH]: hash }, standFor: {} }] }
        : record,
    ]),
  );
  const state: State = { ...input.state, nodes };
  return { ...input, state };
}

const present = factsOf(inputOf('').observed, '10.0.0.2:22')?.rke2.files[CONFIG_PATH]?.sha256 ?? '';

describe('a config.yaml that an adoption found', () => {
  it('holds up other tokens as long as RKE2 reads it, by the names of its nodes', () => {
    expect(present).not.toBe('');
    const [finding, ...others] = checkAdoptedFiles(inputOf(present));
    expect(finding).toMatchObject({ severity: 'error', code: 'adopted-config' });
    expect(finding?.message).toMatch(/^On h1 RKE2/);
    expect(others).toEqual([]);
    expect(planTokenRotate(inputOf(present)).findings.map(({ code }) => code)).toContain('adopted-config');
  });

  it('is forgotten once ours has taken its place', () => {
    expect(checkAdoptedFiles(inputOf('f'.repeat(64)))).toEqual([]);
  });
});
