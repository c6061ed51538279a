import { describe, expect, it } from 'vitest';
import { StateError } from '../../src/domain/errors.ts';
import { nodeId } from '../../src/domain/node-identity.ts';
import type { Rke2Facts } from '../../src/domain/observed.ts';
import type { Role } from '../../src/domain/role.ts';
import { Secret } from '../../src/domain/secret.ts';
import { decodeState, encodeState } from '../../src/state/codec.ts';
import { type HostMemory, rebuildState } from '../../src/state/rebuild-state.ts';
import { makeNode } from '../support/make-cluster.ts';
import { makeFacts, makeMarker, makeRke2Facts } from '../support/make-facts.ts';

const CLUSTER = 'c1';
const CA = 'a'.repeat(64);
const SERVER: readonly Role[] = ['etcd', 'controlplane'];
const ACTIVE = { exists: true, active: 'active', enabled: true, path: null };

interface Remembered extends Partial<Omit<HostMemory, 'node' | 'facts'>> {
  readonly rke2?: Partial<Rke2Facts>;
  readonly marker?: Parameters<typeof makeMarker>[0];
  readonly machineId?: string;
}

function host(
  number: number,
  roles: readonly Role[],
  { rke2, marker, machineId, ...rest }: Remembered = {},
): HostMemory {
  const machine = machineId ?? number.toString(16).padStart(32, '0');
  const isServer = roles.includes('etcd');
  return {
    node: makeNode(`10.0.0.${number}`, roles, { name: `n${number}` }),
    facts: makeFacts({
      machineId: machine,
      addresses: [{ interface: 'eth0', address: `10.0.0.${number}`, prefix: 24 }],
      rke2: makeRke2Facts({
        marker: makeMarker({ nodeId: nodeId(CLUSTER, machine), name: `n${number}`, roles, ...marker }),
        etcdData: isServer,
        caHash: CA,
        ...(isServer ? { server: ACTIVE } : { agent: ACTIVE }),
        ...rke2,
      }),
    }),
    serverToken: isServer ? new Secret(`K10${CA}::server:the-server-token\n`) : null,
    agentToken: new Secret(`K10${CA}::node:the-agent-token`),
    joinsServer: number !== 1,
    manifests: {},
    ...rest,
  };
}

const HA = [host(1, SERVER), host(2, SERVER), host(3, SERVER), host(4, ['worker'])];

function failure(hosts: readonly HostMemory[]): StateError {
  try {
    rebuildState(hosts, 0);
  } catch (error) {
    if (error instanceof StateError) return error;
    throw error;
  }
  throw new Error('a state was made of this');
}

describe('rebuildState', () => {
  it('knows what manifests on the hosts brought, so that it can be deleted once they leave the file', () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';
    const { addons } = rebuildState([host(1, SERVER, { manifests: { one: text } }), host(2, SERVER)], 0);
    expect(addons['one']?.objects).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: null, name: 'a' },
    ]);
  });

  it('finds the cluster, its tokens, its founder and every node again', async () => {
    const state = rebuildState(HA, 41);
    expect(state).toMatchObject({
      clusterId: CLUSTER,
      clusterName: 'local',
      serial: 41,
      version: 'v1.35.7+rke2r1',
      bootstrapNodeId: nodeId(CLUSTER, '1'.padStart(32, '0')),
      caHash: CA,
      desired: null,
      removing: false,
    });
    expect(state.secrets.serverToken.reveal()).toBe('the-server-token');
    expect(state.secrets.agentToken.reveal()).toBe('the-agent-token');
    expect(Object.values(state.nodes).map((node) => [node.name, node.phase, node.clusterAddress])).toEqual([
      ['n1', 'joined', '10.0.0.1'],
      ['n2', 'joined', '10.0.0.2'],
      ['n3', 'joined', '10.0.0.3'],
      ['n4', 'joined', '10.0.0.4'],
    ]);
    expect((await decodeState(await encodeState(state, null), 'f', null)).nodes).toEqual(state.nodes);
  });

  it('takes a token without its CA hash, as our own file holds it on the first server', () => {
    const short = host(1, SERVER, {
      serverToken: new Secret('the-server-token'),
      agentToken: new Secret('the-agent-token'),
    });
    const state = rebuildState([short, ...HA.slice(1)], 0);
    expect(state.secrets.serverToken.reveal()).toBe('the-server-token');
  });

  it('finds the founder of a cluster whose data lie outside, by its CA and that it joins nobody', () => {
    const server = (number: number, more: Remembered = {}) =>
      host(number, ['controlplane'], {
        serverToken: new Secret('the-server-token'),
        joinsServer: number !== 1,
        manifests: {},
        rke2: { server: ACTIVE },
        ...more,
      });
    const state = rebuildState([server(1), server(2), host(4, ['worker'])], 0);
    expect(state.bootstrapNodeId).toBe(nodeId(CLUSTER, '1'.padStart(32, '0')));
    const unstarted = server(1, { rke2: { server: { ...ACTIVE, active: 'inactive' }, caHash: null } });
    expect(rebuildState([unstarted, server(2)], 0).bootstrapNodeId).toBeNull();
  });

  it('leaves out hosts that are not ours', () => {
    const stranger = { ...host(5, ['worker']), facts: makeFacts({ hostname: 'n5' }) };
    expect(Object.keys(rebuildState([...HA, stranger], 0).nodes)).toHaveLength(4);
  });

  it('knows a node that was prepared and never started from one that has joined', () => {
    const fresh = {
      etcdData: false,
      caHash: null,
      server: makeRke2Facts().server,
      agent: makeRke2Facts().agent,
    };
    const state = rebuildState(
      [...HA, host(5, ['worker'], { rke2: fresh }), host(6, SERVER, { rke2: fresh })],
      0,
    );
    const phases = Object.fromEntries(Object.values(state.nodes).map((node) => [node.name, node.phase]));
    expect(phases).toMatchObject({ n4: 'joined', n5: 'staged', n6: 'staged' });
  });

  it('counts a stopped server with a database as joined', () => {
    const stopped = host(1, SERVER, { rke2: { server: { ...ACTIVE, active: 'inactive' } } });
    expect(Object.values(rebuildState([stopped], 0).nodes)[0]?.phase).toBe('joined');
  });

  it.each([
    ['left and no node without `server:` remains', [host(2, SERVER), host(3, SERVER)]],
    ['cannot be told from another', [host(1, SERVER), host(2, SERVER, { joinsServer: false })]],
    ['cannot be told for want of a config.yaml', [host(1, SERVER, { joinsServer: null })]],
  ])('names no founder when it %s', (_name, hosts) => {
    expect(rebuildState(hosts, 0).bootstrapNodeId).toBeNull();
  });

  it('takes the newest version in the middle of an upgrade, by number and not by text', () => {
    const versions = ['v1.35.9+rke2r1', 'v1.35.10+rke2r1', 'v1.35.10-rc1+rke2r1'];
    const hosts = versions.map((version, index) => host(index + 1, SERVER, { marker: { version } }));
    expect(rebuildState(hosts, 0).version).toBe('v1.35.10+rke2r1');
  });
});

describe('what it refuses', () => {
  it('hosts of two clusters, naming who says what', () => {
    const error = failure([host(1, SERVER), host(2, SERVER, { marker: { clusterId: 'c2' } })]);
    expect(error).toMatchObject({ code: 'rebuild-contradiction' });
    expect(error.message).toMatch(/cluster: n1: c1 \| n2: c2/);
  });

  it('two CAs under one cluster id: somebody bootstrapped twice', () => {
    const error = failure([host(1, SERVER), host(2, SERVER, { rke2: { caHash: 'b'.repeat(64) } })]);
    expect(error.message).toMatch(/server CA: n1: a{16} \| n2: b{16}/);
  });

  it('two server tokens, without telling either', () => {
    const error = failure([host(1, SERVER), host(2, SERVER, { serverToken: new Secret('another-token') })]);
    expect(error.message).toMatch(/server token: n1 \| n2/);
    expect(`${error.message}${error.hint}`).not.toMatch(/another-token|the-server-token/);
  });

  it('workers alone: the server token is not there', () => {
    expect(failure([host(4, ['worker'])])).toMatchObject({
      code: 'rebuild-token-missing',
      hint: expect.stringContaining('servers reachable'),
    });
  });

  it('hosts that were only prepared, where `remove` is the way', () => {
    const fresh = { etcdData: false, caHash: null, server: makeRke2Facts().server };
    const prepared = host(1, SERVER, { rke2: fresh, serverToken: null, agentToken: null });
    expect(failure([prepared])).toMatchObject({
      code: 'rebuild-never-started',
      hint: expect.stringContaining('rke2ctl remove'),
    });
  });

  it('hosts without any marker', () => {
    const stranger = { ...host(1, SERVER), facts: makeFacts() };
    expect(failure([stranger])).toMatchObject({ code: 'rebuild-nothing-found' });
    expect(failure([])).toMatchObject({ code: 'rebuild-nothing-found' });
  });

  it('a marker that cannot be read', () => {
    const damaged = {
      ...host(2, SERVER),
      facts: makeFacts({ rke2: makeRke2Facts({ marker: 'unreadable' }) }),
    };
    expect(failure([host(1, SERVER), damaged])).toMatchObject({
      code: 'rebuild-marker-unreadable',
      message: expect.stringContaining('n2'),
    });
  });

  it('clones: with the same machine-id, and with a new one', () => {
    const machineId = '1'.padStart(32, '0');
    expect(failure([host(1, SERVER), host(2, SERVER, { machineId })])).toMatchObject({
      code: 'rebuild-twins',
    });
    const changed = host(2, SERVER, { marker: { nodeId: nodeId(CLUSTER, machineId) } });
    expect(failure([host(1, SERVER), changed])).toMatchObject({
      code: 'rebuild-machine-changed',
      message: expect.stringContaining('n2'),
    });
  });
});
