import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { RemoteCommandError } from '../../src/domain/errors.ts';
import type { PlannedNode, StepOf } from '../../src/domain/plan.ts';
import { verifyAddons } from '../../src/steps/verify-addons.ts';
import { makeCluster } from '../support/make-cluster.ts';
import { scriptedContext } from '../support/step-context.ts';

const STEP: StepOf<'verify-addons'> = {
  kind: 'verify-addons',
  id: 'x',
  node: { key: '10.0.0.1:22', name: 'n1' } as PlannedNode,
  reason: '',
  needs: [],
  after: [],
  addons: [{ name: 'one', sha256: 'abc' }],
};

function addons(checksum: string): string {
  return JSON.stringify({ items: [{ metadata: { name: 'rke2ctl-one' }, spec: { checksum } }] });
}

function run(answers: readonly (string | Error)[], events = '{"items":[]}') {
  const findings: Diagnostic[] = [];
  let turn = 0;
  const scripted = scriptedContext(
    (_script, { args = [] }) =>
      args.includes('events') ? events : (answers[Math.min(turn++, answers.length - 1)] ?? ''),
    {
      cluster: makeCluster({ addonTimeoutMs: 1_500 }),
      reportFinding: (finding) => findings.push(finding),
    },
  );
  return { done: verifyAddons.run(STEP, scripted.context), findings };
}

describe('verify-addons', () => {
  it('waits until RKE2 has applied this very text, also while it does not know the kind yet', async () => {
    const unknown = new RemoteCommandError({ code: 'x', message: 'x', hint: '', exitStatus: 1, stderr: '' });
    const { done, findings } = run([unknown, addons('abc')]);
    expect(await done).toBe('done');
    expect(findings).toEqual([]);
  });

  it('warns of one that is not applied, with what RKE2 says of it', async () => {
    const { done, findings } = run(
      [addons('older')],
      JSON.stringify({ items: [{ message: 'Applying manifest failed: no matches for kind "Foo"' }] }),
    );
    expect(await done).toBe('done');
    expect(findings).toMatchObject([{ severity: 'warning', code: 'addon-not-applied' }]);
    expect(findings[0]?.message).toBe(
      'RKE2 has not applied one within 2 s: Applying manifest failed: no matches for kind "Foo".',
    );
  });
});
