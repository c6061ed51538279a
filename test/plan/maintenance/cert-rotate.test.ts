import { describe, expect, it } from 'vitest';
import {
  type CertRotateRequest,
  planCertRotate,
  portsOf,
} from '../../../src/plan/maintenance/cert-rotate.ts';
import { losses, maintenanceInput, tiesOf, upWorld } from '../../support/maintenance-input.ts';

const ALL: CertRotateRequest = {
  services: [],
  nodes: [],
  before: {},
  together: false,
  first: null,
  snapshot: true,
};
const SERVER = ['etcd', 'controlplane'] as const;

const planOf = (request: Partial<CertRotateRequest>, world = upWorld(SERVER, SERVER, SERVER, ['worker'])) =>
  planCertRotate(maintenanceInput(world, 'cert rotate', { ...ALL, ...request }));

describe('rotating certificates', () => {
  it('goes server by server and proves each, then the agents, then all of it', () => {
    expect(tiesOf(planOf({}, upWorld(SERVER, SERVER, ['worker'])))).toEqual([
      'save-snapshot',
      'stop-service 10.0.0.1:22 < save-snapshot',
      'rotate-certificates 10.0.0.1:22 < stop-service 10.0.0.1:22',
      'start-service 10.0.0.1:22 < rotate-certificates 10.0.0.1:22',
      'verify-certificates 10.0.0.1:22 < start-service 10.0.0.1:22',
      'stop-service 10.0.0.2:22 < verify-certificates 10.0.0.1:22',
      'rotate-certificates 10.0.0.2:22 < stop-service 10.0.0.2:22',
      'start-service 10.0.0.2:22 < rotate-certificates 10.0.0.2:22',
      'verify-certificates 10.0.0.2:22 < start-service 10.0.0.2:22',
      'start-service 10.0.0.3:22 < verify-certificates 10.0.0.2:22',
      'verify-certificates 10.0.0.3:22 < start-service 10.0.0.3:22',
      'write-kubeconfig 10.0.0.1:22 < verify-certificates 10.0.0.1:22, verify-certificates 10.0.0.2:22, verify-certificates 10.0.0.3:22',
      'verify-nodes 10.0.0.1:22 < verify-certificates 10.0.0.1:22, verify-certificates 10.0.0.2:22, verify-certificates 10.0.0.3:22',
      'end-operation < save-snapshot, verify-certificates 10.0.0.1:22, verify-certificates 10.0.0.2:22, verify-certificates 10.0.0.3:22, write-kubeconfig 10.0.0.1:22, verify-nodes 10.0.0.1:22',
      'copy-state 10.0.0.1:22 < end-operation',
    ]);
  });

  it('loses nothing wherever it is cut off', () => {
    const world = upWorld(SERVER, SERVER, ['controlplane'], ['worker'], ['worker']);
    const lost = losses((done) => planCertRotate(maintenanceInput(world, 'cert rotate', ALL, done)));
    expect(lost).toEqual([]);
  });

  it('touches only the nodes that were named, and no agent for a server’s service', () => {
    const hosts = (request: Partial<CertRotateRequest>) =>
      new Set(
        planOf(request).steps.flatMap(({ kind, node }) => (kind === 'start-service' ? [node?.name] : [])),
      );
    expect(hosts({ nodes: ['h1'] })).toEqual(new Set(['h1']));
    expect(hosts({ services: ['etcd'] })).toEqual(new Set(['h0', 'h1', 'h2']));
    expect(hosts({ services: ['kubelet'] })).toEqual(new Set(['h0', 'h1', 'h2', 'h3']));
  });

  it('stops all servers before it starts any where etcd’s own certificates have ended', () => {
    const { steps } = planOf({ together: true });
    const starts = steps.filter(({ kind, node }) => kind === 'start-service' && node?.roles.includes('etcd'));
    expect(starts).toHaveLength(3);
    for (const { needs } of starts)
      expect(needs).toEqual([1, 2, 3].map((n) => `rotate-certificates 10.0.0.${n}:22`));
    for (const { needs } of steps.filter(({ kind }) => kind === 'stop-service'))
      expect(needs).toEqual(['save-snapshot']);
  });

  it('then loses nothing either wherever it is cut off, and minds no server that is down', () => {
    const world = upWorld(SERVER, SERVER, ['etcd'], ['controlplane'], ['worker']);
    const plan = (done: readonly string[]) =>
      planCertRotate(maintenanceInput(world, 'cert rotate', { ...ALL, together: true }, done));
    expect(losses(plan)).toEqual([]);
    const plane = plan([]).steps.find(({ id }) => id === 'start-service 10.0.0.4:22');
    expect(plane?.needs).toEqual([1, 2, 3].map((n) => `verify-certificates 10.0.0.${n}:22`));
  });

  it('then leaves one behind that is away, as long as the others are a majority', () => {
    const world = { ...upWorld(SERVER, SERVER, SERVER), down: ['10.0.0.2:22'] };
    expect(planOf({ together: true }, world).findings).toMatchObject([
      { severity: 'warning', code: 'host-away' },
    ]);
    const lone = { ...upWorld(SERVER, SERVER), down: ['10.0.0.2:22'] };
    expect(planOf({ together: true }, lone).findings).toMatchObject([
      { severity: 'error', code: 'host-away' },
    ]);
  });

  it('begins with the one server whose etcd the others do not believe any more', () => {
    const stops = planOf({ first: 'h1' })
      .steps.filter(({ kind }) => kind === 'stop-service')
      .map(({ node, needs }) => [node?.name, ...needs]);
    expect(stops).toEqual([
      ['h1', 'save-snapshot'],
      ['h0', 'verify-certificates 10.0.0.2:22'],
      ['h2', 'verify-certificates 10.0.0.1:22'],
    ]);
  });

  it('takes no snapshot where RKE2 could take none', () => {
    expect(planOf({ snapshot: false }).steps.some(({ kind }) => kind === 'save-snapshot')).toBe(false);
  });

  it('refuses while a server does not answer', () => {
    const world = { ...upWorld(SERVER, SERVER, SERVER), down: ['10.0.0.2:22'] };
    expect(planOf({}, world).findings).toMatchObject([{ severity: 'error', code: 'host-away' }]);
  });

  it('knows who shows what', () => {
    expect(portsOf({ roles: ['etcd'] }, [], false)).toEqual([2379, 10250, 9345]);
    expect(portsOf({ roles: ['controlplane'] }, [], false)).toEqual([6443, 10250, 9345]);
    expect(portsOf({ roles: ['worker'] }, [], false)).toEqual([10250]);
    expect(portsOf({ roles: SERVER }, ['scheduler'], false)).toEqual([]);
    expect(portsOf({ roles: SERVER }, ['etcd'], true)).toEqual([]);
  });
});
