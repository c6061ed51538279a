import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideRelease } from '../lab/artifacts.ts';
import { createLab, type Lab, type LabHost } from '../lab/lab.ts';
import { type AcknowledgedWrites, startWrites } from './acknowledged-writes.ts';
import {
  type Acts,
  type Adoption,
  adoptUntilAct,
  beginAdoption,
  clusterIds,
  endAdoption,
  isRecorded,
  leftovers,
  metActs,
} from './adoption.ts';
import { disownCluster, rewriteByHand } from './disown-cluster.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, nodeEntry, type Project, WORKER } from './project.ts';
import { chooseStepCuts, runUntilCut, type StepCuts } from './step-cuts.ts';
import { countVoters } from './voters.ts';

/*
 * rke2ctl is killed as the kernel would, after every single step of a change and at some moment within it: it runs until
 * one more such place comes, is killed there with whatever else is in hand, and runs again. The steps are whatever the run
 * itself tells of, so a new kind of step is met without being listed. `npm run test:long` does it through a whole life,
 * `npm test` in a part of it, chosen by a seed (RKE2CTL_KILL_SEED); meanwhile a writer keeps what the API has acknowledged.
 */
const IS_WHOLE = process.env['RKE2CTL_LONG'] === '1';
const SEED = process.env['RKE2CTL_KILL_SEED'] ?? (IS_WHOLE ? String(randomInt(1_000_000)) : '1');
/** Which share of the steps is cut within, and of the acts of an adoption. */
const WITHIN = IS_WHOLE ? 1 : 0.1;
const ACTS = IS_WHOLE ? 1 : 0.03;
const NEXT_VERSION = 'v1.36.4+rke2r1';

let lab: Lab;
let project: Project;
let writes: AcknowledgedWrites | null = null;

beforeAll(async () => {
  console.log(`RKE2CTL_KILL_SEED=${SEED}`);
  lab = await createLab({ name: 'killed', hosts: 4 });
  project = await makeProject(lab, 'killed');
});

afterAll(async () => {
  writes?.kill();
  await lab?.destroy();
});

/** Brings the file about with a kill at every place that `cuts` chooses. */
async function bringAboutKilled(cuts: StepCuts): Promise<void> {
  while ((await runUntilCut(project, ['up'], cuts)).cut !== null);
}

function tell(what: string, { chosen }: StepCuts): void {
  const places = chosen.map(({ place, delayMs }) => (delayMs === 0 ? place : `${place}, ${delayMs} ms`));
  console.log([`${what}: cut at ${chosen.length} places`, ...places].join('\n  '));
}

function hostNamed(name: string): LabHost {
  const host = lab.hosts.find((each) => each.name === name);
  if (host === undefined) throw new Error(`the lab has no ${name}`);
  return host;
}

async function writeFileOf(
  roles: Readonly<Record<string, readonly string[]>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const nodes = Object.entries(roles).map(([name, role]) =>
    nodeEntry(hostNamed(name), role, name === 'node2' ? { labels: { disk: 'fast' } } : {}),
  );
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

describe('killed after every step, and within it', () => {
  it('a cluster begins', async () => {
    const first = IS_WHOLE ? { node1: ALL, node2: WORKER } : (CHANGES[0]?.roles ?? {});
    await writeFileOf(first);
    // Nothing is cut here, and how long each kind of step takes is learnt.
    await bringAboutKilled(chooseStepCuts({ seed: SEED, change: 'begin', ends: false, within: 0 }));
    expectExit(await project.kubectl('create', 'configmap', 'kept'));
    writes = startWrites(lab, project);
  });

  it.each(CHANGES.filter(({ isShort }) => IS_WHOLE || isShort === true))(
    '$name, and nothing is lost',
    async ({ name, roles, upgrade, voters }) => {
      const more: Record<string, unknown> = {};
      if (upgrade === true) {
        const artifacts = join(lab.directory, 'next-release');
        await provideRelease(artifacts, NEXT_VERSION);
        Object.assign(more, { kubernetes_version: NEXT_VERSION, install: { artifacts } });
      }
      await writeFileOf(roles, more);
      const cuts = chooseStepCuts({ seed: SEED, change: name, ends: true, within: WITHIN });
      try {
        await bringAboutKilled(cuts);
      } finally {
        tell(name, cuts);
      }
      const ends = cuts.chosen.filter(({ place }) => place.startsWith('after ')).length;
      expect(ends).toBeGreaterThan(5);
      expectExit(await project.rke2ctl('plan'), 0);
      expect(await countVoters(lab, voters.host)).toBe(voters.count);
      expectExit(await project.kubectl('get', 'configmap', 'kept'));
      const { stdout } = expectExit(await project.kubectl('get', 'nodes', '-o', 'name'));
      expect(stdout.trim().split('\n')).toHaveLength(Object.keys(roles).length);
    },
    1_800_000,
  );
});

describe('an adoption of the same cluster, as if a person had made it', () => {
  const hosts = () => ['node2', 'node3', 'node4'].map(hostNamed);
  let starts: readonly string[] = [];
  let count = 0;

  const startTimes = () =>
    Promise.all(
      hosts().map(async ({ name }) => {
        const units = ['rke2-server', 'rke2-agent'];
        return (
          await lab.exec(name, ['systemctl', 'show', '-P', 'ExecMainStartTimestampMonotonic', ...units])
        ).stdout;
      }),
    );

  async function begin(): Promise<Adoption> {
    await disownCluster(project, hosts());
    count += 1;
    return beginAdoption(lab, `taken-${count}`, hosts(), count % 2 === 0);
  }

  async function expectTakenOver(adoption: Adoption): Promise<void> {
    expectExit(await adoption.project.rke2ctl('plan'), 0);
    expect((await clusterIds(adoption)).size).toBe(1);
    expect(await leftovers(adoption)).toEqual([]);
    expect(await startTimes()).toEqual(starts);
  }

  beforeAll(async () => {
    for (const host of hosts()) await rewriteByHand(host);
    starts = await startTimes();
  });

  it('killed at every act on this machine’s files', async () => {
    const acts: Acts = { file: join(lab.directory, 'met-acts'), share: ACTS, seed: SEED };
    await writeFile(acts.file, '');
    try {
      let adoption = await begin();
      while (await adoptUntilAct(adoption, acts)) {
        // Before there is a state `adopt` goes on, here and in the same folder.
        if (!(await isRecorded(adoption))) continue;
        await endAdoption(adoption);
        await expectTakenOver(adoption);
        adoption = await begin();
      }
      await expectTakenOver(adoption);
    } finally {
      const met = await metActs(acts);
      console.log([`adopt: killed at ${met.length} acts`, ...met].join('\n  '));
    }
    const met = (await metActs(acts)).length;
    expect(met, 'this seed chooses no act').toBeGreaterThan(IS_WHOLE ? 20 : 0);
  }, 1_800_000);

  it('killed within every step', async () => {
    const cuts = chooseStepCuts({ seed: SEED, change: 'adopt', ends: false, within: IS_WHOLE ? 1 : 0.3 });
    for (let isOver = false; !isOver; ) {
      const adoption = await begin();
      isOver = (await runUntilCut(adoption.project, adoption.command, cuts)).cut === null;
      if (!isOver) await endAdoption(adoption);
      await expectTakenOver(adoption);
    }
    tell('adopt', cuts);
    expect(cuts.chosen.length, 'this seed chooses no step').toBeGreaterThan(0);
  }, 1_800_000);
});

describe('what was written meanwhile', () => {
  it('is all there', async () => {
    const result = await writes?.stop();
    console.log(`${result?.written} writes acknowledged, the longest gap ${result?.longestGapMs} ms`);
    expect(result?.written).toBeGreaterThan(50);
    expect(result?.missing).toEqual([]);
  });
});
