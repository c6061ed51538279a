import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { provideRelease } from '../lab/artifacts.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, nodeEntry, type Project, WORKER } from './project.ts';
import { countVoters } from './voters.ts';

/*
 * One cluster through the whole of its life, by edits of one file, each brought about by a saved plan; all the while a
 * writer of its own keeps what the API has acknowledged. `npm run test:long` lives it whole, `npm test` a part.
 */
const IS_WHOLE = process.env['RKE2CTL_LONG'] === '1';
const ETCD = ['etcd'] as const;
const PLANE = ['controlplane'] as const;
const NEXT_VERSION = 'v1.36.4+rke2r1';

type Roles = Readonly<Record<string, readonly string[]>>;

interface Station {
  readonly name: string;
  /** Lived in the short life, too. */
  readonly isShort?: boolean;
  /** What happens to machines before the file is edited. */
  readonly before?: () => Promise<void>;
  /** The file's nodes: host → roles. */
  readonly roles: Roles;
  readonly flags?: readonly string[];
  readonly voters: { readonly host: string; readonly count: number };
}

let lab: Lab;
let project: Project;
let writer: ReturnType<Lab['spawn']> | null = null;
/** What differs from the lab's own entry of a host, by host. */
const overrides = new Map<string, Readonly<Record<string, unknown>>>();
let more: Readonly<Record<string, unknown>> = {};

const acknowledged = () => join(project.directory, 'acknowledged');

beforeAll(async () => {
  lab = await createLab({ name: 'life', hosts: 7, lb: true });
  project = await makeProject(lab, 'life');
});

afterAll(async () => {
  writer?.kill('SIGKILL');
  await lab?.destroy();
});

async function writeFileOf(roles: Roles): Promise<void> {
  const nodes = Object.entries(roles).map(([name, role]) => {
    const host = lab.hosts.find((each) => each.name === name);
    if (host === undefined) throw new Error(`the lab has no ${name}`);
    return nodeEntry(host, role, overrides.get(name) ?? {});
  });
  const endpoint = lab.lb?.address;
  // The load balancer speaks to the servers from an address of its own, which no rule for nodes lets in.
  const firewall = { public: ['api', 'ingress', 'nodeports', '9345/tcp'] };
  await project.write({ ...clusterFile(lab, []), nodes, endpoint, firewall, ...more });
}

/** Plans into a file, applies that file, and finds nothing left to do. */
async function bringAbout({ roles, flags = [] }: Station): Promise<void> {
  await writeFileOf(roles);
  expectExit(await project.rke2ctl('plan', '--out', 'next.plan', ...flags), 2);
  expectExit(await project.rke2ctl('apply', 'next.plan'));
  expectExit(await project.rke2ctl('plan'), 0);
}

function startWriter(): void {
  const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url));
  const script = fileURLToPath(new URL('config-map-writer.ts', import.meta.url));
  writer = lab.spawn(
    [process.execPath, tsx, script, project.path('kube_config_cluster.yml'), acknowledged()],
    {
      reject: false,
    },
  );
}

/** The machine of node2 under another address, as after a move to another rack. */
async function moveWorker(): Promise<void> {
  const host = lab.hosts.find(({ name }) => name === 'node2');
  const address = '198.18.1.102';
  const lines = `ip addr add ${address}/16 dev host0 && ip addr del ${host?.address}/16 dev host0 && ip route replace default via 198.18.0.1`;
  expectExit(await lab.exec('node2', ['sh', '-c', lines]));
  overrides.set('node2', { address });
}

const STATIONS: readonly Station[] = [
  {
    name: 'one server, one worker',
    isShort: true,
    roles: { node1: ALL, node2: WORKER },
    voters: { host: 'node1', count: 1 },
  },
  {
    name: 'three servers',
    isShort: true,
    roles: { node1: ALL, node3: ALL, node4: ALL, node2: WORKER },
    voters: { host: 'node1', count: 3 },
  },
  {
    name: 'five servers',
    roles: { node1: ALL, node3: ALL, node4: ALL, node5: ALL, node6: ALL, node2: WORKER },
    voters: { host: 'node1', count: 5 },
  },
  {
    name: 'roles split',
    roles: { node1: ETCD, node3: ETCD, node4: ETCD, node5: PLANE, node6: PLANE, node2: WORKER },
    voters: { host: 'node1', count: 3 },
  },
  {
    name: 'the first server removed, another in its place',
    roles: { node7: ETCD, node3: ETCD, node4: ETCD, node5: PLANE, node6: PLANE, node2: WORKER },
    voters: { host: 'node3', count: 3 },
  },
  {
    name: 'a dead server replaced by the machine that was the first',
    before: async () => {
      await lab.powerOff('node4');
      // Until the API has noticed, what a plan sees is still moving.
      await vi.waitFor(
        async () =>
          expect(expectExit(await project.kubectl('get', 'node', 'node4')).stdout).toContain('NotReady'),
        { timeout: 120_000, interval: 2_000 },
      );
      overrides.set('node1', { hostname_override: 'node4' });
    },
    roles: { node7: ETCD, node3: ETCD, node1: ETCD, node5: PLANE, node6: PLANE, node2: WORKER },
    flags: ['--replace', 'node4'],
    voters: { host: 'node3', count: 3 },
  },
  {
    name: 'the worker at another address',
    before: moveWorker,
    roles: { node7: ETCD, node3: ETCD, node1: ETCD, node5: PLANE, node6: PLANE, node2: WORKER },
    voters: { host: 'node3', count: 3 },
  },
  {
    name: 'a minor version later',
    before: async () => {
      const directory = join(lab.directory, 'next-release');
      await provideRelease(directory, NEXT_VERSION);
      more = { kubernetes_version: NEXT_VERSION, install: { artifacts: directory } };
    },
    roles: { node7: ETCD, node3: ETCD, node1: ETCD, node5: PLANE, node6: PLANE, node2: WORKER },
    voters: { host: 'node3', count: 3 },
  },
  {
    name: 'back to three',
    roles: { node7: ALL, node3: ALL, node1: ALL, node2: WORKER },
    voters: { host: 'node3', count: 3 },
  },
];

describe('a cluster that lives', () => {
  it.each(STATIONS.filter(({ isShort }) => IS_WHOLE || isShort === true))('$name', async (station) => {
    await station.before?.();
    await bringAbout(station);
    if (writer === null) startWriter();
    expect(await countVoters(lab, station.voters.host)).toBe(station.voters.count);
    const nodes = expectExit(await project.kubectl('get', 'nodes', '-o', 'name'))
      .stdout.trim()
      .split('\n');
    expect(nodes).toHaveLength(Object.keys(station.roles).length);
  });

  it('has lost nothing that was acknowledged', async () => {
    writer?.kill('SIGTERM');
    const lines = (await readFile(acknowledged(), 'utf8')).trim().split('\n');
    const written = lines.map((line) => {
      const [name = '', at = ''] = line.split(' ');
      return { name, at: Number(at) };
    });
    const { stdout } = expectExit(await project.kubectl('get', 'configmaps', '-o', 'name'));
    const present = new Set(stdout.split('\n').map((line) => line.replace('configmap/', '')));
    expect(written.filter(({ name }) => !present.has(name))).toEqual([]);
    const gaps = written.slice(1).map(({ at }, index) => at - (written[index]?.at ?? at));
    expect(written.length).toBeGreaterThan(50);
    console.log(`${written.length} writes acknowledged, the longest gap ${Math.max(...gaps)} ms`);
  });
});
