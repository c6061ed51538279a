import type { Cluster } from '../domain/cluster.ts';
import { ConnectError, StateError } from '../domain/errors.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { checkTtlPassed } from '../plan/check-ttl.ts';

/**
 * Throws where there is nobody to do anything with: ConnectError (exit 4) when no host answers, StateError when the cluster
 * has taken itself away because its time was over. Every later complaint would hide the reason.
 */
export function refuseAbsent(cluster: Cluster, observed: Observed, stored: State | null): void {
  refuseNobody(cluster, observed);
  const passed = checkTtlPassed(cluster, observed, stored);
  if (passed !== null) throw new StateError({ ...passed, message: `${passed.message} Nothing was done.` });
}

function refuseNobody(cluster: Cluster, observed: Observed): void {
  const failures = cluster.nodes.flatMap(({ key }) => {
    const host = observed.hosts[key];
    return host === undefined || host.reachable ? [] : [{ key, ...host.error }];
  });
  const [first] = failures;
  if (first === undefined || failures.length < cluster.nodes.length) return;
  const others = failures.length === 1 ? '' : ` The other ${failures.length - 1} answered no better.`;
  throw new ConnectError({
    code: 'no-host-reached',
    message: `${first.message}${others} Nothing was done.`,
    hint: first.hint,
    exitCode: 4,
  });
}
