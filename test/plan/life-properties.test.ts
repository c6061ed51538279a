import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan, Step, StepId } from '../../src/domain/plan.ts';
import { remember } from '../../src/lib/remember.ts';
import { carryOut, carryOutWithMishap, order } from '../support/carry-out.ts';
import { type LifeCase, lifeCases, turned } from '../support/life-cases.ts';
import { complaintsOf } from '../support/life-target.ts';
import { hasQuorum, livingMembers } from '../support/model-cluster.ts';
import { beginRun, findingsOf, planInput, planWorld, type World } from '../support/model-hosts.ts';
import { applyHalf, applyStep } from '../support/model-steps.ts';

/** How many cases each property is tried with; RKE2CTL_LIFE_RUNS asks for more. */
const RUNS = Number(process.env['RKE2CTL_LIFE_RUNS'] ?? 1_000);
/** As many at a time, with which every property is tried before the next come. */
const PORTION = Math.min(RUNS, 250);
/** Everybody's `npm test` takes the same cases; RKE2CTL_LIFE_SEED asks for others: a number, or `random`. */
const FIRST_SEED = seedOf(process.env['RKE2CTL_LIFE_SEED'] ?? '20261121');
const SEEDS = Array.from({ length: Math.ceil(RUNS / PORTION) }, (_, index) => FIRST_SEED + index);
const TIMEOUT_MS = 20_000 + PORTION * 400;

function seedOf(asked: string): number {
  return asked === 'random' ? randomInt(2 ** 30) : Number(asked);
}

/** Keys of labels that the cases set. */
const OWN = new Set(['disk', 'zone']);

/** Numbers without end, the same for the same seed. */
function* numbersFrom(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 8;
  }
}

type Numbers = ReturnType<typeof numbersFrom>;

function pickBy(numbers: Numbers) {
  return (ready: readonly Step[]) => ready[numbers.next().value % ready.length] as Step;
}

/** Holds what must be so after every single step. */
function look(world: World, step: Step): void {
  if (!hasQuorum(world)) throw new Error(`after ${step.id} etcd has no majority`);
}

/** Errors for which a run would not begin. */
function refusals(world: World, plan: Plan): readonly string[] {
  return findingsOf(world, plan)
    .filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);
}

/** What may be refused: a dead member that stays makes its peers too few; no control plane stays to be asked. */
function mayRefuse({ deadStays, noPlaneStays }: LifeCase, code: string): boolean {
  return code === 'control-plane-alone'
    ? noPlaneStays
    : deadStays && /^etcd-(quorum|too-few-left)$/.test(code);
}

/** What a run would be refused for at first. */
const refusalsAtFirst = remember(({ after }: LifeCase) => refusals(after, firstPlan(after)));

const firstPlan = remember((world: World) => planWorld(world));

/** Holds the property for all cases of a portion that are not refused. */
function check(seed: number, property: (life: LifeCase, numbers: Numbers) => void): void {
  fc.assert(
    fc.property(lifeCases, fc.nat(), (life, number) => {
      const codes = refusalsAtFirst(life);
      if (codes.length === 0) property(life, numbersFrom(number));
      else if (!codes.every((code) => mayRefuse(life, code))) throw new Error(`refused: ${codes.join(', ')}`);
    }),
    { numRuns: PORTION, seed },
  );
}

function expectEnd(world: World): void {
  expect(complaintsOf(world, OWN)).toEqual([]);
  expect(planWorld(world).steps.map(({ id }) => id)).toEqual([]);
}

/** For each step all those that have ended before it begins. */
function earlierSteps(plan: Plan): ReadonlyMap<StepId, ReadonlySet<StepId>> {
  const earlier = new Map<StepId, Set<StepId>>();
  for (const { id, needs, after } of order(plan, (ready) => ready[0] as Step)) {
    const direct = [...needs, ...after];
    earlier.set(id, new Set(direct.flatMap((each) => [each, ...(earlier.get(each) ?? [])])));
  }
  return earlier;
}

/** Who of etcd's living members is what machine now. */
function isMember(world: World, step: Step): boolean {
  const members = livingMembers(world).map(({ machineId }) => machineId);
  const record = world.state.nodes[step.node?.id ?? ''];
  return record !== undefined && members.includes(record.machineId);
}

/** What starts, restarts, takes in or takes out a member. */
function isMotion(step: Step): boolean {
  if (step.kind === 'leave-cluster') return step.members.length > 0;
  return step.kind === 'start-service' && step.voter;
}

/**
 * What a plan does, whatever the order of the file's nodes: every step about a node, by its machine. Where any server will
 * do (who is asked by kubectl, who is joined) who it is may follow the file; so may the turn of equals, and with it whether
 * one snapshot serves for the upgrade and for the change of roles that comes first.
 */
function gist(plan: Plan): readonly string[] {
  const anywhere: readonly string[] = ['verify-nodes', 'write-kubeconfig', 'copy-state'];
  return plan.steps
    .filter(({ kind }) => kind !== 'save-snapshot')
    .map(({ kind, node }) => (anywhere.includes(kind) || node === null ? kind : `${kind} ${node.id}`))
    .sort();
}

function withTurnedFile(world: World, by: number): World {
  return { ...world, cluster: { ...world.cluster, nodes: turned(world.cluster.nodes, by) } };
}

describe.each(SEEDS)('a cluster that lives (seed %d)', (seed) => {
  it('is brought to what the file says in any order that the plan allows, with a majority after each step', {
    timeout: TIMEOUT_MS,
  }, () => {
    check(seed, ({ after }, numbers) => {
      const plan = firstPlan(after);
      const end = carryOut(after, order(plan, pickBy(numbers)), look);
      expectEnd(end);
      const by = 1 + (numbers.next().value % 7);
      // What is the same for the same input, and whatever the order of the file, need not be seen as often.
      switch (numbers.next().value % 4) {
        case 0:
          // Of the same facts, which nobody has looked at yet.
          expect(JSON.stringify(planWorld({ ...after }))).toBe(JSON.stringify(plan));
          break;
        case 1:
          expect(gist(planWorld(withTurnedFile(end, by)))).toEqual([]);
          break;
        default:
          expect(gist(planWorld(withTurnedFile(after, by)))).toEqual(gist(plan));
      }
    });
  });

  it('has one member in motion at a time, a snapshot before each, and adds before it removes', {
    timeout: TIMEOUT_MS,
  }, () => {
    check(seed, ({ after }) => {
      const plan = firstPlan(after);
      const earlier = earlierSteps(plan);
      const isBefore = (one: Step, other: Step) => earlier.get(other.id)?.has(one.id) === true;
      const motions = plan.steps.filter((step) => isMotion(step));
      const together = motions.flatMap((one, index) =>
        motions
          .slice(index + 1)
          .filter((other) => !isBefore(one, other) && !isBefore(other, one))
          .map((other) => `${one.id} and ${other.id}`),
      );
      expect(together).toEqual([]);
      const leaves = motions.filter((step) => step.kind === 'leave-cluster' && isMember(after, step));
      const returning = new Set(leaves.map((step) => step.node?.id));
      const joins = motions.filter(
        (step) => step.kind === 'start-service' && !isMember(after, step) && !returning.has(step.node?.id),
      );
      const tooSoon = leaves.flatMap((leave) =>
        joins.filter((join) => !isBefore(join, leave)).map((join) => `${leave.id} before ${join.id}`),
      );
      expect(tooSoon).toEqual([]);
      const changing = motions.filter((step) => leaves.includes(step) || joins.includes(step));
      const snapshots = plan.steps.filter(({ kind }) => kind === 'save-snapshot');
      const unsaved = changing.filter((step) => !snapshots.some((each) => isBefore(each, step)));
      expect(unsaved.map(({ id }) => id)).toEqual([]);
    });
  });

  it('gets there from wherever a run was cut off, within a step or between two', {
    timeout: TIMEOUT_MS,
  }, () => {
    check(seed, ({ after }, numbers) => {
      expectEnd(goOn(cutOff(after, numbers), numbers));
    });
  });

  it('gets there after any step has failed, of which nothing is done that needs it', {
    timeout: TIMEOUT_MS,
  }, () => {
    check(seed, ({ after }, numbers) => {
      const plan = firstPlan(after);
      const failing = plan.steps[numbers.next().value % Math.max(plan.steps.length, 1)];
      if (failing === undefined) return;
      const variant = numbers.next().value;
      const { world, ended } = carryOutWithMishap(after, {
        plan,
        failing,
        fail: (before, step, run) =>
          variant % 3 === 0 ? before : (applyHalf(before, step, run, variant) ?? before),
        pick: pickBy(numbers),
        look,
      });
      const ran = [...ended.keys()];
      const needers = allThatNeed(plan, failing.id);
      expect(ran.filter(({ id }) => needers.has(id)).map(({ id }) => id)).toEqual([]);
      const inVain = [...ended].filter(([step, end]) => step !== failing && end instanceof Error);
      expect(inVain.map(([{ id }, end]) => `${id}: ${end}, after ${failing.id}`)).toEqual([]);
      expectEnd(goOn(world, numbers));
    });
  });
});

/** The same as every later run does it, until nothing is left. */
function goOn(begun: World, numbers: Numbers): World {
  let world = begun;
  for (let round = 0; round < 4; round += 1) {
    const plan = planWorld(world);
    if (plan.steps.length === 0) break;
    expect(refusals(world, plan)).toEqual([]);
    world = carryOut(world, order(plan, pickBy(numbers)), look);
  }
  return world;
}

/** The steps that need one, and those that need these. */
function allThatNeed({ steps }: Plan, id: StepId): ReadonlySet<StepId> {
  const found = new Set([id]);
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const step of steps) if (step.needs.some((need) => found.has(need))) found.add(step.id);
  }
  found.delete(id);
  return found;
}

/** Some steps of the plan, and perhaps the first effect of one more. */
function cutOff(world: World, numbers: Numbers): World {
  const steps = order(firstPlan(world), pickBy(numbers));
  const cut = numbers.next().value % (steps.length + 1);
  const input = planInput(world);
  const before = steps
    .slice(0, cut)
    .reduce((all, step) => applyStep(all, step, { input }), beginRun(world, input));
  const next = steps[cut];
  const half = next === undefined ? null : applyHalf(before, next, { input }, numbers.next().value);
  return half ?? before;
}

describe('what cannot be reached', () => {
  const cases = fc.sample(lifeCases, { numRuns: 12, seed: FIRST_SEED });
  const said = (world: World) => refusals(world, planWorld(world));

  it.each([
    ['a skipped minor version', 'v1.36.1+rke2r1', 'version-skips-minor'],
    ['a downgrade', 'v1.33.9+rke2r1', 'version-downgrade'],
  ])('%s', (_what, version, code) => {
    for (const { before } of cases)
      expect(said({ ...before, cluster: { ...before.cluster, version } })).toContain(code);
  });

  it('anything about the members while etcd has no majority', () => {
    for (const { before } of cases) {
      const members = before.store.members.map(({ machineId }) => machineId);
      const etcd = Object.entries(before.hosts).filter(([, { machineId }]) => members.includes(machineId));
      if (etcd.length < 2) continue;
      const off = etcd.slice(0, Math.ceil(etcd.length / 2)).map(([key]) => key);
      const nodes = before.cluster.nodes.filter(({ key }) => key !== off[0]);
      if (!nodes.some(({ roles }) => roles.includes('controlplane'))) continue;
      const world = { ...before, off, cluster: { ...before.cluster, nodes } };
      expect(said(world)).toContain('etcd-majority-lost');
    }
  });

  it('another machine in the place of a member, unless it is asked for', () => {
    for (const { after } of cases.filter(({ after: world }) => (world.replace ?? []).length > 0))
      expect(said({ ...after, replace: [] })).toContain('node-replaced');
  });
});
