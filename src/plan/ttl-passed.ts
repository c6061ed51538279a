import type { Cluster } from '../domain/cluster.ts';
import { nodeId } from '../domain/node-identity.ts';
import type { HostFacts, Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { formerTtlSeconds } from '../domain/time-to-live.ts';
import { factsOf } from '../render/desired-node.ts';
import { isTtlPath, TTL_BEGUN_PATH } from '../rke2/ttl-paths.ts';

/** What became of a cluster whose time to live is over. */
export interface TtlPassed {
  readonly seconds: number;
  /** Names of members whose hosts have cleaned themselves, or are about to. */
  readonly gone: readonly string[];
  /** Names of members that were not reached, or still stand. */
  readonly others: readonly string[];
}

/**
 * Whether members have taken themselves away because their time was over: null where none has, or the cluster never had a
 * time to live. A member that somebody cleaned by hand still has the timer; a new machine in its place is another one.
 */
export function ttlPassed(cluster: Cluster, observed: Observed, state: State | null): TtlPassed | null {
  const seconds = formerTtlSeconds(state?.desired ?? null);
  if (state === null || seconds === null || state.removing) return null;
  const hosts = new Map(
    cluster.nodes.flatMap(({ key }) => {
      const facts = factsOf(observed, key);
      return facts === null ? [] : [[nodeId(state.clusterId, facts.machineId), facts] as const];
    }),
  );
  const members = Object.values(state.nodes).filter(({ phase }) => phase === 'joined');
  const isGone = (id: string) => {
    const facts = hosts.get(id);
    return facts !== undefined && hasCleanedItself(facts);
  };
  const names = (which: boolean) =>
    members.filter(({ nodeId: id }) => isGone(id) === which).map(({ name }) => name);
  const gone = names(true);
  return gone.length === 0 ? null : { seconds, gone, others: names(false) };
}

/** Of a member of a cluster with a time to live: nothing of it is there, or what says so is just being taken away. */
export function hasCleanedItself({ rke2 }: HostFacts): boolean {
  if (rke2.files[TTL_BEGUN_PATH] !== undefined) return true;
  const isInstalled = rke2.binaries.length > 0 || rke2.server.exists || rke2.agent.exists;
  return rke2.marker === null && !isInstalled && !rke2.etcdData && !hasTtlTraces({ rke2 });
}

/** True where the time to live has left anything on the host. */
export function hasTtlTraces({ rke2 }: Pick<HostFacts, 'rke2'>): boolean {
  return rke2.ttl !== undefined || Object.keys(rke2.files).some(isTtlPath);
}

/** The same for people, as one or two sentences. */
export function ttlPassedText({ seconds, gone, others }: TtlPassed): string {
  const have = gone.length === 1 ? 'its host has' : 'the hosts have';
  const rest =
    others.length === 0
      ? ''
      : ` ${list(others)} ${others.length === 1 ? 'was' : 'were'} not found like that: not reached, or still to go by ${others.length === 1 ? 'its own timer' : 'their own timers'}.`;
  return `The time to live of this cluster (\`ttl\`, ${ttlText(seconds)}) is over, and ${have} taken it away: ${list(gone)}.${rest}`;
}

/** `2h`, `90m`, `20s`: as the file would say it. */
export function ttlText(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
