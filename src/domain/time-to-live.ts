import type { Cluster, JsonMap } from './cluster.ts';

/** The time to live that a cluster has, in seconds: what a run gives it or gave it, else what its file says; null: none. */
export function ttlSecondsOf(cluster: Cluster, desired: JsonMap | null): number | null {
  return cluster.runTtlSeconds ?? numberIn(desired, 'runTtlSeconds') ?? cluster.ttlSeconds;
}

/** What it had when it was last asked for; null: none, or nothing is known of it. */
export function formerTtlSeconds(desired: JsonMap | null): number | null {
  return numberIn(desired, 'runTtlSeconds') ?? numberIn(desired, 'ttlSeconds');
}

function numberIn(desired: JsonMap | null, key: 'ttlSeconds' | 'runTtlSeconds'): number | null {
  const value = desired?.[key];
  return typeof value === 'number' ? value : null;
}
