import { isDeepStrictEqual } from 'node:util';
import type { JsonMap, JsonValue } from '../domain/cluster.ts';
import type { Plan, Step } from '../domain/plan.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { AGENT_TOKEN_PATH, SERVER_TOKEN_PATH } from '../rke2/paths.ts';
import type { HostBasis, PlanBasis } from './plan-basis.ts';
import type { SavedPlan } from './saved-plan.ts';

/** One thing that is no longer as a saved plan saw it. */
export interface Movement {
  readonly what: 'rke2ctl' | 'file' | 'state' | 'host' | 'plan';
  /** The host, by its key; null for everything else. */
  readonly host: string | null;
  /** One line for people, as a clause: `its serial was 4 and is 6`. */
  readonly message: string;
}

/**
 * What has moved between a saved plan and one that was just made in the same way: empty when both say the very same.
 * Findings do not count: how long a clock or a disk took is never the same twice.
 */
export function findMovements(saved: SavedPlan, now: Pick<SavedPlan, 'basis' | 'plan'>): readonly Movement[] {
  const moved = [
    ...rke2ctlMovement(saved.basis, now.basis),
    ...fileMovement(saved.basis, now.basis),
    ...stateMovement(saved.basis, now.basis),
    ...hostMovements(saved.basis, now.basis),
  ];
  if (moved.length > 0 || essence(saved.plan) === essence(now.plan)) return moved;
  return [{ what: 'plan', host: null, message: planDifference(saved.plan, now.plan) }];
}

function rke2ctlMovement(saved: PlanBasis, now: PlanBasis): readonly Movement[] {
  if (saved.rke2ctl === now.rke2ctl) return [];
  const message = `rke2ctl ${saved.rke2ctl} made the plan, and this is ${now.rke2ctl}`;
  return [{ what: 'rke2ctl', host: null, message }];
}

const MOST_PATHS = 6;

function fileMovement(saved: PlanBasis, now: PlanBasis): readonly Movement[] {
  if (saved.cluster.digest === now.cluster.digest) return [];
  const paths = differingPaths(saved.cluster.described, now.cluster.described, '');
  const rest = paths.length - MOST_PATHS;
  const message =
    paths.length > 0
      ? `it says something else than it did: ${paths.slice(0, MOST_PATHS).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
      : // A key that did not exist yet when the plan was made makes all digests differ, and `state` tells of that.
        'a secret in it is another one';
  if (paths.length === 0 && (saved.state === null) !== (now.state === null)) return [];
  return [{ what: 'file', host: null, message }];
}

function stateMovement({ state: saved }: PlanBasis, { state: now }: PlanBasis): readonly Movement[] {
  const told = (message: string): readonly Movement[] => [{ what: 'state', host: null, message }];
  if (isDeepStrictEqual(saved, now)) return [];
  if (saved === null) return told('there was none, and now there is one: somebody has run `up` since');
  if (now === null) return told('it was there, and is not any more');
  if (saved.clusterId !== now.clusterId)
    return told(`it is another cluster's: ${now.clusterId} in place of ${saved.clusterId}`);
  if (saved.serial !== now.serial)
    return told(
      `its serial was ${saved.serial} and is ${now.serial}: something was done since, or this plan was begun already`,
    );
  return told(`serial ${now.serial} holds something else than it did`);
}

function hostMovements({ hosts: saved }: PlanBasis, { hosts: now }: PlanBasis): readonly Movement[] {
  const keys = [...new Set([...Object.keys(saved), ...Object.keys(now)])];
  return keys.flatMap((host): readonly Movement[] => {
    const message = hostDifference(saved[host], now[host]);
    return message === null ? [] : [{ what: 'host', host, message }];
  });
}

function hostDifference(
  saved: HostBasis | null | undefined,
  now: HostBasis | null | undefined,
): string | null {
  // Whether a host is asked at all follows from file and state, which speak for themselves.
  if (saved === undefined || now === undefined) return null;
  if (saved === null) return now === null ? null : 'it was not reached, and now it is';
  if (now === null) return 'it is not reached any more';
  const names = [...new Set([...Object.keys(saved), ...Object.keys(now)])];
  const moved = names.filter((name) => saved[name] !== now[name]);
  return moved.length === 0
    ? null
    : moved.map((name) => describeAspect(name, saved[name], now[name])).join('; ');
}

function describeAspect(name: string, saved: string | undefined, now: string | undefined): string {
  const what = name.startsWith('/') ? `the file ${name}` : name;
  if (saved === undefined) return `${what} is new`;
  if (now === undefined) return `${what} is gone`;
  return name.startsWith('/') ? `${what} was changed` : `${what}: not as it was`;
}

/** Where two descriptions differ, as paths; lists of things with a key, a name or a path are held against each other by that. */
function differingPaths(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: string,
): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  const one = membersOf(before);
  const other = membersOf(after);
  if (one === null || other === null) return [path];
  const names = [...new Set([...Object.keys(one.members), ...Object.keys(other.members)])];
  return names.flatMap((name) =>
    differingPaths(
      one.members[name],
      other.members[name],
      one.isList ? `${path}[${name}]` : `${path}${path === '' ? '' : '.'}${name}`,
    ),
  );
}

function membersOf(value: JsonValue | undefined): {
  readonly isList: boolean;
  readonly members: Readonly<Record<string, JsonValue>>;
} | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!Array.isArray(value)) return { isList: false, members: value as JsonMap };
  const named = value.map((each: JsonValue): [string, JsonValue] | null => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return null;
    const map = each as JsonMap;
    const name = map['key'] ?? map['name'] ?? map['path'];
    return typeof name === 'string' ? [name, each] : null;
  });
  if (named.length === 0 || named.includes(null)) return null;
  return {
    isList: true,
    members: Object.fromEntries(named.flatMap((each) => (each === null ? [] : [each]))),
  };
}

/**
 * What two plans must have in common to be the same. Before the first `up` every planning thinks of new names and tokens
 * for the cluster; what is made of those does not count.
 */
function essence(plan: Plan): string {
  const { findings: _findings, steps, ...rest } = plan;
  const isNew = steps.some((step) => step.kind === 'claim' && step.bootstrap);
  const text = canonicalJson({ ...rest, steps: isNew ? steps.map(withoutTokens) : steps });
  if (!isNew) return text;
  return plan.nodes.reduce(
    (shorter, { id }) => shorter.replaceAll(id, 'a node'),
    text.replaceAll(plan.clusterId, 'the cluster'),
  );
}

function withoutTokens(step: Step): Step {
  if (step.kind !== 'write-files') return step;
  const isToken = (path: string) => path === SERVER_TOKEN_PATH || path === AGENT_TOKEN_PATH;
  return {
    ...step,
    files: step.files.map((file) => (isToken(file.path) ? { ...file, sha256: null } : file)),
  };
}

function planDifference(saved: Plan, now: Plan): string {
  const ids = ({ steps }: Plan) => new Map(steps.map((step) => [step.id, canonicalJson(step)]));
  const [before, after] = [ids(saved), ids(now)];
  const gone = [...before.keys()].filter((id) => !after.has(id));
  const come = [...after.keys()].filter((id) => !before.has(id));
  const other = [...before].flatMap(([id, text]) => (after.has(id) && after.get(id) !== text ? [id] : []));
  const list = (word: string, names: readonly string[]) =>
    names.length === 0
      ? []
      : [`${word} ${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`];
  const parts = [
    ...list('not to be done any more:', gone),
    ...list('to be done now:', come),
    ...list('otherwise:', other),
  ];
  return parts.length === 0
    ? 'the steps are the same, but what was found drifted or what they lead to is not'
    : parts.join('; ');
}
