import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { Plan, PlannedNode, Step, StepId } from '../../domain/plan.ts';
import { factsOf } from '../../render/desired-node.ts';
import { stepId } from '../step-id.ts';
import type { MaintenanceInput } from './maintenance-input.ts';
import { members } from './members.ts';
import { endsOf, type Stretch } from './stretch.ts';

/**
 * The plan of a verb: its stretches without those that an earlier run has brought to their end, then the note that it is
 * all done. Whatever is cut off, the same verb run again gives the rest.
 */
export function maintenancePlan(
  input: MaintenanceInput,
  stretches: readonly Stretch[],
  findings: readonly Diagnostic[] = [],
): Plan {
  const { cluster, observed, operation, state, version } = input;
  const done = new Set(operation.done);
  const left = stretches.filter((stretch) => !isDone(stretch, done));
  const steps = withoutLostTies(left.flat());
  const { servers, agents } = members(input);
  return {
    schemaVersion: 1,
    clusterId: state.clusterId,
    clusterName: cluster.name,
    version,
    purpose: operation.verb,
    steps: stretches.length === 0 ? [] : [...steps, endStep(left), ...copySteps(servers)],
    findings: [...input.findings, ...findings],
    changes: [],
    drift: [],
    nodes: [...servers, ...agents],
    leaving: [],
    unreachable: cluster.nodes.map(({ key }) => key).filter((key) => factsOf(observed, key) === null),
  };
}

function isDone(stretch: Stretch, done: ReadonlySet<StepId>): boolean {
  const last = stretch.at(-1);
  return last === undefined || done.has(last.id);
}

/** Steps no longer wait for what an earlier run has done. */
function withoutLostTies(steps: readonly Step[]): readonly Step[] {
  const ids = new Set(steps.map(({ id }) => id));
  return steps.map((step) => ({
    ...step,
    needs: step.needs.filter((id) => ids.has(id)),
    after: step.after.filter((id) => ids.has(id)),
  }));
}

/** The cluster's own copy of the state must not go on saying that the verb is in hand. */
function copySteps(servers: readonly PlannedNode[]): readonly Step[] {
  const plane = servers.find(({ roles }) => roles.includes('controlplane'));
  if (plane === undefined) return [];
  return [
    {
      kind: 'copy-state',
      id: stepId('copy-state', plane),
      node: plane,
      reason: 'a copy of the state lives in the cluster',
      needs: ['end-operation'],
      after: [],
    },
  ];
}

function endStep(left: readonly Stretch[]): Step {
  return {
    kind: 'end-operation',
    id: 'end-operation',
    node: null,
    reason: 'from then on other commands may change the cluster again',
    needs: endsOf(left),
    after: [],
  };
}
