import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideRelease } from '../lab/artifacts.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, nodeEntry, type Project, WORKER } from './project.ts';
import { countVoters } from './voters.ts';

/*
 * rke2ctl is killed as the kernel would, after every single step of a change: it runs until one more step is done, is
 * killed there with whatever else is in hand, and runs again. The steps are whatever the run itself tells of, so a new kind
 * of step is met without being listed. `npm run test:long` does it through a whole life, `npm test` in a part of it.
 */
const IS_WHOLE = process.env['RKE2CTL_LONG'] === '1';
const NEXT_VERSION = 'v1.36.4+rke2r1';

let lab: Lab;
let project: Project;

beforeAll(async () => {
  lab = await createLab({ name: 'killed', hosts: 4 });
  project = await makeProject(lab, 'killed');
});

afterAll(() => lab?.destroy());

interface Line {
  readonly type: string;
  readonly step?: string;
  readonly outcome?: string;
}

/** Runs `up` until a step ends that is none of `met`, and kills it there. The step, or null when the run came to its end. */
async function upToNextStep(met: ReadonlySet<string>): Promise<string | null> {
  const process = project.spawn('up', '--output', 'json');
  let last: string | null = null;
  let rest = '';
  process.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines.filter((line) => line !== '')) {
      const line = JSON.parse(text) as Line;
      if (last !== null || line.type !== 'step-ended' || line.outcome !== 'done') continue;
      if (line.step === undefined || met.has(line.step)) continue;
      last = line.step;
      process.kill('SIGKILL');
    }
  });
  const { exitCode, stderr } = await process;
  if (last === null && exitCode !== 0) throw new Error(`up ended with ${exitCode}: ${String(stderr)}`);
  return last;
}

/** Brings the file about with a kill after each of its steps; gives how often it was killed. */
async function bringAboutKilled(): Promise<number> {
  const met = new Set<string>();
  for (;;) {
    const step = await upToNextStep(met);
    if (step === null) return met.size;
    met.add(step);
  }
}

async function writeFileOf(
  roles: Readonly<Record<string, readonly string[]>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const nodes = Object.entries(roles).map(([name, role]) => {
    const host = lab.hosts.find((each) => each.name === name);
    if (host === undefined) throw new Error(`the lab has no ${name}`);
    return nodeEntry(host, role, name === 'node2' ? { labels: { disk: 'fast' } } : {});
  });
  await project.write({ ...clusterFile(lab, []), nodes, ...more });
}

interface Change {
  readonly name: string;
  readonly isShort?: boolean;
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly upgrade?: boolean;
  readonly voters: { readonly host: string; readonly count: number };
}

const CHANGES: readonly Change[] = [
  {
    name: 'a server and a worker come',
    roles: { node1: ALL, node2: WORKER, node3: ALL, node4: WORKER },
    voters: { host: 'node1', count: 2 },
  },
  {
    name: 'a worker becomes a server',
    isShort: true,
    roles: { node1: ALL, node2: ALL, node3: ALL, node4: WORKER },
    voters: { host: 'node1', count: 3 },
  },
  {
    name: 'the first server goes',
    isShort: true,
    roles: { node2: ALL, node3: ALL, node4: WORKER },
    voters: { host: 'node2', count: 2 },
  },
  {
    name: 'the next minor version',
    roles: { node2: ALL, node3: ALL, node4: WORKER },
    upgrade: true,
    voters: { host: 'node2', count: 2 },
  },
];

describe('killed after every step', () => {
  it('a cluster begins', async () => {
    const first = IS_WHOLE ? { node1: ALL, node2: WORKER } : (CHANGES[0]?.roles ?? {});
    await writeFileOf(first);
    expectExit(await project.rke2ctl('up'));
    expectExit(await project.kubectl('create', 'configmap', 'kept'));
  });

  it.each(CHANGES.filter(({ isShort }) => IS_WHOLE || isShort === true))(
    '$name, and nothing is lost',
    async ({ roles, upgrade, voters }) => {
      const more: Record<string, unknown> = {};
      if (upgrade === true) {
        const artifacts = join(lab.directory, 'next-release');
        await provideRelease(artifacts, NEXT_VERSION);
        Object.assign(more, { kubernetes_version: NEXT_VERSION, install: { artifacts } });
      }
      await writeFileOf(roles, more);
      const kills = await bringAboutKilled();
      console.log(`killed ${kills} times`);
      expect(kills).toBeGreaterThan(5);
      expectExit(await project.rke2ctl('plan'), 0);
      expect(await countVoters(lab, voters.host)).toBe(voters.count);
      expectExit(await project.kubectl('get', 'configmap', 'kept'));
      const { stdout } = expectExit(await project.kubectl('get', 'nodes', '-o', 'name'));
      expect(stdout.trim().split('\n')).toHaveLength(Object.keys(roles).length);
    },
  );
});
