import { describe, expect, it } from 'vitest';
import { ConnectError } from '../../src/domain/errors.ts';
import type { PlannedNode, StepOf } from '../../src/domain/plan.ts';
import type { Host } from '../../src/host/host.ts';
import { membersOf } from '../../src/steps/etcd-membership.ts';
import { leaveCluster } from '../../src/steps/leave-cluster.ts';
import { scriptedContext } from '../support/step-context.ts';

const NODE = {
  key: 'c',
  id: 'id-c',
  name: 'node3',
  address: '10.0.0.3',
  roles: ['etcd'],
} as unknown as PlannedNode;
const STEP: StepOf<'leave-cluster'> = {
  ...{ kind: 'leave-cluster', id: 'x', node: NODE, reason: '', needs: [], after: [], forget: false },
  via: ['a', 'b'],
  members: ['a', 'b'],
};

interface World {
  /** Decimal id, as etcd tells it, by member name. */
  members: Record<string, string>;
  learners: readonly string[];
  /** Keys of hosts that answer, with the id of their member; '0' = no leader. */
  readonly alive: Readonly<Record<string, string>>;
  node: { finalizers: string[]; deletionTimestamp?: string } | null;
  readonly onDelete: (world: World) => void;
}

const NOTHING = () => undefined;

/** A cluster as kubectl and etcd's gateway tell of it; every call that changes something is noted. */
function run(world: World, timeoutMs = 2_000, step = STEP) {
  const calls: string[] = [];
  const answer = (key: string, args: readonly string[]): string => {
    const [first = '', second = '', third = ''] = args;
    if (first === '/v3/maintenance/status') {
      const [id = '', leader = '1'] = (world.alive[key] ?? '').split('/');
      return JSON.stringify({ header: { member_id: id }, leader });
    }
    if (first === '/v3/cluster/member/list') {
      const members = Object.entries(world.members).map(([name, ID]) => ({
        ID,
        name,
        peerURLs: ['https://10.0.0.9:2380'],
        isLearner: world.learners.includes(name),
      }));
      return JSON.stringify({ header: {}, members });
    }
    if (first === '/v3/cluster/member/remove') {
      const { ID } = JSON.parse(third) as { readonly ID: string };
      calls.push(`remove ${ID}`);
      world.members = Object.fromEntries(Object.entries(world.members).filter(([, id]) => id !== ID));
      return '{"header":{}}';
    }
    if (first === 'get' && second === 'node') {
      return world.node === null ? '' : JSON.stringify({ metadata: { name: 'node3', ...world.node } });
    }
    if (first === 'delete') {
      calls.push('delete node');
      world.onDelete(world);
    }
    if (first === 'patch') {
      calls.push(`patch ${args.at(-1)}`);
      const { metadata } = JSON.parse(args.at(-1) ?? '') as { metadata: { finalizers: string[] } };
      if (metadata.finalizers.length === 0) world.node = null;
    }
    return 'ok';
  };
  const scripted = scriptedContext(() => '', {
    timeoutMs,
    host: (key) => {
      if (world.alive[key] === undefined)
        throw new ConnectError({ code: 'not-connected', message: '', hint: '' });
      const host: Partial<Host> = {
        target: key,
        run: async (_script, options = {}) => ({
          exitCode: 0,
          stdout: answer(key, options.args ?? []),
          stderr: '',
        }),
      };
      return host as Host;
    },
  });
  return { ...scripted, calls, result: () => leaveCluster.run(step, scripted.context) };
}

const three = { 'node1-00000001': '1', 'node2-00000002': '2', 'node3-00000003': '3' };

function makeWorld(overrides: Partial<World> = {}): World {
  const node = { finalizers: ['wrangler.cattle.io/managed-etcd-controller'] };
  return { members: three, learners: [], alive: { a: '1', b: '2' }, node, onDelete: NOTHING, ...overrides };
}

describe('leave-cluster', () => {
  it('leaves the member to RKE2 as long as it does its part', async () => {
    const onDelete = (world: World) => {
      world.node = null;
      const { 'node3-00000003': _gone, ...members } = world.members;
      world.members = members;
    };
    const { result, calls } = run(makeWorld({ onDelete }));
    expect(await result()).toBe('done');
    expect(calls).toEqual(['delete node']);
  });

  it('does itself what RKE2 does not do in time, and touches no finalizer but that of etcd', async () => {
    const held = makeWorld({
      node: { finalizers: ['other.io/x', 'wrangler.cattle.io/managed-etcd-controller'] },
    });
    const first = run(held, 2_200);
    await expect(first.result()).rejects.toMatchObject({
      code: 'node-not-deleted',
      message: expect.stringContaining('other.io/x'),
    });
    expect(first.calls.slice(0, 2)).toEqual(['delete node', 'remove 3']);
    expect(first.calls[2]).toBe('patch {"metadata":{"finalizers":["other.io/x"]}}');
    const { result, calls } = run(makeWorld(), 2_200);
    expect(await result()).toBe('done');
    expect(calls).toEqual(['delete node', 'remove 3', 'patch {"metadata":{"finalizers":[]}}']);
  });

  it('may be run again when it was cut off anywhere', async () => {
    const onlyMember = run(makeWorld({ node: null }));
    expect(await onlyMember.result()).toBe('done');
    expect(onlyMember.calls).toEqual(['remove 3']);
    const { 'node3-00000003': _gone, ...members } = three;
    const nothing = run(makeWorld({ node: null, members }));
    expect(await nothing.result()).toBe('unchanged');
    const memory = run(makeWorld({ node: null, members }));
    await memory.context.learn((state) => ({ ...state, bootstrapNodeId: NODE.id }));
    expect(await memory.result()).toBe('done');
    expect(memory.state().bootstrapNodeId).toBeNull();
  });

  it.each([
    ['a member that stays does not answer', { alive: { a: '1' } }, 'etcd-majority-at-risk'],
    ['a member that stays has no leader', { alive: { a: '1', b: '2/0' } }, 'etcd-majority-at-risk'],
    ['it is the last one', { members: { 'node3-00000003': '3' } }, 'last-etcd-member'],
    [
      'only learners would stay',
      { members: three, learners: ['node1-00000001', 'node2-00000002'] },
      'last-etcd-member',
    ],
  ] as const)('changes nothing when %s', async (_what, overrides, code) => {
    const { result, calls } = run(makeWorld(overrides));
    await expect(result()).rejects.toMatchObject({ code });
    expect(calls).toEqual([]);
  });

  it('lets a learner go whoever is dead', async () => {
    const { result } = run(makeWorld({ node: null, learners: ['node3-00000003'], alive: { a: '1' } }));
    expect(await result()).toBe('done');
  });

  it('knows a node’s members by name, and unnamed ones by their address', () => {
    const member = (name: string, url: string) => ({ id: name, name, peerUrls: [url], isLearner: false });
    const members = [
      member('node3-0123abcd', 'https://10.0.0.7:2380'),
      member('node3-b-0123abcd', 'https://10.0.0.8:2380'),
      member('node3', 'https://10.0.0.6:2380'),
      member('', 'https://10.0.0.3:2380'),
      member('', 'https://10.0.0.30:2380'),
    ];
    expect(membersOf(NODE, members)).toEqual([members[0], members[2], members[3]]);
    const six = [member('', 'https://[fd00::3]:2380')];
    expect(membersOf({ name: 'n', address: 'fd00::3' }, six)).toEqual(six);
  });
});
