import type { Cluster } from '../domain/cluster.ts';
import type { HostFacts, Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { formerTtlSeconds, ttlSecondsOf } from '../domain/time-to-live.ts';
import { type DesiredNode, factsOf } from '../render/desired-node.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import { isTtlPath } from '../rke2/ttl-paths.ts';
import { stateOfFile } from './hand-made.ts';

/** What is to be done about a host's time to live. */
export interface TtlChange {
  /** null: it is taken away. */
  readonly seconds: number | null;
  readonly files: readonly RenderedFile[];
  readonly reason: string;
}

/** A clock that was set back, or a deadline that somebody wrote, may promise more than there is to have. */
const SLACK_SECONDS = 60;

/**
 * True when the time begins anew on every host, so that all go together: a host has none yet, or less than half of it
 * left, or the file has another. So a run that has nothing else to do has nothing to do here either, and after every run
 * at least half of the time is left.
 */
export function renewsTtl(cluster: Cluster, observed: Observed, state: State): boolean {
  const seconds = ttlSecondsOf(cluster, state.desired);
  if (seconds === null) return false;
  const before = formerTtlSeconds(state.desired);
  if (before !== null && before !== seconds) return true;
  return cluster.nodes.some(({ key }) => {
    const facts = factsOf(observed, key);
    if (facts === null) return false;
    const { ttl } = facts.rke2;
    return (
      ttl === undefined ||
      ttl.remainingSeconds < seconds / 2 ||
      ttl.remainingSeconds > seconds + SLACK_SECONDS
    );
  });
}

/** Holds a host's time to live against the one it must have; null: nothing is to be done. */
export function compareTtl(
  desired: DesiredNode,
  facts: HostFacts,
  { renews, keepDrift }: { readonly renews: boolean; readonly keepDrift: boolean },
): TtlChange | null {
  const { ttl, files: present } = facts.rke2;
  if (desired.ttlSeconds === null) {
    const isThere = ttl !== undefined || Object.keys(present).some(isTtlPath);
    return isThere
      ? { seconds: null, files: [], reason: 'the file gives the cluster no `ttl` any more' }
      : null;
  }
  const files = desired.files.filter(
    (file) => isTtlPath(file.path) && stateOfFile(file, facts) !== 'in-place',
  );
  if (ttl === undefined) return { seconds: desired.ttlSeconds, files, reason: FIRST };
  if (renews) return { seconds: desired.ttlSeconds, files, reason: 'its `ttl` begins anew' };
  if (keepDrift) return null;
  if (files.length > 0) return { seconds: desired.ttlSeconds, files, reason: EDITED };
  return ttl.armed ? null : { seconds: desired.ttlSeconds, files, reason: STOPPED };
}

const FIRST = 'it is to go by itself when its `ttl` is over, whatever becomes of this machine';
const EDITED = 'what takes the cluster away by itself is not as it was written';
const STOPPED = 'the timer that takes the cluster away by itself was stopped or disabled';
