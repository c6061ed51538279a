import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { formerTtlSeconds, ttlSecondsOf } from '../domain/time-to-live.ts';
import { factsOf } from '../render/desired-node.ts';
import { hasBegun } from './check-state.ts';
import { ttlPassed, ttlPassedText, ttlText } from './ttl-passed.ts';

/** Says that the cluster has gone by itself; null where it has not. Nothing else that could be said of it would help. */
export function checkTtlPassed(cluster: Cluster, observed: Observed, state: State | null): Diagnostic | null {
  const passed = ttlPassed(cluster, observed, state);
  if (passed === null) return null;
  return {
    severity: 'error',
    code: 'ttl-passed',
    message: `${ttlPassedText(passed)} What this machine knows of it is all that is left.`,
    hint: '`rke2ctl remove --yes` forgets that, and cleans what may still stand; then `rke2ctl up` makes the cluster anew.',
  };
}

/**
 * A cluster that is there is never given less time than it was made with: nobody who uses it reckons with its going.
 * Errors; and warnings for hosts that were not reached, where the time is still the old one.
 */
export function checkTtl(cluster: Cluster, observed: Observed, state: State): readonly Diagnostic[] {
  const before = formerTtlSeconds(state.desired);
  const seconds = ttlSecondsOf(cluster, state.desired);
  if (!hasBegun(cluster, observed, state)) return [];
  if (seconds === null) return before === null ? [] : staysOn(cluster, observed, before);
  if (before === null && !isSetSomewhere(cluster, observed)) return [late(seconds)];
  return before !== null && seconds < before ? [shorter(seconds, before)] : [];
}

/** Where the state was made again, the hosts still know. */
function isSetSomewhere(cluster: Cluster, observed: Observed): boolean {
  return cluster.nodes.some(({ key }) => factsOf(observed, key)?.rke2.ttl !== undefined);
}

function late(seconds: number): Diagnostic {
  return {
    severity: 'error',
    code: 'ttl-late',
    path: 'ttl',
    message: `The file gives a cluster that is there already a time to live of ${ttlText(seconds)}, after which its hosts would take it away with all its data. Only a cluster that is being made can be given one.`,
    hint: 'Take `ttl` out of the file. A cluster that is needed no more goes by `rke2ctl remove`.',
  };
}

function shorter(seconds: number, before: number): Diagnostic {
  return {
    severity: 'error',
    code: 'ttl-shorter',
    path: 'ttl',
    message: `This cluster was made to live ${ttlText(before)}, and the file now says ${ttlText(seconds)}: it would go sooner than those who use it reckon with.`,
    hint: `Put \`ttl: ${ttlText(before)}\` back, or a longer time. A cluster that is needed no more goes by \`rke2ctl remove\`.`,
  };
}

function staysOn(cluster: Cluster, observed: Observed, before: number): readonly Diagnostic[] {
  return cluster.nodes
    .filter(({ key }) => factsOf(observed, key) === null)
    .map(({ key }) => ({
      severity: 'warning' as const,
      code: 'ttl-stays',
      node: key,
      message: `${key} was not reached, and still goes by itself when its time to live (${ttlText(before)}) is over.`,
      hint: 'Run `rke2ctl up` again when it answers: that takes its timer away.',
    }));
}
