import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createSealer, readPassphrase } from '../../src/state/seal.ts';

const CHEAP = { n: 2, r: 1, p: 1 };
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seal-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('createSealer', () => {
  it('opens what another run sealed, under the full work factor', async () => {
    const sealed = await createSealer(new Secret('pass')).seal('the token', 'cluster-1');
    expect(128 * sealed.n * sealed.r * sealed.p).toBeGreaterThanOrEqual(128 * 2 ** 20);
    expect(await createSealer(new Secret('pass')).open(sealed, 'cluster-1', 'f')).toBe('the token');
  });

  it('derives the key once, however often it seals', async () => {
    const sealer = createSealer(new Secret('pass'));
    await sealer.seal('first', 'c');
    const started = performance.now();
    for (let round = 0; round < 200; round += 1) await sealer.seal('again', 'c');
    // One derivation takes some 400 ms, so 200 of them could never fit.
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('never uses a nonce twice', async () => {
    const sealer = createSealer(new Secret('pass'), CHEAP);
    const sealed = await Promise.all(Array.from({ length: 100 }, () => sealer.seal('x', 'c')));
    expect(new Set(sealed.map((one) => one.nonce)).size).toBe(100);
  });

  it.each(['ciphertext', 'tag', 'nonce', 'salt'] as const)('refuses a changed %s', async (part) => {
    const sealer = createSealer(new Secret('pass'), CHEAP);
    const sealed = await sealer.seal('the token', 'c');
    const bytes = Buffer.from(sealed[part], 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    const changed = { ...sealed, [part]: bytes.toString('base64') };
    await expect(sealer.open(changed, 'c', 'f')).rejects.toMatchObject({ code: 'state-passphrase-wrong' });
  });

  it('refuses a shortened tag, which would be easier to forge', async () => {
    const sealer = createSealer(new Secret('pass'), CHEAP);
    const sealed = await sealer.seal('the token', 'c');
    const tag = Buffer.from(sealed.tag, 'base64').subarray(0, 4).toString('base64');
    await expect(sealer.open({ ...sealed, tag }, 'c', 'f')).rejects.toMatchObject({
      code: 'state-passphrase-wrong',
    });
  });

  it.each([
    { n: 2 ** 24, r: 8, p: 1 },
    { n: 3, r: 8, p: 1 },
  ])('survives a work factor that cannot be right: %o', async (cost) => {
    const sealed = await createSealer(new Secret('pass'), CHEAP).seal('the token', 'c');
    const opening = createSealer(new Secret('pass')).open({ ...sealed, ...cost }, 'c', 'f');
    await expect(opening).rejects.toMatchObject({ code: 'state-passphrase-wrong' });
  });

  it('takes both Unicode spellings of one passphrase', async () => {
    const sealed = await createSealer(new Secret('caf\u00e9'), CHEAP).seal('the token', 'c');
    expect(await createSealer(new Secret('cafe\u0301'), CHEAP).open(sealed, 'c', 'f')).toBe('the token');
  });
});

describe('readPassphrase', () => {
  it('is null when nothing is set, and an empty variable counts as nothing', async () => {
    expect(await readPassphrase({})).toBeNull();
    expect(
      await readPassphrase({ RKE2CTL_STATE_PASSPHRASE: '', RKE2CTL_STATE_PASSPHRASE_FILE: '' }),
    ).toBeNull();
  });

  it('takes the variable before the file', async () => {
    const env = { RKE2CTL_STATE_PASSPHRASE: 'direct', RKE2CTL_STATE_PASSPHRASE_FILE: '/nowhere' };
    expect((await readPassphrase(env))?.reveal()).toBe('direct');
  });

  it.each([
    ['with a line break', 'from file \n', 'from file '],
    ['without', 'from file', 'from file'],
    ['of Windows', 'from file\r\n', 'from file'],
  ])('reads a file %s', async (_name, content, expected) => {
    const path = join(folder, 'passphrase');
    await writeFile(path, content);
    expect((await readPassphrase({ RKE2CTL_STATE_PASSPHRASE_FILE: path }))?.reveal()).toBe(expected);
  });

  it('says what is wrong with a missing or an empty file', async () => {
    const missing = readPassphrase({ RKE2CTL_STATE_PASSPHRASE_FILE: join(folder, 'none') });
    await expect(missing).rejects.toMatchObject({
      code: 'state-passphrase-unreadable',
      message: expect.stringContaining('there is no such file'),
    });
    const path = join(folder, 'empty');
    await writeFile(path, '\n');
    const empty = readPassphrase({ RKE2CTL_STATE_PASSPHRASE_FILE: path });
    await expect(empty).rejects.toMatchObject({ message: expect.stringContaining('it is empty') });
  });
});
