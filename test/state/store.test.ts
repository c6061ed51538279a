import { spawnSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import type { State } from '../../src/domain/state.ts';
import { createSealer } from '../../src/state/seal.ts';
import { openStore } from '../../src/state/store.ts';
import { runChild } from './run-child.ts';
import { sampleState } from './sample-state.ts';

let folder = '';
let file = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'));
  file = join(folder, 'cluster.rkestate');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** What one run does: reads first, then writes. */
async function run(state: State): Promise<void> {
  const store = openStore(file, null);
  await store.read();
  await store.write(state);
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

async function history(): Promise<readonly string[]> {
  return (await readdir(`${file}.history`)).sort();
}

async function serialOnDisk(): Promise<number | undefined> {
  return (await openStore(file, null).read())?.serial;
}

describe('reading', () => {
  it('is null where there is no file', async () => {
    expect(await openStore(file, null).read()).toBeNull();
  });

  it('closes a file that others could read, and keeps its content', async () => {
    await openStore(file, null).write(sampleState());
    await chmod(file, 0o644);
    expect((await openStore(file, null).read())?.clusterName).toBe('prod');
    expect(await modeOf(file)).toBe('600');
  });

  it('says what a folder in the place of the file is', async () => {
    await mkdir(file);
    await expect(openStore(file, null).read()).rejects.toMatchObject({
      code: 'state-unreadable',
      message: expect.stringContaining('it is a directory'),
    });
  });

  it('names the newest whole copy when the file is damaged, as a command that works', async () => {
    const store = openStore(file, null);
    await store.write(sampleState(2));
    await run(sampleState(3));
    await writeFile(file, '{"half":');
    const error: unknown = await openStore(file, null)
      .read()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'state-corrupt' });
    const command = /cp -p .*$/.exec((error as { hint: string }).hint)?.[0] ?? '';
    expect(spawnSync('sh', ['-c', command]).status).toBe(0);
    const healed = await openStore(file, null).read();
    expect(Object.keys(healed?.nodes ?? {})).toHaveLength(3);
    expect(await modeOf(file)).toBe('600');
  });

  it('passes over damaged copies, and names the rebuild when none is left', async () => {
    for (const count of [1, 2]) await run(sampleState(count));
    await writeFile(file, '');
    const [older = '', newer = ''] = await history();
    await writeFile(join(`${file}.history`, newer), 'damaged too');
    await expect(openStore(file, null).read()).rejects.toMatchObject({
      hint: expect.stringContaining(older),
    });
    await writeFile(join(`${file}.history`, older), '');
    await expect(openStore(file, null).read()).rejects.toMatchObject({
      hint: expect.stringContaining('rke2ctl state rebuild'),
    });
  });
});

describe('writing', () => {
  it('counts the serial up, 0600 under any umask, and can be read by the next run', async () => {
    const umask = process.umask(0);
    try {
      const store = openStore(file, null);
      await store.write(sampleState());
      await store.write(sampleState());
      expect(await serialOnDisk()).toBe(2);
      expect(await modeOf(file)).toBe('600');
      expect(await modeOf(`${file}.history`)).toBe('700');
      const [copy = ''] = await history();
      expect(await modeOf(join(`${file}.history`, copy))).toBe('600');
    } finally {
      process.umask(umask);
    }
  });

  it('replaces an open file by a closed one', async () => {
    await openStore(file, null).write(sampleState());
    const store = openStore(file, null);
    await store.read();
    await chmod(file, 0o666);
    await store.write(sampleState());
    expect(await modeOf(file)).toBe('600');
  });

  it('makes few writes of many quick ones, and each returns when its state or a later one is on disk', async () => {
    const store = openStore(file, null);
    const counts = Array.from({ length: 200 }, (_, index) => index + 1);
    await Promise.all(
      counts.map(async (count) => {
        await store.write(sampleState(count));
        const onDisk = JSON.parse(await readFile(file, 'utf8')) as { nodes: object };
        expect(Object.keys(onDisk.nodes).length).toBeGreaterThanOrEqual(count);
      }),
    );
    expect(await serialOnDisk()).toBeLessThan(10);
  });

  it('follows a symbolic link and leaves it in place', async () => {
    const target = join(folder, 'vault');
    await openStore(target, null).write(sampleState(1));
    await symlink(target, file);
    await run(sampleState(2));
    expect((await lstat(file)).isSymbolicLink()).toBe(true);
    expect(Object.keys((await openStore(target, null).read())?.nodes ?? {})).toHaveLength(2);
  });

  it('goes on after a write that failed', async () => {
    const store = openStore(file, null);
    await store.write(sampleState(1));
    await expect(store.write({ ...sampleState(2), clusterName: 7 as unknown as string })).rejects.toThrow();
    await store.write(sampleState(3));
    expect(Object.keys((await openStore(file, null).read())?.nodes ?? {})).toHaveLength(3);
  });
});

describe('what it refuses to write over', () => {
  it.each([
    ['a damaged state', '{"schemaVersion": 1', 'state-corrupt'],
    ['an empty file', '', 'state-corrupt'],
    ["RKE1's state, with the keys of that cluster", '{"desiredState":{}}', 'state-rke1'],
    ['the state of a newer rke2ctl', '{"schemaVersion": 9}', 'state-newer'],
  ])('%s', async (_name, content, code) => {
    await writeFile(file, content);
    await expect(openStore(file, null).write(sampleState())).rejects.toMatchObject({ code });
    expect(await readFile(file, 'utf8')).toBe(content);
    expect(await readdir(folder)).toEqual(['cluster.rkestate']);
  });

  it('the state of another cluster, also when it appears during the run', async () => {
    const other = { ...sampleState(), clusterId: 'd00d' };
    const store = openStore(file, null);
    expect(await store.read()).toBeNull();
    await openStore(file, null).write(other);
    await expect(store.write(sampleState())).rejects.toMatchObject({
      code: 'state-foreign',
      message: expect.stringMatching(/d00d.*c0ffee/),
    });
    expect((await openStore(file, null).read())?.clusterId).toBe('d00d');
  });

  it('a state that somebody else has written since', async () => {
    const first = openStore(file, null);
    await first.write(sampleState(1));
    const second = openStore(file, null);
    await second.read();
    await first.write(sampleState(2));
    await expect(second.write(sampleState(3))).rejects.toMatchObject({
      code: 'state-superseded',
      message: expect.stringContaining('serial 2, but this run started from 1'),
    });
    expect(await serialOnDisk()).toBe(2);
  });

  it('a newer state than the one it is given, when it has read nothing', async () => {
    const store = openStore(file, null);
    for (let round = 0; round < 3; round += 1) await store.write(sampleState());
    await expect(openStore(file, null).write({ ...sampleState(), serial: 1 })).rejects.toMatchObject({
      code: 'state-superseded',
    });
  });

  it('sealed tokens, by readable ones', async () => {
    const cheap = { n: 2, r: 1, p: 1 };
    await openStore(file, createSealer(new Secret('pass'), cheap)).write(sampleState());
    await expect(openStore(file, null).write({ ...sampleState(), serial: 1 })).rejects.toMatchObject({
      code: 'state-sealed',
    });
    expect(await openStore(file, null).text()).not.toContain('server-token');
  });
});

describe('history', () => {
  it('keeps the last ten runs, by the last write of each', async () => {
    for (let run = 1; run <= 14; run += 1) {
      const store = openStore(file, null);
      await store.read();
      for (let write = 0; write < 3; write += 1) await store.write(sampleState(run));
    }
    const serials = (await history()).map((name) => Number(/-(\d+)\.json$/.exec(name)?.[1]));
    expect(serials).toEqual([15, 18, 21, 24, 27, 30, 33, 36, 39, 42]);
  });

  it('is not spoiled by an editor that writes the state in place', async () => {
    await openStore(file, null).write(sampleState());
    const before = await readFile(file, 'utf8');
    await writeFile(file, 'edited in place');
    const [copy = ''] = await history();
    expect(await readFile(join(`${file}.history`, copy), 'utf8')).toBe(before);
  });

  it('keeps the last copy of a removed cluster, whose token its snapshots need, and no more than ten such', async () => {
    for (let number = 0; number < 13; number += 1) {
      const store = openStore(file, null);
      await store.write({ ...sampleState(), clusterId: `cluster-${number}` });
      await store.remove();
      await sleep(2);
    }
    const store = openStore(file, null);
    expect(await store.read()).toBeNull();
    await store.write(sampleState());
    const names = await history();
    expect(names).toHaveLength(11);
    expect(names).toContain('cluster-12-000001.json');
    expect(names).not.toContain('cluster-1-000001.json');
  });

  it('counts on from the highest copy when the state was lost and is made again', async () => {
    for (let round = 0; round < 12; round += 1) await run(sampleState(2));
    await writeFile(file, 'damaged');
    const store = openStore(file, null);
    await expect(store.read()).rejects.toMatchObject({ code: 'state-corrupt' });
    await store.setAside();
    await store.write({ ...sampleState(3), serial: 0 });
    expect(await serialOnDisk()).toBe(13);
    expect((await history()).at(-1)).toMatch(/-000013\.json$/);
  });

  it('loses what a killed run has left half-written there', async () => {
    await run(sampleState());
    const [first = ''] = await history();
    const { pid } = spawnSync('true');
    await writeFile(join(`${file}.history`, `${first}.${pid}-2.tmp`), '{"schemaVersion"');
    await run(sampleState());
    expect((await history()).filter((name) => !name.endsWith('.json'))).toEqual([]);
    expect(await history()).toContain(first);
  });

  it('does not fail a write when no copy can be kept', async () => {
    await writeFile(`${file}.history`, 'in the way');
    await openStore(file, null).write(sampleState());
    expect(await serialOnDisk()).toBe(1);
  });
});

describe('taking the file away', () => {
  it('removes it, and a second time is no mistake', async () => {
    const store = openStore(file, null);
    await store.write(sampleState());
    await store.remove();
    await store.remove();
    expect(await readdir(folder)).toEqual(['cluster.rkestate.history']);
  });

  it('waits for a write that is under way', async () => {
    const store = openStore(file, null);
    const writing = store.write(sampleState(500));
    await store.remove();
    await writing;
    expect(await readdir(folder)).toEqual(['cluster.rkestate.history']);
  });

  it("leaves RKE1's file, a damaged one and another cluster's alone", async () => {
    await writeFile(file, '{"desiredState":{}}');
    await expect(openStore(file, null).remove()).rejects.toMatchObject({ code: 'state-rke1' });
    await writeFile(file, 'damaged');
    await expect(openStore(file, null).remove()).rejects.toMatchObject({ code: 'state-corrupt' });
    await rm(file);
    const store = openStore(file, null);
    await store.write(sampleState());
    await rm(file);
    await openStore(file, null).write({ ...sampleState(), clusterId: 'd00d' });
    await expect(store.remove()).rejects.toMatchObject({ code: 'state-foreign' });
    expect((await openStore(file, null).read())?.clusterId).toBe('d00d');
  });

  it('sets a file aside for a rebuilt one, and never over an earlier one', async () => {
    const store = openStore(file, null);
    expect(await store.setAside()).toBeNull();
    for (const content of ['first', 'second']) {
      await writeFile(file, content);
      const aside = await store.setAside();
      expect(await readFile(aside ?? '', 'utf8')).toBe(content);
    }
    await store.write(sampleState());
    expect(await serialOnDisk()).toBe(1);
  });
});

describe('a hostile world', () => {
  it('survives kill -9 in mid-write, every time, and tidies up after it', async () => {
    for (let round = 0; round < 4; round += 1) {
      const child = runChild(new URL('./write-states.ts', import.meta.url), [file, '300', '0']);
      await child.nextLine();
      await sleep(60 + round * 37);
      child.process.kill('SIGKILL');
      expect(await child.ended).toBe('SIGKILL');
      const state = await openStore(file, null).read();
      expect(Object.keys(state?.nodes ?? {})).toHaveLength(300);
    }
    await run(sampleState());
    expect((await readdir(folder)).sort()).toEqual(['cluster.rkestate', 'cluster.rkestate.history']);
  }, 60_000);

  const mounting = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-Urm'];
  const canMount = spawnSync(mounting[0] ?? '', [...mounting.slice(1), 'true']).status === 0;

  it.skipIf(!canMount)('keeps the old state whole when the disk is full, and says so', async () => {
    const mount = 'mount -t tmpfs -o size=256k none "$0" && exec "$@"';
    const child = runChild(
      new URL('./write-states.ts', import.meta.url),
      [file, '1', '5'],
      [...mounting, 'sh', '-c', mount, folder],
    );
    expect(await child.nextLine()).toBe('ready');
    const outcome = JSON.parse(await child.nextLine()) as {
      failedAt: number;
      onDisk: number;
      message: string;
    };
    expect(await child.ended).toBe(0);
    expect(outcome).toMatchObject({
      code: 'state-unwritable',
      message: expect.stringContaining('no space is left on the device'),
    });
    expect(outcome.onDisk).toBe(outcome.failedAt - 5);
  });

  it.skipIf(process.getuid?.() === 0)('names a folder that may not be written', async () => {
    await chmod(folder, 0o500);
    await expect(openStore(file, null).write(sampleState())).rejects.toMatchObject({
      code: 'state-unwritable',
      message: expect.stringContaining('permission denied'),
    });
    await chmod(folder, 0o700);
  });

  it('names a folder that does not exist', async () => {
    const store = openStore(join(folder, 'gone', 'cluster.rkestate'), null);
    await expect(store.write(sampleState())).rejects.toMatchObject({
      code: 'state-unwritable',
      message: expect.stringContaining('there is no such file or folder'),
    });
  });

  it('writes and reads the state of 1,000 nodes in well under a second', async () => {
    const state = sampleState(1_000);
    const store = openStore(file, null);
    await store.write(state);
    const started = performance.now();
    await store.write(state);
    const written = performance.now();
    await openStore(file, null).read();
    expect(written - started).toBeLessThan(1_000);
    expect(performance.now() - written).toBeLessThan(1_000);
  });
});
