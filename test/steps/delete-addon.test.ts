import { describe, expect, it } from 'vitest';
import type { PlannedNode, StepOf } from '../../src/domain/plan.ts';
import type { ObjectRef } from '../../src/domain/state.ts';
import { deleteAddon, deletionWaves } from '../../src/steps/delete-addon.ts';
import { makeCluster } from '../support/make-cluster.ts';
import { scriptedContext } from '../support/step-context.ts';

function ref(kind: string, name: string, apiVersion = 'v1'): ObjectRef {
  return { apiVersion, kind, namespace: null, name };
}

const OBJECTS = [
  ref('Namespace', 'team'),
  ref('CustomResourceDefinition', 'things.x.io', 'apiextensions.k8s.io/v1'),
  ref('ConfigMap', 'first'),
  ref('Thing', 'second', 'x.io/v1'),
];

function step(forget: boolean): StepOf<'delete-addon'> {
  const node = { key: '10.0.0.1:22', name: 'n1' } as PlannedNode;
  return {
    kind: 'delete-addon',
    id: 'x',
    node,
    reason: '',
    needs: [],
    after: [],
    name: 'one',
    objects: OBJECTS,
    forget,
  };
}

/** What kubectl is told, and what it says is left. */
function run(forget: boolean, left: (words: string) => string) {
  const calls: string[] = [];
  const scripted = scriptedContext(
    (_script, { args = [], stdin = '' }) => {
      const names = String(stdin).match(/"name":"[^"]+"/g) ?? [];
      calls.push(`${args[0]} ${names.map((name) => name.slice(8, -1)).join(' ')}`);
      return args[0] === 'get' ? left(String(stdin)) : '';
    },
    { cluster: makeCluster({ addonTimeoutMs: 50 }) },
  );
  return { ...scripted, calls, step: step(forget) };
}

describe('delete-addon', () => {
  it('deletes objects before their controllers and kinds, namespaces last, then what RKE2 knows of it, then our record', async () => {
    const { context, calls, state, step } = run(true, () => '');
    await context.learn((before) => ({
      ...before,
      addons: { one: { sha256: '', url: null, objects: OBJECTS } },
    }));
    expect(await deleteAddon.run(step, context)).toBe('done');
    expect(calls.filter((call) => call.startsWith('delete'))).toEqual([
      'delete second',
      'delete first',
      'delete things.x.io',
      'delete team',
      'delete rke2ctl-one',
    ]);
    expect(state().addons).toEqual({});
  });

  it('remembers it where a host may still hold its manifest', async () => {
    const { context, state, step } = run(false, () => '');
    await context.learn((before) => ({
      ...before,
      addons: { one: { sha256: '', url: null, objects: OBJECTS } },
    }));
    await deleteAddon.run(step, context);
    expect(Object.keys(state().addons)).toEqual(['one']);
  });

  it('says what is held, and goes no further', async () => {
    const { context, calls, step } = run(true, (stdin) =>
      stdin.includes('first') ? 'configmap/first\n' : '',
    );
    await expect(deleteAddon.run(step, context)).rejects.toMatchObject({
      code: 'addon-not-deleted',
      message: expect.stringContaining('configmap/first'),
    });
    expect(calls.join()).not.toContain('delete team');
  });

  it('has nothing to order where there is nothing', () => {
    expect(deletionWaves([])).toEqual([]);
  });
});
