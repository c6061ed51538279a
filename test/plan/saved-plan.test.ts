import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/domain/cluster.ts';
import { Rke2ctlError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { clusterBasis, hostsBasis } from '../../src/plan/plan-basis.ts';
import { fromPlan } from '../../src/plan/plan-schema.ts';
import { findMovements } from '../../src/plan/plan-staleness.ts';
import { decodeSavedPlan, encodeSavedPlan, type SavedPlan } from '../../src/plan/saved-plan.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, planWorld, type World } from '../support/model-hosts.ts';

const cluster = makeCluster({
  nodes: [
    makeNode('10.0.0.1', ['etcd', 'controlplane'], { name: 'one' }),
    makeNode('10.0.0.2', ['worker'], { name: 'two' }),
  ],
});
const request = {
  config: ['cluster.yml'],
  local: false,
  artifacts: null,
  version: null,
  channel: null,
  checkPorts: true,
  ignoredChecks: [],
  updateAddons: false,
  replace: [],
  rollback: [],
  keepDrift: false,
  targets: [],
  only: null,
};

function save(world: World, state: SavedPlan['basis']['state']): SavedPlan {
  const key = state === null ? null : world.state.secrets.serverToken.reveal();
  return {
    request,
    basis: {
      rke2ctl: '1.0.0',
      cluster: clusterBasis(world.cluster, key),
      state,
      hosts: hostsBasis(planInput(world).observed, key),
    },
    plan: planWorld(world),
  };
}

const standing = converge(makeWorld(cluster, { firewalld: true })).world;
const STATE = { clusterId: 'c1', serial: 4, checksum: 'sha256:1' };
const edited = (change: Partial<Cluster>): World => ({
  ...standing,
  cluster: { ...standing.cluster, ...change },
});
const wanted = edited({ tlsSans: ['api.example'] });
const saved = save(wanted, STATE);
const moved = (now: SavedPlan) =>
  findMovements(saved, now).map(({ what, host, message }) => [what, host, message]);

const failureOf = (text: string) => {
  try {
    decodeSavedPlan(text, 'x.plan');
  } catch (error) {
    return error instanceof Rke2ctlError ? [error.code, error.message] : ['', String(error)];
  }
  return ['', 'it was read'];
};

describe('a saved plan', () => {
  it('is read back as it was, and holds no token', () => {
    const text = encodeSavedPlan(saved);
    const { serverToken, agentToken } = wanted.state.secrets;
    expect(decodeSavedPlan(text, 'x.plan')).toEqual(JSON.parse(JSON.stringify(saved)));
    expect(text).not.toContain(serverToken.reveal());
    expect(text).not.toContain(agentToken.reveal());
    expect(fromPlan(JSON.parse(JSON.stringify(saved.plan)))).toEqual(JSON.parse(JSON.stringify(saved.plan)));
  });

  it('is refused in words when it is none, is cut off, newer or damaged', () => {
    const text = encodeSavedPlan(saved);
    expect(failureOf('nodes: []')[0]).toBe('plan-foreign');
    expect(failureOf(JSON.stringify(saved.plan))).toEqual([
      'plan-foreign',
      expect.stringContaining('plan --output json'),
    ]);
    expect(failureOf(text.slice(0, 500))[0]).toBe('plan-corrupt');
    expect(failureOf(text.replace('"formatVersion": 2', '"formatVersion": 3'))[0]).toBe('plan-newer');
    expect(failureOf(text.replace('"kind": "write-files"', '"kind": "burn"'))[0]).toBe('plan-corrupt');
  });
});

describe('whether it still fits', () => {
  it('does when nothing moved, whatever the clocks say and wherever the file lies', () => {
    const elsewhere = {
      ...wanted,
      cluster: {
        ...wanted.cluster,
        ssh: { ...wanted.cluster.ssh, knownHosts: '/elsewhere/known_hosts' },
        kubeconfig: { ...wanted.cluster.kubeconfig, path: '/elsewhere/kube_config' },
      },
      hosts: Object.fromEntries(
        Object.entries(wanted.hosts).map(([key, facts]) => [
          key,
          { ...facts, clockOffsetMs: 77, bootId: 'x' },
        ]),
      ),
    };
    expect(moved(save(elsewhere, STATE))).toEqual([]);
  });

  it('says what the file says otherwise', () => {
    const now = save(edited({ tlsSans: ['other.example'], dataDir: '/data' }), STATE);
    expect(moved(now)[0]).toEqual(['file', null, 'it says something else than it did: tlsSans, dataDir']);
  });

  it('sees another secret, without telling it', () => {
    const secret = (word: string) =>
      save(edited({ tlsSans: ['api.example'], environment: { TOKEN: new Secret(word) } }), STATE);
    const movements = findMovements(secret('first-secret'), secret('other-secret'));
    expect(movements[0]).toEqual({ what: 'file', host: null, message: 'a secret in it is another one' });
    expect(JSON.stringify(movements)).not.toContain('-secret');
  });

  it('says how the state went on', () => {
    expect(moved(save(wanted, { ...STATE, serial: 6 }))).toEqual([
      ['state', null, expect.stringContaining('its serial was 4 and is 6')],
    ]);
    expect(moved(save(wanted, null))).toContainEqual(['state', null, 'it was there, and is not any more']);
  });

  it('names the host and the file that was changed on it, and hosts that come and go', () => {
    const key = '10.0.0.2:22';
    const facts = wanted.hosts[key];
    if (facts === undefined) throw new Error('there is no such host');
    const path = '/etc/rancher/rke2/config.yaml';
    const files = { ...facts.rke2.files, [path]: { sha256: 'f'.repeat(64), mode: '600' } };
    const changed = {
      ...wanted,
      hosts: { ...wanted.hosts, [key]: { ...facts, rke2: { ...facts.rke2, files } } },
    };
    expect(moved(save(changed, STATE))).toEqual([['host', key, `the file ${path} was changed`]]);
    const away = save({ ...wanted, down: [key] }, STATE);
    expect(moved(away)).toEqual([['host', key, 'it is not reached any more']]);
  });

  it('names the steps when nothing else tells', () => {
    const now = { ...saved, plan: { ...saved.plan, steps: saved.plan.steps.slice(1) } };
    expect(findMovements(saved, now)).toEqual([
      { what: 'plan', host: null, message: `not to be done any more: ${saved.plan.steps[0]?.id}` },
    ]);
  });

  it('holds for a cluster that is not there yet, though each planning thinks of another one', () => {
    const blank = makeWorld(cluster, { firewalld: true });
    const fresh: World = { ...blank, state: { ...blank.state, clusterId: 'a'.repeat(32) } };
    const other: World = {
      ...fresh,
      state: {
        ...fresh.state,
        clusterId: 'b'.repeat(32),
        secrets: { serverToken: new Secret('other-server'), agentToken: new Secret('other-agent') },
      },
    };
    expect(findMovements(save(fresh, null), save(other, null))).toEqual([]);
    expect(findMovements(save(fresh, null), save(other, STATE))[0]?.what).toBe('state');
  });
});
