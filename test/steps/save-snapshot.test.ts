import { describe, expect, it } from 'vitest';
import { RemoteCommandError } from '../../src/domain/errors.ts';
import type { PlannedNode, StepOf } from '../../src/domain/plan.ts';
import { saveSnapshot } from '../../src/steps/save-snapshot.ts';
import { scriptedContext } from '../support/step-context.ts';

const NODE = { key: 'a', id: 'a', name: 'node-1', address: '10.0.0.1' } as PlannedNode;
const DIRECTORY = 'file:///var/lib/rancher/rke2/server/db/snapshots';

/** A host whose RKE2 lists these snapshots, and one more once it has saved it. */
function run(
  name: string,
  listed: readonly string[],
  saving: 'works' | 'is lost' = 'works',
  besides: readonly string[] = [],
) {
  const present = [...listed];
  const calls: string[] = [];
  const scripted = scriptedContext((_script, { args = [] }) => {
    const [command = '', ...rest] = args;
    if (command !== 'ls') calls.push([command, ...rest].join(' '));
    if (command === 'save' && saving === 'works') present.push(`${name}-node-1-1800000000`);
    const rows = present.map((each) => `${each} ${DIRECTORY}/${each} 4096 2026-01-01T00:00:00Z`);
    return command === 'ls' ? ['Name Location Size Created', ...rows, ''].join('\n') : '';
  });
  const step: StepOf<'save-snapshot'> = {
    ...{ kind: 'save-snapshot', id: 'x', node: NODE, reason: '', needs: [], after: [], name, besides },
  };
  return { calls, result: saveSnapshot.run(step, scripted.context) };
}

describe('save-snapshot', () => {
  it('saves one, and not again under that name', async () => {
    const first = run('rke2ctl-7-upgrade', []);
    expect(await first.result).toBe('done');
    expect(first.calls).toEqual(['save --name rke2ctl-7-upgrade']);
    for (const name of ['rke2ctl-7-upgrade-node-1-1700000000', 'rke2ctl-7-upgrade-node-1-1700000000.zip']) {
      const again = run('rke2ctl-7-upgrade', [name]);
      expect(await again.result).toBe('unchanged');
      expect(again.calls).toEqual([]);
    }
  });

  it('saves one more where those of that name were there when it was asked for', async () => {
    const before = 'mine-node-1-1700000000';
    expect(await run('mine', [before], 'works', [before]).result).toBe('done');
    const since = run('mine', [before, 'mine-node-1-1700000009'], 'works', [before]);
    expect([await since.result, since.calls]).toEqual(['unchanged', []]);
  });

  it('takes neither a longer name nor another node’s snapshot for its own', async () => {
    const others = ['rke2ctl-7-upgrade-b-node-1-1700000000', 'rke2ctl-7-upgrade-node-2-1700000000'];
    expect(await run('rke2ctl-7-upgrade', others).result).toBe('done');
  });

  it('keeps the newest five of rke2ctl’s own on this node', async () => {
    const own = [1, 2, 3, 4, 5, 6].map((age) => `rke2ctl-${age}-x-node-1-170000000${age}`);
    const kept = ['etcd-snapshot-node-1-1600000000', 'rke2ctl-1-x-node-2-1600000000'];
    const { calls, result } = run('rke2ctl-9-x', [...kept, ...own]);
    expect(await result).toBe('done');
    expect(calls[1]).toBe(`delete ${own[1]} ${own[0]}`);
    const theirs = run('mine', [...kept, ...own]);
    expect(await theirs.result).toBe('done');
    expect(theirs.calls).toEqual(['save --name mine']);
  });

  it('believes only what it sees', async () => {
    await expect(run('rke2ctl-7-upgrade', [], 'is lost').result).rejects.toMatchObject({
      code: 'snapshot-failed',
      lastWords: ['it is not in the list of snapshots'],
    });
  });

  it('says what RKE2 said', async () => {
    const failure = new RemoteCommandError({
      code: 'x',
      message: 'no service',
      hint: '',
      exitStatus: 127,
      stderr: '',
    });
    const { context } = scriptedContext(() => failure);
    const step = {
      kind: 'save-snapshot',
      id: 'x',
      node: NODE,
      reason: '',
      needs: [],
      after: [],
      name: 'y',
    } as const;
    await expect(saveSnapshot.run(step, context)).rejects.toBe(failure);
  });
});
