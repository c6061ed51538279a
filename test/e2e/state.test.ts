import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, type Project } from './project.ts';

let lab: Lab;
let project: Project;
/** The state as the first `up` left it. */
let first: string;

beforeAll(async () => {
  lab = await createLab({ name: 'state', hosts: 1 });
  project = await makeProject(lab, 'state');
  await project.write(clusterFile(lab, [ALL]));
  expectExit(await project.rke2ctl('up'));
  first = await project.read('cluster.rkestate');
});

afterAll(() => lab?.destroy());

const put = (text: string) => writeFile(project.path('cluster.rkestate'), text, { mode: 0o600 });
const state = async () => JSON.parse(await project.read('cluster.rkestate')) as Record<string, unknown>;

/** `up` must refuse, and name that command; after it `up` has nothing to do. */
async function expectIllness(code: string, ...command: readonly string[]): Promise<void> {
  const refused = await project.rke2ctl('up');
  expectExit(refused, 1);
  expect(refused.stderr).toContain(`[${code}]`);
  expect(refused.stderr.replaceAll(/\s+/g, ' ')).toContain(`rke2ctl ${command.join(' ')}`);
  expectExit(await project.rke2ctl(...command));
  expect(expectExit(await project.rke2ctl('up')).stdout).toContain('Nothing to do');
  expect(await state()).toMatchObject({ clusterId: JSON.parse(first).clusterId });
}

describe('the state of a cluster', () => {
  it('has a copy in the cluster that says what it is', async () => {
    const secret = expectExit(
      await project.kubectl('get', 'secret', 'rke2ctl-state', '-n', 'kube-system', '-o', 'json'),
    );
    const { clusterId, serial, checksum } = JSON.parse(first);
    expect(JSON.parse(secret.stdout).metadata.annotations).toEqual({
      'rke2ctl/cluster-id': clusterId,
      'rke2ctl/serial': String(serial),
      'rke2ctl/checksum': checksum,
    });
  });

  it('is shown without its tokens', async () => {
    const { secrets } = JSON.parse(first);
    for (const form of ['text', 'json']) {
      const { stdout } = expectExit(await project.rke2ctl('state', 'show', '-o', form));
      expect(stdout).toContain('node1');
      expect(stdout).not.toContain(secrets.serverToken);
      expect(stdout).not.toContain(secrets.agentToken);
    }
  });

  it('lost: is fetched from the cluster', async () => {
    await rm(project.path('cluster.rkestate'));
    await expectIllness('state-missing', 'state', 'pull');
    expect(await project.read('cluster.rkestate')).toBe(first);
  });

  it('older than the copy: the later one is fetched', async () => {
    const file = JSON.parse(first);
    expectExit(await project.rke2ctl('state', 'rebuild', '--force'));
    const rebuilt = await state();
    expect(rebuilt['serial']).toBeGreaterThan(file.serial);
    expect(rebuilt['desired']).toEqual(file.desired);
    expectExit(await project.rke2ctl('state', 'push'));
    await put(first);
    await expectIllness('state-older', 'state', 'pull');
  });

  it('of another cluster: is put aside by force alone', async () => {
    await put(await ofAnotherCluster());
    expectExit(await project.rke2ctl('state', 'pull'), 1);
    await expectIllness('state-foreign', 'state', 'pull', '--force');
    expect(await readFile(project.path('cluster.rkestate.aside-1'), 'utf8')).not.toBe('');
  });

  it('cut off, or edited by hand: the last whole one is named, and without one the hosts tell', async () => {
    const whole = await project.read('cluster.rkestate');
    for (const [code, text] of [
      ['state-corrupt', whole.slice(0, 300)],
      ['state-edited', whole.replace('"phase": "joined"', '"phase": "staged"')],
    ] as const) {
      await put(text);
      const refused = expectExit(await project.rke2ctl('up'), 1);
      expect(refused.stderr).toContain(`[${code}]`);
      const copy = /cp -p (\S+)\s+(\S+)/.exec(refused.stderr);
      expectExit(await lab.run(['cp', '-p', copy?.[1] ?? '', copy?.[2] ?? '']));
      expect(expectExit(await project.rke2ctl('up')).stdout).toContain('Nothing to do');
    }
    await rm(project.path('cluster.rkestate.history'), { recursive: true });
    await put(whole.slice(0, 300));
    await expectIllness('state-corrupt', 'state', 'rebuild');
  });

  it('is sealed, sealed anew and opened again, its history with it', async () => {
    const { serverToken } = JSON.parse(first).secrets;
    const passphrase = async (name: string, variable: string, words: string) => {
      await writeFile(project.path(name), `${words}\n`, { mode: 0o600 });
      project.environment[variable] = project.path(name);
    };
    const readAll = async () =>
      (await lab.run(['grep', '-rl', serverToken, project.directory])).stdout
        .split('\n')
        .filter((path) => path !== '' && !path.includes('.aside-'));
    await passphrase('one', 'RKE2CTL_STATE_PASSPHRASE_FILE', 'first words');
    expectExit(await project.rke2ctl('state', 'seal'));
    expect(await readAll()).toEqual([]);
    await passphrase('two', 'RKE2CTL_STATE_NEW_PASSPHRASE_FILE', 'other words');
    expectExit(await project.rke2ctl('state', 'seal'));
    expect((await project.rke2ctl('plan')).stderr).toContain('[state-passphrase-wrong]');
    project.environment['RKE2CTL_STATE_PASSPHRASE_FILE'] = project.path('two');
    expectExit(await project.rke2ctl('plan'));
    expectExit(await project.rke2ctl('state', 'push'));
    expectExit(await project.rke2ctl('state', 'unseal'));
    expect((await readAll()).length).toBeGreaterThan(1);
    expectExit(await project.rke2ctl('plan'));
  });
});

/** The present state with another cluster's id, as that cluster's own run would have written it. */
async function ofAnotherCluster(): Promise<string> {
  const { decodeState, encodeState } = await import('../../src/state/codec.ts');
  const own = await decodeState(await project.read('cluster.rkestate'), 'cluster.rkestate', null);
  return encodeState({ ...own, clusterId: 'f'.repeat(32), clusterName: 'elsewhere' }, null);
}
