import fc from 'fast-check';
import type { Cluster, ClusterNode, NodeKey, Taint } from '../../src/domain/cluster.ts';
import type { HostFacts } from '../../src/domain/observed.ts';
import type { Role } from '../../src/domain/role.ts';
import { converge } from './carry-out.ts';
import { makeCluster, makeNode } from './make-cluster.ts';
import { makeHost, makeWorld, type World } from './model-hosts.ts';

/** A healthy cluster, and what the file and the world have become since. */
export interface LifeCase {
  readonly before: World;
  readonly after: World;
  /** An etcd server is dead and still in the file. */
  readonly deadStays: boolean;
  /** Every control plane changes what it is, or goes. */
  readonly noPlaneStays: boolean;
  /** For people, when a property fails: what becomes of whom. */
  readonly story: string;
}

/** What becomes of one node. */
type Fate =
  | { readonly kind: 'stays' | 'leaves' | 'moves' }
  | { readonly kind: 'becomes'; readonly roles: readonly Role[] }
  | { readonly kind: 'dies'; readonly then: 'stays' | 'leaves' | 'replaced' | 'replaced-elsewhere' };

interface DraftNode {
  readonly roles: readonly Role[];
  readonly fate: Fate;
  readonly before: Attributes;
  readonly after: Attributes;
}

interface Attributes {
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

interface Draft {
  readonly servers: readonly DraftNode[];
  readonly workers: readonly DraftNode[];
  readonly added: readonly (readonly Role[])[];
  readonly upgrade: 'none' | 'patch' | 'minor';
  readonly hasEndpoint: boolean;
  readonly firewalld: boolean;
  readonly drain: boolean;
  readonly turn: number;
}

export const VERSIONS = { none: 'v1.34.5+rke2r1', patch: 'v1.34.6+rke2r1', minor: 'v1.35.7+rke2r1' };

const serverRoles = fc.constantFrom<readonly Role[]>(
  ['etcd', 'controlplane'],
  ['etcd', 'controlplane', 'worker'],
  ['etcd'],
  ['controlplane'],
  ['etcd', 'worker'],
  ['controlplane', 'worker'],
);

const WORKER: readonly Role[] = ['worker'];
const roles = fc.oneof(serverRoles, fc.constant(WORKER));

const GPU: Taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };

const attributes: fc.Arbitrary<Attributes> = fc.record({
  labels: fc.constantFrom<Readonly<Record<string, string>>>({}, { disk: 'ssd' }, { disk: 'hdd', zone: 'a' }),
  taints: fc.constantFrom<readonly Taint[]>([], [GPU], [{ ...GPU, value: 'tpu' }]),
});

const NO_ATTRIBUTES: Attributes = { labels: {}, taints: [] };
const either = fc.oneof(
  { weight: 3, arbitrary: fc.constant(NO_ATTRIBUTES) },
  { weight: 1, arbitrary: attributes },
);

function fates(kinds: readonly fc.WeightedArbitrary<Fate>[]): fc.Arbitrary<Fate> {
  return fc.oneof({ weight: 6, arbitrary: fc.constant<Fate>({ kind: 'stays' }) }, ...kinds);
}

const leaves = { weight: 2, arbitrary: fc.constant<Fate>({ kind: 'leaves' }) };
const moves = { weight: 1, arbitrary: fc.constant<Fate>({ kind: 'moves' }) };
const becomes = { weight: 2, arbitrary: roles.map((each): Fate => ({ kind: 'becomes', roles: each })) };
const dies = {
  weight: 1,
  arbitrary: fc
    .constantFrom<'stays' | 'leaves' | 'replaced' | 'replaced-elsewhere'>(
      'leaves',
      'replaced',
      'replaced-elsewhere',
      'stays',
    )
    .map((then): Fate => ({ kind: 'dies', then })),
};

const drafts: fc.Arbitrary<Draft> = fc
  .record<Draft>({
    servers: fc.array(
      fc.record({ roles: serverRoles, fate: fates([leaves, becomes, dies]), before: either, after: either }),
      { minLength: 1, maxLength: 7 },
    ),
    workers: fc.array(
      fc.record({
        roles: fc.constant(WORKER),
        fate: fates([leaves, becomes, moves, dies]),
        before: either,
        after: either,
      }),
      { maxLength: 6 },
    ),
    added: fc.array(roles, { maxLength: 3 }),
    upgrade: fc.constantFrom('none', 'none', 'none', 'patch', 'minor'),
    hasEndpoint: fc.boolean(),
    firewalld: fc.boolean(),
    drain: fc.boolean(),
    turn: fc.nat({ max: 12 }),
  })
  .filter(isPossible);

/** A file that its rules let through before and after, and no more dead than a majority can bear. */
function isPossible({ servers, workers, added }: Draft): boolean {
  const nodes = [...servers, ...workers];
  const living = nodes.filter(({ fate }) => fate.kind !== 'dies');
  const has = (role: Role) => (all: readonly Role[]) => all.includes(role);
  const after = [
    ...living.flatMap(({ fate, roles: old }) =>
      fate.kind === 'leaves' ? [] : [fate.kind === 'becomes' ? fate.roles : old],
    ),
    ...nodes.flatMap(({ fate, roles: old }) =>
      fate.kind === 'dies' && fate.then.startsWith('replaced') ? [old] : [],
    ),
    ...added,
  ];
  const etcd = nodes.filter((node) => node.roles.includes('etcd'));
  const livingEtcd = living.filter((node) => node.roles.includes('etcd'));
  return (
    nodes.length - living.length <= 2 &&
    livingEtcd.length * 2 > etcd.length &&
    living.some((node) => node.roles.includes('controlplane')) &&
    after.some(has('etcd')) &&
    after.some(has('controlplane'))
  );
}

/** Any healthy cluster and any target that can be reached from it. */
export const lifeCases: fc.Arbitrary<LifeCase> = drafts.map((draft) => {
  const key = JSON.stringify(draft);
  const life = made.get(key) ?? makeCase(draft);
  if (made.size >= MOST_KEPT) made.clear();
  made.set(key, life);
  return life;
});

/** To bring a cluster up costs as much as what is then tried with it, and several properties are tried with the same ones. */
const made = new Map<string, LifeCase>();
const MOST_KEPT = 300;

function makeCase(draft: Draft): LifeCase {
  const nodes = [...draft.servers, ...draft.workers].map((node, index) => ({ ...node, index }));
  const fileBefore = makeFile(
    draft,
    nodes.map(({ index, roles: old, before }) => specOf(index, old, before)),
    'none',
  );
  const settled = converge(makeWorld(fileBefore, { firewalld: draft.firewalld })).world;
  const added = draft.added.map((each, index) => ({ key: `10.0.2.${index + 1}:22`, roles: each }));
  const hosts: Record<NodeKey, HostFacts> = { ...settled.hosts };
  const specs: ClusterNode[] = [];
  for (const { index, roles: old, fate, after } of nodes) {
    const spec = specOf(index, fate.kind === 'becomes' ? fate.roles : old, after);
    if (fate.kind === 'leaves' || (fate.kind === 'dies' && fate.then === 'leaves')) continue;
    specs.push(place(hosts, spec, fate, index, draft.firewalld));
  }
  for (const { key, roles: each } of added) {
    const address = key.replace(':22', '');
    hosts[key] = makeHost(address, `a${address.split('.').at(-1)}`, key, draft);
    specs.push(makeNode(address, each));
  }
  const dead = nodes.filter(({ fate }) => fate.kind === 'dies');
  const replaced = dead.filter(({ fate }) => fate.kind === 'dies' && fate.then.startsWith('replaced'));
  const after: World = {
    ...settled,
    cluster: makeFile(draft, turned(specs, draft.turn), draft.upgrade),
    hosts,
    off: dead
      .filter(({ fate }) => fate.kind === 'dies' && fate.then !== 'replaced')
      .map(({ index }) => keyOf(index)),
    replace: replaced.map(({ index }) => nameOf(index)),
  };
  const stays = dead.filter(({ fate }) => fate.kind === 'dies' && fate.then === 'stays');
  const story = tell(draft);
  return {
    before: settled,
    after,
    deadStays: stays.some(({ roles: old }) => old.includes('etcd')),
    noPlaneStays: !nodes.some(staysPlane),
    story,
    [fc.toStringMethod]: () => story,
  } as LifeCase;
}

function staysPlane({ roles: old, fate }: DraftNode): boolean {
  const now = fate.kind === 'becomes' ? fate.roles : fate.kind === 'stays' ? old : [];
  const isSame = now.includes('etcd') === old.includes('etcd');
  return old.includes('controlplane') && now.includes('controlplane') && isSame;
}

function tell({ servers, workers, added, ...rest }: Draft): string {
  const short = (all: readonly Role[]) => all.map((role) => role[0]).join('');
  const nodes = [...servers, ...workers].map(({ roles: old, fate, before, after }, index) => {
    const becomes = fate.kind === 'becomes' ? `becomes ${short(fate.roles)}` : fate.kind;
    const then = fate.kind === 'dies' ? `, ${fate.then}` : '';
    const marks = before === after ? '' : ` ${JSON.stringify([before, after])}`;
    return `${nameOf(index)} ${short(old)} ${becomes}${then}${marks}`;
  });
  const news = added.map((each, index) => `+a${index + 1} ${short(each)}`);
  return `${[...nodes, ...news].join('; ')} ${JSON.stringify(rest)}`;
}

/** Where the node stands now, with the machine that is there. */
function place(
  hosts: Record<NodeKey, HostFacts>,
  spec: ClusterNode,
  fate: Fate,
  index: number,
  firewalld: boolean,
): ClusterNode {
  const elsewhere = `10.0.1.${index + 1}`;
  if (fate.kind === 'moves') {
    const facts = hosts[spec.key];
    if (facts === undefined) throw new Error(`no ${spec.key}`);
    delete hosts[spec.key];
    hosts[`${elsewhere}:22`] = {
      ...facts,
      addresses: facts.addresses.map((each) =>
        each.interface === 'lo' ? each : { ...each, address: elsewhere },
      ),
    };
    return { ...spec, address: elsewhere, key: `${elsewhere}:22` };
  }
  if (fate.kind !== 'dies' || !fate.then.startsWith('replaced')) return spec;
  const address = fate.then === 'replaced' ? spec.address : elsewhere;
  const key = `${address}:22`;
  hosts[key] = makeHost(address, nameOf(index), `new ${key}`, { firewalld });
  return { ...spec, address, key };
}

function makeFile(draft: Draft, nodes: readonly ClusterNode[], upgrade: Draft['upgrade']): Cluster {
  const file = makeCluster({
    nodes,
    version: VERSIONS[upgrade],
    endpoint: draft.hasEndpoint ? { host: 'api.example', port: 6443 } : null,
  });
  return { ...file, upgrade: { ...file.upgrade, drain: draft.drain } };
}

function specOf(index: number, each: readonly Role[], { labels, taints }: Attributes): ClusterNode {
  const name = index % 2 === 0 ? null : nameOf(index);
  return makeNode(`10.0.0.${index + 1}`, each, { labels, taints, name });
}

/** As `makeWorld` calls the hosts. */
function nameOf(index: number): string {
  return `h${index}`;
}

function keyOf(index: number): NodeKey {
  return `10.0.0.${index + 1}:22`;
}

export function turned<T>(list: readonly T[], turn: number): readonly T[] {
  const at = list.length === 0 ? 0 : turn % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
