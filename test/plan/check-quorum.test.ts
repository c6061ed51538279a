import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/domain/role.ts';
import { checkQuorum } from '../../src/plan/check-quorum.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, planWorld, type World } from '../support/model-hosts.ts';

const SERVER: readonly Role[] = ['etcd', 'controlplane'];

function up(servers: number): World {
  const nodes = Array.from({ length: servers }, (_, index) => makeNode(`10.0.0.${index + 1}`, [...SERVER]));
  return converge(makeWorld(makeCluster({ nodes }), { firewalld: false })).world;
}

/** What is said when these hosts are away and the file brings other variables, which are read at the start. */
function said(world: World, down: readonly string[], environment: Readonly<Record<string, string>>) {
  const next: World = { ...world, down, cluster: { ...world.cluster, environment } };
  const { observed, state } = planInput(next);
  // The API no longer calls a host Ready that is switched off.
  const hosts = Object.fromEntries(
    Object.entries(observed.hosts).map(([key, host]) => {
      if (!host.reachable) return [key, host];
      const names = down.map((each) => world.hosts[each]?.hostname);
      const nodes = (host.facts.rke2.nodes ?? []).filter(({ name }) => !names.includes(name));
      return [key, { ...host, facts: { ...host.facts, rke2: { ...host.facts.rke2, nodes } } }];
    }),
  );
  return checkQuorum(next.cluster, { hosts }, state, planWorld(next));
}

describe('the majority of etcd', () => {
  it('is not put at risk by restarts while a member is away', () => {
    const [finding] = said(up(3), ['10.0.0.3:22'], { A: 'b' });
    expect(finding).toMatchObject({ severity: 'error', code: 'etcd-quorum' });
    expect(finding?.message).toBe(
      'h0, h1 would be restarted for what has changed, while h2 (10.0.0.3) does not answer: of 3 etcd members only 2 are left, just a majority, and each restart takes it away until that server is back.',
    );
  });

  it('is not, where nothing restarts, where all are there, where one more is to spare', () => {
    expect(said(up(3), ['10.0.0.3:22'], {})).toEqual([]);
    expect(said(up(3), [], { A: 'b' })).toEqual([]);
    expect(said(up(5), ['10.0.0.3:22'], { A: 'b' })).toEqual([]);
    expect(said(up(5), ['10.0.0.3:22', '10.0.0.4:22'], { A: 'b' })).toHaveLength(1);
  });

  it('is what one server alone has, and what two have by design', () => {
    expect(said(up(1), [], { A: 'b' })).toEqual([]);
    expect(said(up(2), [], { A: 'b' })).toEqual([]);
  });

  it('has a member that only we cannot reach', () => {
    const world = up(3);
    const next: World = {
      ...world,
      down: ['10.0.0.3:22'],
      cluster: { ...world.cluster, environment: { A: 'b' } },
    };
    const { observed, state } = planInput(next);
    expect(checkQuorum(next.cluster, observed, state, planWorld(next))).toEqual([]);
  });
});
