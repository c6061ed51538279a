import { expect, it } from 'vitest';
import { findRoles } from '../../src/rke2/find-roles.ts';

const WORKLESS = [{ key: 'CriticalAddonsOnly', effect: 'NoExecute' }];
const NO_PLANE = {
  'disable-apiserver': true,
  'disable-controller-manager': true,
  'disable-scheduler': 'true',
};

it.each([
  ['rke2-agent', { 'disable-etcd': true }, [], ['worker']],
  ['rke2-server', {}, [], ['etcd', 'controlplane', 'worker']],
  ['rke2-server', {}, WORKLESS, ['etcd', 'controlplane']],
  ['rke2-server', { 'disable-etcd': true }, WORKLESS, ['controlplane']],
  ['rke2-server', NO_PLANE, WORKLESS, ['etcd']],
  ['rke2-server', { 'datastore-endpoint': 'postgres://db' }, [], ['controlplane', 'worker']],
  [
    'rke2-server',
    {},
    [{ key: 'node-role.kubernetes.io/etcd', effect: 'NoExecute' }],
    ['etcd', 'controlplane', 'worker'],
  ],
] as const)('%s with %j', (service, values, taints, roles) => {
  expect(findRoles(service, values, taints)).toEqual(roles);
});
