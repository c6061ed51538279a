import type { JsonMap } from '../../src/domain/cluster.ts';
import type { Verb } from '../../src/domain/operation.ts';
import type { Plan, Step, StepId } from '../../src/domain/plan.ts';
import type { Role } from '../../src/domain/role.ts';
import { orderSteps } from '../../src/domain/step-order.ts';
import type { MaintenanceInput } from '../../src/plan/maintenance/maintenance-input.ts';
import { converge } from './carry-out.ts';
import { makeCluster, makeNode } from './make-cluster.ts';
import { makeWorld, planInput, type World } from './model-hosts.ts';

/** A cluster that has come up: a node for each list of roles, called h0, h1, … */
export function upWorld(...roles: readonly (readonly Role[])[]): World {
  const nodes = roles.map((each, index) => makeNode(`10.0.0.${index + 1}`, [...each]));
  return converge(makeWorld(makeCluster({ nodes }), { firewalld: false })).world;
}

/** What a verb is planned from in that world. */
export function maintenanceInput<R extends JsonMap>(
  world: World,
  verb: Verb,
  request: R,
  done: readonly StepId[] = [],
): MaintenanceInput<R> {
  const operation = { verb, startedAt: 1_795_000_000_000, request, done };
  return { ...planInput(world), findings: [], operation };
}

/** A plan's steps in the order in which they may happen, each with what it needs. */
export function tiesOf({ steps }: Pick<Plan, 'steps'>): readonly string[] {
  return orderSteps(steps).map(({ id, needs }) => (needs.length === 0 ? id : `${id} < ${needs.join(', ')}`));
}

/**
 * Cuts a plan off after each of its steps and makes it again; gives, for every cut, what was lost: steps that neither had
 * been done nor were planned again, and steps that wait for what is not in the plan.
 */
export function losses(planOf: (done: readonly StepId[]) => Plan): readonly string[] {
  const whole = orderSteps(planOf([]).steps);
  return whole.flatMap((_step, count) => {
    const done = whole.slice(0, count).map(({ id }) => id);
    const rest = planOf(done).steps;
    const ids = new Set(rest.map(({ id }) => id));
    const missing = whole.slice(count).filter(({ id }: Step) => !ids.has(id));
    const loose = rest.filter(({ needs }) => needs.some((id) => !ids.has(id)));
    return [...missing, ...loose].map(({ id }) => `after ${done.at(-1) ?? 'nothing'}: ${id}`);
  });
}
