import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { refuseIllState } from '../../src/cli/state/refuse-ill-state.ts';
import type { Workspace } from '../../src/cli/workspace.ts';
import type { State } from '../../src/domain/state.ts';
import type { StateCopy } from '../../src/domain/state-copy.ts';
import { acquireLocalLock } from '../../src/state/local-lock.ts';
import { openStore } from '../../src/state/store.ts';
import { sampleState } from '../state/sample-state.ts';
import { makeCluster } from '../support/make-cluster.ts';
import { makeFacts, makeRke2Facts } from '../support/make-facts.ts';
import { makeMarker } from '../support/make-marker.ts';
import { runProgram } from './run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-state-'));
const config = join(folder, 'cluster.yml');
const path = join(folder, 'cluster.rkestate');
const TOKENS = /server-token-0123|agent-token-4567/;

const run = (...args: string[]) => runProgram('state', ...args, '-c', config);

beforeAll(async () => {
  for (const version of ['v1.35.7+rke2r1', 'v1.35.8+rke2r1'])
    await openStore(path, null).write({
      ...sampleState(),
      serial: version.endsWith('7+rke2r1') ? 0 : 1,
      version,
    });
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

describe('state', () => {
  it.each(['text', 'json'])('show gives no token (%s)', async (form) => {
    const { code, stdout } = await run('show', '-o', form);
    expect(code).toBe(0);
    expect(stdout).toContain('node-3');
    expect(stdout).not.toMatch(TOKENS);
  });

  it('history lists what was written, the last first, and tells a damaged one', async () => {
    const { stdout } = await run('history');
    expect(stdout.split('\n')[1]).toMatch(/^ +2 .*c0ffee00 +prod: 4 of 4 nodes joined, v1\.35\.8\+rke2r1$/);
    const broken = join(`${path}.history`, `${'d'.repeat(32)}-000007.json`);
    writeFileSync(broken, '{');
    expect((await run('history')).stdout).toMatch(/ 7 .*damaged/);
    rmSync(broken);
  });

  it('history show gives an earlier one without tokens, and says when there is none', async () => {
    const { code, stdout } = await run('history', 'show', '1', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ serial: 1, version: 'v1.35.7+rke2r1' });
    expect(stdout).not.toMatch(TOKENS);
    expect(await run('history', 'show', '99')).toMatchObject({ code: 3, stderr: /state history/ });
  });

  it('unlock names a living holder and takes nothing away', async () => {
    expect(await run('unlock')).toMatchObject({ code: 0, stdout: /Nobody holds the lock/ });
    const lock = await acquireLocalLock(`${path}.lock`, { user: 'alice', command: 'up', since: 0 });
    expect(await run('unlock')).toMatchObject({ code: 5, stdout: /held by alice@/ });
    expect(readFileSync(`${path}.lock`, 'utf8')).toContain('alice');
    await lock.release();
  });

  it('seal and unseal take the history along', async () => {
    const all = () =>
      [path, ...readdirSync(`${path}.history`).map((name) => join(`${path}.history`, name))]
        .map((file) => readFileSync(file, 'utf8'))
        .join();
    expect(await run('seal')).toMatchObject({ code: 3, stderr: /RKE2CTL_STATE_PASSPHRASE_FILE/ });
    vi.stubEnv('RKE2CTL_STATE_PASSPHRASE', 'open sesame');
    expect((await run('seal')).code).toBe(0);
    expect(all()).not.toMatch(TOKENS);
    vi.stubEnv('RKE2CTL_STATE_PASSPHRASE', 'wrong');
    expect(await run('unseal')).toMatchObject({ code: 1, stderr: /does not open/ });
    vi.stubEnv('RKE2CTL_STATE_PASSPHRASE', 'open sesame');
    expect((await run('unseal')).code).toBe(0);
    expect(all()).toMatch(TOKENS);
  });
});

describe('the state that up goes on from', () => {
  const cluster = makeCluster();
  const [key = ''] = cluster.nodes.map((node) => node.key);

  /** What is said of this state when the only host has that marker and shows that copy. */
  const judge = async (stored: State | null, owner: string, copy: Partial<StateCopy> | null) => {
    const rke2 = makeRke2Facts({
      marker: makeMarker({ clusterId: owner }),
      stateCopy: copy === null ? null : { clusterId: owner, serial: 5, checksum: 'sha256:x', ...copy },
    });
    const store = { text: async () => JSON.stringify({ checksum: 'sha256:x' }) };
    const workspace = { cluster, paths: { state: path }, store } as unknown as Workspace;
    const observed = { hosts: { [key]: { reachable: true as const, facts: makeFacts({ rke2 }) } } };
    return refuseIllState(
      { ...workspace, cluster: { ...cluster, nodes: cluster.nodes.slice(0, 1) } },
      observed,
      stored,
    ).then(
      () => null,
      (error: unknown) => error,
    );
  };
  const own: State = { ...sampleState(), serial: 5 };

  it.each([
    ['the copy itself', own, own.clusterId, {}],
    ['newer than the copy', own, own.clusterId, { serial: 4, checksum: 'y' }],
    ['without any copy', own, own.clusterId, null],
  ])('may be %s', async (_what, stored, owner, copy) => {
    expect(await judge(stored, owner, copy)).toBeNull();
  });

  it.each([
    ['lost, with a copy', 'state-missing', 'state pull', null, own.clusterId, {}],
    ['lost, without one', 'state-missing', 'state rebuild', null, own.clusterId, null],
    ['older than the copy', 'state-older', 'state pull', own, own.clusterId, { serial: 6 }],
    ['another with as many writes', 'state-differs', 'state pull', own, own.clusterId, { checksum: 'y' }],
    ['of another cluster, with a copy', 'state-foreign', 'state pull --force', own, 'c2', {}],
    ['of another cluster, without one', 'state-foreign', 'state rebuild --force', own, 'c2', null],
  ])('must not be %s: %s', async (_what, code, command, stored, owner, copy) => {
    expect(await judge(stored, owner, copy)).toMatchObject({
      code,
      hint: expect.stringContaining(`rke2ctl ${command}\``),
    });
  });
});
