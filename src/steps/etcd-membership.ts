import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeKey } from '../domain/cluster.ts';
import {
  ConnectError,
  ConnectionLostError,
  RemoteCommandError,
  ServiceError,
  TimeoutError,
} from '../domain/errors.ts';
import type { EtcdMember } from '../domain/observed.ts';
import type { PlannedNode } from '../domain/plan.ts';
import { listMembers, livingMember } from '../host/etcd.ts';
import type { Host } from '../host/host.ts';
import type { StepContext } from './step-handler.ts';

/** While etcd chooses a new leader nobody can be asked for a moment. */
const PATIENCE_MS = 30_000;
const POLL_MS = 1_000;

/** etcd as the servers that stay see it. */
export interface Membership {
  /** One of those that live: through it members are removed. */
  readonly teller: Host;
  readonly members: readonly EtcdMember[];
  /** Ids of the members of the asked servers that live and have a leader. */
  readonly living: ReadonlySet<string>;
}

/**
 * Asks these servers' etcd for its members, and each whether it lives. Throws ConnectError `no-etcd-member` when none has
 * answered for half a minute.
 */
export async function readMembership(keys: readonly NodeKey[], context: StepContext): Promise<Membership> {
  const deadline = Date.now() + Math.min(context.timeoutMs, PATIENCE_MS);
  for (;;) {
    const answers = await Promise.all(keys.map((key) => ask(key, context)));
    const living = answers.filter((answer) => answer !== null);
    const [first] = living;
    if (first !== undefined) {
      const ids = new Set(living.map(({ id }) => id));
      return {
        teller: first.host,
        members: await listMembers(first.host, callOptions(context)),
        living: ids,
      };
    }
    if (Date.now() > deadline) throw nobodyAnswers(keys);
    context.progress('waits for an etcd member that answers');
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

async function ask(
  key: NodeKey,
  context: StepContext,
): Promise<{ readonly host: Host; readonly id: string } | null> {
  try {
    const host = context.host(key);
    const id = await livingMember(host, callOptions(context));
    return id === null ? null : { host, id };
  } catch (error) {
    if (
      error instanceof ConnectError ||
      error instanceof ConnectionLostError ||
      error instanceof TimeoutError ||
      error instanceof RemoteCommandError
    )
      return null;
    throw error;
  }
}

/** A node's members: `<name>-<8 hex>` as RKE2 names them, or one that was added at its address and has never started. */
export function membersOf(
  { name, address }: Pick<PlannedNode, 'name' | 'address'>,
  members: readonly EtcdMember[],
): readonly EtcdMember[] {
  const host = address.includes(':') ? `[${address}]` : address;
  return members.filter((member) =>
    member.name === ''
      ? member.peerUrls.some((url) => url === `https://${host}:2380`)
      : member.name.replace(/-[0-9a-f]{8}$/, '') === name,
  );
}

/**
 * Throws unless etcd goes on without `leaving`: somebody must stay, and of those who stay a majority must live. Learners
 * have no vote, so they may always go.
 */
export function assertMajorityWithout(
  leaving: readonly EtcdMember[],
  { members, living }: Membership,
  name: string,
): void {
  if (leaving.every(({ isLearner }) => isLearner)) return;
  const ids = new Set(leaving.map(({ id }) => id));
  const staying = members.filter(({ id, isLearner }) => !ids.has(id) && !isLearner);
  if (staying.length === 0) throw lastMember(name);
  const dead = staying.filter(({ id }) => !living.has(id));
  const majority = Math.floor(staying.length / 2) + 1;
  const alive = staying.length - dead.length;
  if (alive >= majority) return;
  throw new ServiceError({
    code: 'etcd-majority-at-risk',
    message: `Without ${name} etcd would have ${staying.length} members, and only ${alive} of them live; it needs ${majority}. Not answering: ${dead.map(labelOf).join(', ')}.`,
    hint: 'Bring those servers back first, or take them out of the file before this one; then run `rke2ctl up` again. Nothing was changed for this node.',
    lastWords: [],
  });
}

/** The refusal to take the last member of etcd away. */
export function lastMember(name: string): ServiceError {
  return new ServiceError({
    code: 'last-etcd-member',
    message: `${name} is the last member of etcd: with it the cluster and all its data would be gone.`,
    hint: 'Add another etcd node first. To take the whole cluster away use `rke2ctl remove`.',
    lastWords: [],
  });
}

function labelOf({ name, peerUrls }: EtcdMember): string {
  return name === '' ? (peerUrls[0] ?? 'a member without a name') : name;
}

function nobodyAnswers(keys: readonly NodeKey[]): ConnectError {
  return new ConnectError({
    code: 'no-etcd-member',
    message: `None of the etcd members that stay answers or has a leader: ${keys.join(', ')}.`,
    hint: 'See what is wrong with `rke2ctl status`; once etcd has a leader, run the same command again: it continues where this run stopped.',
  });
}

function callOptions({ cluster, signal }: StepContext) {
  return { dataDir: cluster.dataDir, signal };
}
