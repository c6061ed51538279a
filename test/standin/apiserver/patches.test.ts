import { describe, expect, test } from 'vitest';
import { formatHumanDuration } from './human-duration.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { parseResourcePath } from './request-info.ts';
import { parseFieldSelector, parseLabelSelector } from './selector.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

describe('patches', () => {
  test('JSON merge patch: the examples of RFC 7386', () => {
    const cases: readonly (readonly [unknown, unknown, unknown])[] = [
      [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
      [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
      [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
      [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
      [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ];
    for (const [target, patch, result] of cases) expect(applyMergePatch(target, patch)).toEqual(result);
  });

  test('JSON patch: add, remove, replace, move, copy, test, and nothing changed when one fails', () => {
    const target = { a: [1, 2], 'x/y': 1 };
    const patch = [
      { op: 'test', path: '/a/0', value: 1 },
      { op: 'add', path: '/a/-', value: 3 },
      { op: 'add', path: '/a/0', value: 0 },
      { op: 'remove', path: '/a/1' },
      { op: 'replace', path: '/x~1y', value: 2 },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'move', from: '/x~1y', path: '/c' },
    ];
    expect(applyJsonPatch(target, patch)).toEqual({ a: [0, 2, 3], b: [0, 2, 3], c: 2 });
    expect(() => applyJsonPatch(target, [{ op: 'test', path: '/a/0', value: 9 }])).toThrow('test failed');
    expect(() => applyJsonPatch(target, [{ op: 'remove', path: '/none' }])).toThrow('no such value');
    expect(target).toEqual({ a: [1, 2], 'x/y': 1 });
  });

  test('strategic merge patch: lists by their keys, directives, and lists that are replaced', () => {
    const target = {
      metadata: { finalizers: ['a', 'b'], labels: { x: '1', y: '2' } },
      spec: {
        taints: [{ key: 'old' }],
        containers: [
          { name: 'one', image: 'a', env: [{ name: 'E', value: '1' }] },
          { name: 'two', image: 'b' },
        ],
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      },
      status: { conditions: [{ type: 'Ready', status: 'False', reason: 'R' }] },
    };
    const patch = {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'], labels: { y: null } },
      spec: {
        taints: [{ key: 'new' }],
        '$setElementOrder/containers': [{ name: 'three' }, { name: 'one' }],
        containers: [
          { name: 'one', image: 'c', env: [{ name: 'F', value: '2' }] },
          { name: 'two', $patch: 'delete' },
          { name: 'three', image: 'd' },
        ],
        strategy: { $retainKeys: ['type'], type: 'Recreate' },
      },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    };
    expect(applyStrategicMergePatch(target, patch)).toEqual({
      metadata: { finalizers: ['b', 'c'], labels: { x: '1' } },
      spec: {
        taints: [{ key: 'new' }],
        containers: [
          { name: 'three', image: 'd' },
          {
            name: 'one',
            image: 'c',
            env: [
              { name: 'E', value: '1' },
              { name: 'F', value: '2' },
            ],
          },
        ],
        strategy: { type: 'Recreate' },
      },
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'R' }] },
    });
  });
});

describe('selectors', () => {
  test('label selectors', () => {
    const labels = { a: '1', b: '' };
    const cases: readonly (readonly [string, boolean])[] = [
      ['', true],
      ['a=1', true],
      ['a==1,b=', true],
      ['a!=1', false],
      ['c!=1', true],
      ['a', true],
      ['!a', false],
      ['!c', true],
      ['a in (1,2),b', true],
      ['a notin (1)', false],
      ['c notin (1)', true],
    ];
    for (const [text, expected] of cases) expect(parseLabelSelector(text)(labels), text).toBe(expected);
    expect(() => parseLabelSelector('a in 1')).toThrow('unable to parse requirement');
  });

  test('field selectors refuse fields that Kubernetes does not select by', () => {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { nodeName: 'n' } };
    expect(parseFieldSelector('spec.nodeName=n,metadata.name!=q')(object)).toBe(true);
    expect(parseFieldSelector('spec.unschedulable=false')(object)).toBe(true);
    expect(() => parseFieldSelector('metadata.labels.a=b')).toThrow('field label not supported');
  });
});

test('paths', () => {
  const read = (path: string) => {
    const found = parseResourcePath(path);
    return found && [found.resource.plural, found.namespace, found.name, found.subresource].join('|');
  };
  expect(read('/api/v1/nodes/n1/status')).toBe('nodes||n1|status');
  expect(read('/api/v1/namespaces/a')).toBe('namespaces||a|');
  expect(read('/api/v1/namespaces/a/finalize')).toBe('namespaces||a|finalize');
  expect(read('/api/v1/namespaces/a/pods/p/eviction')).toBe('pods|a|p|eviction');
  expect(read('/apis/apps/v1/deployments')).toBe('deployments|||');
  expect(read('/api/v1/namespaces/a/nodes')).toBeUndefined();
  expect(read('/api/v1/pods/p')).toBeUndefined();
  expect(read('/api/v1/nodes/n1/eviction')).toBeUndefined();
});

test('ages are written as kubectl writes them', () => {
  const second = 1000;
  const hour = 3600 * second;
  const cases: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [119 * second, '119s'],
    [120 * second, '2m'],
    [184 * second, '3m4s'],
    [90 * 60 * second, '90m'],
    [3.5 * hour, '3h30m'],
    [30 * hour, '30h'],
    [50 * hour, '2d2h'],
    [20 * 24 * hour, '20d'],
    [800 * 24 * hour, '2y70d'],
  ];
  for (const [age, text] of cases) expect(formatHumanDuration(age)).toBe(text);
});
