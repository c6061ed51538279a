import { expect, test } from 'vitest';
import { chooseTeller } from '../../src/cli/choose-teller.ts';
import { makeNode } from '../support/make-cluster.ts';

test('the first control plane is asked for all Nodes: no etcd-only server, no worker, and nobody where there is none', () => {
  const etcd = makeNode('10.0.0.1', ['etcd']);
  const worker = makeNode('10.0.0.2', ['worker']);
  const planes = [makeNode('10.0.0.3', ['controlplane']), makeNode('10.0.0.4', ['etcd', 'controlplane'])];
  expect(chooseTeller([etcd, worker, ...planes])).toBe('10.0.0.3:22');
  expect(chooseTeller([etcd, worker])).toBeNull();
});
