import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockedError } from '../../src/domain/errors.ts';
import { acquireLocalLock, type LocalLock } from '../../src/state/local-lock.ts';
import type { LockHolder } from '../../src/state/lock-holder.ts';
import { readProcessIdentity } from '../../src/state/process-identity.ts';
import { type Child, runChild } from './run-child.ts';

const REQUEST = { user: 'bob', command: 'remove', since: Date.UTC(2026, 0, 1) };
let folder = '';
let file = '';
let children: Child[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  file = join(folder, 'cluster.rkestate.lock');
  children = [];
});

afterEach(async () => {
  for (const child of children) {
    child.process.kill('SIGKILL');
    await child.ended;
  }
  await rm(folder, { recursive: true });
});

async function startTaker(): Promise<Child> {
  const child = runChild(new URL('./take-lock.ts', import.meta.url), [file]);
  children.push(child);
  expect(await child.nextLine()).toBe('ready');
  return child;
}

async function tell(child: Child, line: string): Promise<string> {
  child.process.stdin?.write(`${line}\n`);
  return await child.nextLine();
}

let deadNonces = 0;

/** A lock file whose holder ran on this machine and is gone. */
async function deadHolder(change: Partial<LockHolder> = {}): Promise<LockHolder> {
  const gone = spawn('true');
  const pid = gone.pid ?? 0;
  await new Promise((resolve) => gone.on('close', resolve));
  deadNonces += 1;
  return {
    ...(await readProcessIdentity()),
    pid,
    nonce: deadNonces.toString(16).padStart(32, '0'),
    user: 'alice',
    command: 'up',
    since: '2026-01-02T03:04:05.000Z',
    ...change,
  };
}

async function leave(path: string, holder: LockHolder): Promise<void> {
  await writeFile(path, JSON.stringify(holder));
}

async function refusal(): Promise<LockedError> {
  const error: unknown = await acquireLocalLock(file, REQUEST).catch((reason: unknown) => reason);
  if (error instanceof LockedError) return error;
  throw new Error('the lock was given away');
}

describe('the local lock', () => {
  it('is a readable file that says who holds it, and goes with its release', async () => {
    const lock = await acquireLocalLock(file, REQUEST);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      user: 'bob',
      command: 'remove',
      pid: process.pid,
      host: hostname(),
      since: '2026-01-01T00:00:00.000Z',
    });
    expect((await stat(file)).mode & 0o444).toBe(0o444);
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('names a living holder, in this process and in another', async () => {
    const child = await startTaker();
    expect(await tell(child, 'take')).toBe('got');
    const error = await refusal();
    expect(error).toMatchObject({ code: 'locked', exitCode: 5 });
    expect(error.message).toBe(
      `This cluster is locked by alice@${hostname()} (pid ${child.process.pid}): \`rke2ctl up\`, since 2026-01-02T03:04:05.000Z.`,
    );
    expect(error.hint).not.toContain('rm ');
    expect(await tell(child, 'release')).toBe('released');
    const lock = await acquireLocalLock(file, REQUEST);
    expect((await refusal()).message).toContain(`pid ${process.pid}`);
    await lock.release();
  });

  it('is taken over from a holder that was killed', async () => {
    const child = await startTaker();
    expect(await tell(child, 'take')).toBe('got');
    child.process.kill('SIGKILL');
    expect(await child.ended).toBe('SIGKILL');
    const lock = await acquireLocalLock(file, REQUEST);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ user: 'bob' });
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('goes to exactly one of several processes that find a dead holder at once', async () => {
    const takers = await Promise.all(Array.from({ length: 4 }, startTaker));
    for (let round = 0; round < 25; round += 1) {
      await leave(file, await deadHolder());
      const answers = await Promise.all(takers.map((taker) => tell(taker, 'take')));
      expect(answers.filter((answer) => answer === 'got')).toHaveLength(1);
      const winner = takers[answers.indexOf('got')];
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: winner?.process.pid });
      for (const taker of takers) await tell(taker, 'release');
      expect(await readdir(folder)).toEqual([]);
    }
  }, 60_000);

  it('is never held twice while takers come, go and are killed', async () => {
    for (let round = 0; round < 3; round += 1) {
      const [first, second] = await Promise.all([startTaker(), startTaker()]);
      await leave(file, await deadHolder());
      first?.process.stdin?.write('take\n');
      await sleep(round);
      first?.process.kill('SIGKILL');
      const answer = await tell(second as Child, 'take');
      await first?.ended;
      const heldBySecond = answer === 'got';
      const other = await acquireLocalLock(file, REQUEST).catch(() => null);
      expect(other === null).toBe(heldBySecond);
      await other?.release();
      await tell(second as Child, 'release');
    }
  }, 60_000);

  it('goes to exactly one of many takers in one process, a hundred times', async () => {
    for (let round = 0; round < 100; round += 1) {
      if (round % 2 === 0) await leave(file, await deadHolder());
      const results = await Promise.allSettled(
        Array.from({ length: 6 }, () => acquireLocalLock(file, REQUEST)),
      );
      const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(held).toHaveLength(1);
      await (held[0] as LocalLock).release();
      expect(await readdir(folder)).toEqual([]);
    }
  }, 60_000);

  it('is taken over from takers that died while taking over', async () => {
    const [first, second, third] = [await deadHolder(), await deadHolder(), await deadHolder()];
    await leave(file, first);
    await leave(`${file}.${first.nonce}`, second);
    await leave(`${file}.${second.nonce}`, third);
    const lock = await acquireLocalLock(file, REQUEST);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('sweeps up what killed takers left, but nothing fresh', async () => {
    const nonce = 'ab'.repeat(16);
    const names = [`${file}.${nonce}`, `${file}.${nonce}.${nonce}.new`, `${file}.mine`];
    for (const name of names) await writeFile(name, '');
    const fresh = `${file}.${'cd'.repeat(16)}.new`;
    await writeFile(fresh, '');
    for (const name of names) await utimes(name, 1, 1);
    const lock = await acquireLocalLock(file, REQUEST);
    await lock.release();
    expect((await readdir(folder)).sort()).toEqual(
      [fresh, `${file}.mine`].map((path) => path.slice(folder.length + 1)),
    );
  });
});

describe('proof of death', () => {
  it.each<[string, () => Promise<Partial<LockHolder>>]>([
    ['its pid is free', async () => ({})],
    ['its pid is another process now', async () => ({ pid: process.pid, processStart: '1' })],
    ['the machine has booted since', async () => ({ pid: process.pid, bootId: 'an-earlier-boot' })],
    ['it has ended and nobody waited for it', async () => await zombie()],
  ])('is given when %s', async (_name, change) => {
    await leave(file, await deadHolder(await change()));
    await (await acquireLocalLock(file, REQUEST)).release();
  });

  it.each<[string, Partial<LockHolder>]>([
    ['it is on another host', { host: 'elsewhere' }],
    ['another machine has the same name', { machineId: 'f'.repeat(32) }],
    ['it is in another pid namespace', { pidNamespace: 'pid:[1]' }],
    ['it does not say which boot it was', { bootId: null }],
    ['it does not say which machine, and the boot differs', { machineId: null, bootId: 'another' }],
    ['it does not say when it started, and its pid is in use', { pid: process.pid, processStart: null }],
  ])('is not given when %s', async (_name, change) => {
    const holder = await deadHolder(change);
    await leave(file, holder);
    const error = await refusal();
    expect(error.message).toContain(`alice@${holder.host}`);
    expect(error.hint).toContain(`rm ${file}`);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(holder);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it.each([
    ['empty', ''],
    ['cut off', '{"host": "lap'],
    ['of another kind', '{}'],
    ['one whose nonce leads elsewhere', '{"nonce": "../../../etc/passwd"}'],
  ])('is not given by a lock file that is %s', async (_name, content) => {
    await writeFile(file, content);
    const error = await refusal();
    expect(error.message).toContain('says nothing about its holder');
    expect(error.hint).toContain(`rm ${file}`);
  });
});

describe('giving the lock up', () => {
  it('leaves a lock that somebody else has taken after ours was removed by hand', async () => {
    const lock = await acquireLocalLock(file, REQUEST);
    await rm(file);
    const other = await acquireLocalLock(file, { ...REQUEST, user: 'carol' });
    await lock.release();
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ user: 'carol' });
    await other.release();
  });

  it('says what is wrong with the folder when no lock can be made', async () => {
    const path = join(folder, 'gone', 'cluster.rkestate.lock');
    await expect(acquireLocalLock(path, REQUEST)).rejects.toMatchObject({ code: 'lock-unusable' });
  });
});

/** Pid and start of a process that has ended and stays a zombie as long as its parent sleeps. */
async function zombie(): Promise<Partial<LockHolder>> {
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<number | string>((resolve) =>
    parent.on('close', (code) => resolve(code ?? 'killed')),
  );
  children.push({ process: parent, ended, nextLine: () => Promise.reject(new Error('says no more')) });
  const pid = Number(
    await new Promise<string>((resolve) => parent.stdout.once('data', (data) => resolve(`${data}`))),
  );
  const fields = (): Promise<string> => readFile(`/proc/${pid}/stat`, 'utf8');
  while (!(await fields()).includes(') Z ')) await sleep(20);
  return { pid, processStart: (await fields()).split(') ')[1]?.split(' ')[19] ?? null };
}
