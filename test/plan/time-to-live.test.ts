import { describe, expect, it } from 'vitest';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import type { HostFacts, Observed, Rke2Facts } from '../../src/domain/observed.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { checkTtl, checkTtlPassed } from '../../src/plan/check-ttl.ts';
import { cleanedFacts } from '../../src/plan/cleaned-facts.ts';
import { planRemove } from '../../src/plan/plan-remove.ts';
import { planUp } from '../../src/plan/plan-up.ts';
import { TTL_BEGUN_PATH, TTL_PATHS, TTL_SCRIPT_PATH, TTL_TIMER } from '../../src/rke2/ttl-paths.ts';
import { converge } from '../support/carry-out.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';
import { makeWorld, planInput, type World, withFacts } from '../support/model-hosts.ts';

const HOUR = 3_600;
const SERVER = '10.0.0.1:22';
const WORKER = '10.0.0.4:22';
const PLAIN = makeCluster({
  nodes: [
    makeNode('10.0.0.1', ['etcd', 'controlplane'], { name: 's1' }),
    makeNode('10.0.0.4', ['worker'], { name: 'w1' }),
  ],
});
const MORTAL = { ...PLAIN, ttlSeconds: HOUR };

const made = (cluster: World['cluster']): World => {
  const { world } = converge(makeWorld(cluster, { firewalld: true }));
  return { ...world, state: { ...world.state, desired: describeCluster(cluster) } };
};
const UP = made(MORTAL);

function plan(
  world: World,
  options: { readonly keepDrift?: boolean; readonly renewsTtl?: boolean } = {},
): Plan {
  return planUp({
    ...planInput(world),
    ...options,
    findings: [],
    kubeconfigPresent: true,
    checkPorts: true,
  });
}

const onRke2 = (world: World, key: string, change: (rke2: Rke2Facts) => Partial<Rke2Facts>) =>
  withFacts(world, key, (facts) => ({ ...facts, rke2: { ...facts.rke2, ...change(facts.rke2) } }));
const left = (world: World, key: string, remainingSeconds: number, armed = true) =>
  onRke2(world, key, () => ({ ttl: { remainingSeconds, armed } }));
const observe = (world: World): Observed => planInput(world).observed;
/** As its own script leaves a host. */
const goneOn = (world: World, ...keys: string[]) =>
  keys.reduce((before, key) => withFacts(before, key, (facts): HostFacts => cleanedFacts(facts)), world);
const ttlSteps = ({ steps }: Plan) =>
  steps.flatMap((step) => (step.kind === 'set-ttl' ? [[step.node?.name, step.seconds]] : []));

describe('the time to live in a plan', () => {
  it('is set right after the claim, waiting for nobody else, with files that the marker names', () => {
    const { steps } = plan(makeWorld(MORTAL, { firewalld: true }));
    for (const key of [SERVER, WORKER]) {
      const own = steps.filter(({ node }) => node?.key === key);
      expect(own.slice(0, 2).map(({ id }) => id)).toEqual([`claim ${key}`, `set-ttl ${key}`]);
      expect(own[1]).toMatchObject({ seconds: HOUR, needs: [`claim ${key}`], after: [] });
      expect(own[2]?.needs).toContain(`set-ttl ${key}`);
      expect(own[0]).toMatchObject({ marker: { files: expect.arrayContaining([...TTL_PATHS]) } });
      const written = own.flatMap((step) => (step.kind === 'write-files' ? step.files : []));
      expect(written.filter(({ path }) => TTL_PATHS.includes(path))).toEqual([]);
    }
  });

  it('leaves a plan with nothing else to do empty while half of it is left, and then begins anew everywhere', () => {
    expect(plan(UP)).toMatchObject({ steps: [], drift: [], changes: [] });
    expect(plan(left(UP, SERVER, HOUR / 2)).steps).toEqual([]);
    const due = plan(left(UP, SERVER, HOUR / 2 - 1));
    expect(ttlSteps(due)).toEqual([
      ['s1', HOUR],
      ['w1', HOUR],
    ]);
    expect(due.steps.filter(({ kind }) => kind === 'start-service' || kind === 'claim')).toEqual([]);
    expect(plan(left(UP, SERVER, 60), { renewsTtl: false }).steps).toEqual([]);
  });

  it('begins anew with a node that joins, and where a clock promises more than there is', () => {
    const more = { ...MORTAL, nodes: [...MORTAL.nodes, makeNode('10.0.0.5', ['worker'], { name: 'w2' })] };
    const { hosts } = makeWorld(more, { firewalld: true });
    const joined: World = { ...UP, cluster: more, hosts: { ...hosts, ...UP.hosts } };
    expect(ttlSteps(plan(joined)).map(([name]) => name)).toEqual(['s1', 'w1', 'w2']);
    expect(ttlSteps(plan(left(UP, WORKER, HOUR + 3_000)))).toHaveLength(2);
  });

  it('is lengthened, and goes with the key, without a restart', () => {
    const longer = plan({ ...UP, cluster: { ...MORTAL, ttlSeconds: 2 * HOUR } });
    expect(longer.changes).toEqual([{ path: 'ttl', before: HOUR, after: 2 * HOUR }]);
    const kinds = longer.steps.map(({ kind }) => kind);
    expect(kinds).toEqual(['set-ttl', 'set-ttl', 'write-kubeconfig', 'copy-state']);
    const gone = plan({ ...UP, cluster: PLAIN });
    expect(ttlSteps(gone)).toEqual([
      ['s1', null],
      ['w1', null],
    ]);
    expect(gone.steps.filter(({ kind }) => kind === 'start-service' || kind === 'write-files')).toEqual([]);
    const { world } = converge({ ...UP, cluster: PLAIN });
    expect(Object.keys(world.hosts[SERVER]?.rke2.files ?? {})).not.toContain(TTL_SCRIPT_PATH);
    expect(plan({ ...world, state: { ...world.state, desired: describeCluster(PLAIN) } }).steps).toEqual([]);
  });

  it('that a run has given is no change of the file, and stays', () => {
    const lent = made({ ...PLAIN, runTtlSeconds: HOUR });
    expect(plan({ ...lent, cluster: PLAIN })).toMatchObject({ steps: [], changes: [] });
  });

  it.each([
    ['a timer that was stopped', left(UP, WORKER, HOUR, false), `w1 service ${TTL_TIMER}`],
    [
      'a script that was edited',
      onRke2(UP, WORKER, ({ files }) => ({
        files: { ...files, [TTL_SCRIPT_PATH]: { sha256: 'f'.repeat(64), mode: '0700' } },
        marker: markerOf(UP, WORKER, TTL_SCRIPT_PATH),
      })),
      `w1 file ${TTL_SCRIPT_PATH}`,
    ],
  ])('mends %s, which is drift', (_what, world, line) => {
    const { drift, steps } = plan(world);
    expect(drift.map(({ node, kind, subject }) => `${node} ${kind} ${subject}`)).toEqual([line]);
    expect(ttlSteps({ ...plan(world), steps })).toEqual([['w1', HOUR]]);
    expect(ttlSteps(plan(world, { keepDrift: true }))).toEqual([]);
  });
});

function markerOf(world: World, key: string, path: string): Rke2Facts['marker'] {
  const rke2 = world.hosts[key]?.rke2;
  if (rke2 === undefined || rke2.marker === null || rke2.marker === 'unreadable')
    throw new Error('no marker');
  const sha256 = rke2.files[path]?.sha256 ?? '';
  return { ...rke2.marker, written: { ...rke2.marker.written, [path]: sha256 } };
}

describe('the time to live of a cluster that is there', () => {
  const check = (world: World, cluster: World['cluster']) =>
    checkTtl(cluster, observe(world), world.state).map(({ severity, code, node }) => [severity, code, node]);

  it('can be had no more, and never becomes shorter', () => {
    const old = made(PLAIN);
    expect(check(old, MORTAL)).toEqual([['error', 'ttl-late', undefined]]);
    expect(check(UP, { ...MORTAL, ttlSeconds: 60 })).toEqual([['error', 'ttl-shorter', undefined]]);
    for (const cluster of [MORTAL, PLAIN, { ...MORTAL, ttlSeconds: 2 * HOUR }])
      expect(check(UP, cluster)).toEqual([]);
    expect(check(makeWorld(MORTAL, { firewalld: true }), MORTAL)).toEqual([]);
    // A state that was made again does not know it; the hosts do.
    expect(check({ ...UP, state: { ...UP.state, desired: null } }, MORTAL)).toEqual([]);
  });

  it('is warned of where a host cannot be told that it is over with', () => {
    const observed: Observed = {
      hosts: {
        ...observe(UP).hosts,
        [WORKER]: { reachable: false, error: { code: '', message: '', hint: '' } },
      },
    };
    expect(checkTtl(PLAIN, observed, UP.state)).toMatchObject([{ code: 'ttl-stays', node: WORKER }]);
  });
});

describe('a cluster that has gone by itself', () => {
  const all = goneOn(UP, SERVER, WORKER);
  const remove = (world: World) =>
    planRemove({
      cluster: world.cluster,
      observed: observe(world),
      state: world.state,
      clusterId: world.state.clusterId,
      version: '',
      keepSnapshots: null,
      ignoreUnreachable: false,
      findings: [],
    });
  const brief = ({ steps, findings }: Plan) => [
    ...steps.map(({ id }) => id),
    ...findings.map(({ code }) => `! ${code}`),
  ];

  it('is told as that, whole or in part, and only where it had a time to live', () => {
    expect(checkTtlPassed(MORTAL, observe(all), all.state)?.message).toContain(
      'The time to live of this cluster (`ttl`, 1h) is over, and the hosts have taken it away: s1, w1.',
    );
    const part = goneOn(UP, WORKER);
    expect(checkTtlPassed(MORTAL, observe(part), part.state)?.message).toContain(
      'its host has taken it away: w1. s1 was not found like that',
    );
    expect(checkTtlPassed(MORTAL, observe(UP), UP.state)).toBeNull();
    const wiped = goneOn(made(PLAIN), SERVER, WORKER);
    expect(checkTtlPassed(PLAIN, observe(wiped), wiped.state)).toBeNull();
    expect(checkTtlPassed(MORTAL, observe(UP), null)).toBeNull();
  });

  it('is not seen in hosts that somebody cleaned by hand: the timer is still there', () => {
    const byHand = onRke2(goneOn(UP, SERVER), SERVER, () => ({ ttl: { remainingSeconds: 9, armed: true } }));
    expect(checkTtlPassed(MORTAL, observe(byHand), byHand.state)).toBeNull();
  });

  it('is forgotten by remove, which cleans only what still stands', () => {
    expect(brief(remove(all))).toEqual(['forget-state', '! ttl-passed']);
    expect(brief(remove(goneOn(UP, WORKER)))).toEqual([
      `uninstall ${SERVER}`,
      'forget-state',
      '! ttl-passed',
    ]);
    const begun = onRke2(all, SERVER, () => ({
      files: { [TTL_BEGUN_PATH]: { sha256: 'f'.repeat(64), mode: '0600' } },
    }));
    expect(brief(remove(begun))).toContain(`uninstall ${SERVER}`);
  });

  it('leaves alone what somebody else has put onto its hosts since', () => {
    const reused = onRke2(all, SERVER, () => ({
      binaries: [{ path: '/usr/local/bin/rke2', version: 'v1.35.7+rke2r1' }],
      etcdData: true,
    }));
    expect(brief(remove(reused))).toEqual(['forget-state', '! ttl-passed', '! host-reused']);
  });
});
