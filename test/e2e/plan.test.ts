import { readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';

const CONFIG = '/etc/rancher/rke2/config.yaml';

let lab: Lab;
let project: Project;

beforeAll(async () => {
  lab = await createLab({ name: 'plan', hosts: 2 });
  project = await makeProject(lab, 'plan');
});

afterAll(() => lab?.destroy());

/** The file with these keys, and the worker with those of its own. */
async function write(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await project.write(clusterFile(lab, [SERVER, WORKER], more));
}

const sh = (host: string, line: string) => lab.exec(host, ['sh', '-c', line]);

/** `apply` must refuse, name what moved and change nothing. */
async function expectStale(words: RegExp): Promise<void> {
  const before = await project.read('cluster.rkestate');
  const { stderr } = expectExit(await project.rke2ctl('apply', 'saved.plan'), 1);
  expect(stderr).toContain('[plan-stale]');
  expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(words);
  expect(await project.read('cluster.rkestate')).toBe(before);
}

const save = async (exitCode = 2) =>
  expectExit(await project.rke2ctl('plan', '--out', 'saved.plan'), exitCode).stdout;

describe('a saved plan', () => {
  it('of a new cluster is applied as it was shown', async () => {
    await write();
    const shown = await save();
    expect(shown).toContain('start rke2-server as a new cluster');
    expect(shown).toContain('Do it: rke2ctl apply saved.plan');
    expect((await stat(project.path('saved.plan'))).mode & 0o777).toBe(0o600);
    expectExit(await project.rke2ctl('apply', 'saved.plan'));
    expect(expectExit(await project.rke2ctl('plan')).stdout).toContain('Nothing to do');
  });

  it('is refused the second time: the state went on', async () => {
    await expectStale(/the state: there was none, and now there is one/);
  });

  it('shows what changes in files, and no token', async () => {
    await write({ authentication: { sans: ['api.example'] } });
    const shown = await save();
    const { serverToken, agentToken } = JSON.parse(await project.read('cluster.rkestate')).secrets;
    expect(shown).toMatch(/\/etc\/rancher\/rke2\/config\.yaml {2}on node1\n(.*\n)*? +\+.*api\.example/);
    expect(shown).toContain('etcd 1 of 1 → 0 of 1 while it restarts; the API is away meanwhile');
    for (const text of [shown, await project.read('saved.plan')]) {
      expect(text).not.toContain(serverToken);
      expect(text).not.toContain(agentToken);
    }
  });

  it('is refused when the file says something else', async () => {
    await write({ authentication: { sans: ['other.example'] } });
    await expectStale(/the cluster file: it says something else than it did/);
    await write({ authentication: { sans: ['api.example'] } });
  });

  it('is refused when somebody was at a host', async () => {
    await sh('node1', `cp -p ${CONFIG} /root/kept.yaml; echo '# by hand' >>${CONFIG}`);
    await expectStale(new RegExp(`${lab.hosts[0]?.address}:22: the file ${CONFIG} was changed`));
    await sh('node1', `cp -p /root/kept.yaml ${CONFIG}; rm /root/kept.yaml`);
  });

  it('is refused when the state went on, and applied when all is as it was', async () => {
    const text = await project.read('cluster.rkestate');
    const { decodeState, encodeState } = await import('../../src/state/codec.ts');
    const state = await decodeState(text, 'cluster.rkestate', null);
    const put = (words: string) => writeFile(project.path('cluster.rkestate'), words, { mode: 0o600 });
    await put(await encodeState({ ...state, serial: state.serial + 1 }, null));
    await expectStale(/the state: its serial was \d+ and is \d+/);
    await put(text);
    expectExit(await project.rke2ctl('apply', 'saved.plan'));
    expect((await sh('node1', `cat ${CONFIG}`)).stdout).toContain('api.example');
    expect(await save(0)).toContain('Nothing to do');
    expectExit(await project.rke2ctl('apply', 'saved.plan'));
  });

  it('is no other file', async () => {
    const { stderr } = expectExit(await project.rke2ctl('apply', 'cluster.yml'), 3);
    expect(stderr).toContain('[plan-foreign]');
    const before = await readFile(project.path('cluster.yml'), 'utf8');
    expectExit(await project.rke2ctl('plan', '--out', 'cluster.yml'), 3);
    expect(await readFile(project.path('cluster.yml'), 'utf8')).toBe(before);
    expectExit(await project.rke2ctl('apply', 'nothing.plan'), 3);
  });
});

describe('a part of a plan', () => {
  const everywhere = {
    authentication: { sans: ['api.example'] },
    services: { kubelet: { extra_args: { v: '3' } } },
  };

  it('is the same without asking a host, as long as nobody was there', async () => {
    await write({ authentication: { sans: ['api.example'] } });
    const nothing = expectExit(await project.rke2ctl('plan', '--refresh=false')).stdout;
    expect(nothing).toContain('No host was asked');
    expect(nothing).toContain('Nothing to do');
    await write(everywhere);
    const steps = async (...flags: string[]) =>
      JSON.parse(expectExit(await project.rke2ctl('plan', '-o', 'json', ...flags), 2).stdout);
    const asked = await steps();
    const assumed = await steps('--refresh=false');
    const ids = (found: { readonly steps: readonly { readonly id: string }[] }) =>
      found.steps.map(({ id }) => id);
    expect(ids(assumed)).toEqual(ids(asked));
    expect(assumed.diffs).toEqual(asked.diffs);
    expectExit(await project.rke2ctl('plan', '--refresh=false', '--out', 'x.plan'), 3);
  });

  it('is drawn', async () => {
    expect(expectExit(await project.rke2ctl('plan', '--graph', 'mermaid'), 2).stdout).toContain(
      'flowchart TB',
    );
    expectExit(await project.rke2ctl('plan', '--graph', 'svg', '--out-graph', project.path('plan.svg')), 2);
    expect(await project.read('plan.svg')).toContain('restart rke2-server');
  });

  it('is the workers alone, and the server is left as it is', async () => {
    await write(everywhere);
    const whole = expectExit(await project.rke2ctl('plan', '--no-diff'), 2).stdout;
    expect(whole).toContain('restart rke2-server');
    expect(whole).toContain('restart rke2-agent');
    const part = JSON.parse(
      expectExit(await project.rke2ctl('plan', '--update-only', '-o', 'json'), 2).stdout,
    );
    const restarts = part.steps.filter((step: { kind: string }) => step.kind === 'start-service');
    expect(restarts.map((step: { node: { name: string } }) => step.node.name)).toEqual(['node2']);
    expect(part.diffs.map((diff: { nodes: string[] }) => diff.nodes)).toEqual([['node2']]);
    const started = 'systemctl show -p ActiveEnterTimestampMonotonic rke2-server';
    const before = (await sh('node1', started)).stdout;
    expectExit(await project.rke2ctl('up', '--only', 'workers'));
    expect((await sh('node1', started)).stdout).toBe(before);
    const rest = expectExit(await project.rke2ctl('plan', '--no-diff'), 2).stdout;
    expect(rest).toContain('restart rke2-server');
    expect(rest).not.toContain('restart rke2-agent');
    expectExit(await project.rke2ctl('up', '--target', 'node1'));
    // With the only server restarted the worker may be NotReady for a moment, and nothing of this `up` waits for it.
    await expect
      .poll(async () => (await project.rke2ctl('plan')).stdout, { timeout: 60_000 })
      .toContain('Nothing to do');
  });
});
