import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSnapshotFile, unpackSnapshot } from '../../src/artifacts/read-snapshot.ts';
import { createHost } from '../../src/host/host.ts';
import { readSnapshotFiles } from '../../src/host/snapshot-files.ts';
import { makeZip } from '../standin/rke2/maintenance/zip.ts';
import { createLocalTransport } from '../support/local-transport.ts';
import { FIRST_TOKEN, firstSnapshot, SECOND_TOKEN, secondSnapshot } from '../support/sample-snapshots.ts';

const VERSION = 'v1.36.4+rke2r1';
const damaged = Buffer.from(firstSnapshot());
damaged.write('X', 9_000);
const packed = makeZip('packed-n1-1700000004', secondSnapshot());

/** What lies in the directory, and what each says of itself. */
const FILES: Readonly<Record<string, readonly [content: Buffer, is: object]>> = {
  'first-n1-1700000001': [firstSnapshot(), { whole: true, tokenIds: [FIRST_TOKEN], problem: null }],
  'second-n1-1700000002': [secondSnapshot(), { whole: true, tokenIds: [SECOND_TOKEN], problem: null }],
  'cut-n1-1700000003': [
    secondSnapshot().subarray(0, 15_000),
    { whole: false, problem: expect.stringContaining('it was cut off') },
  ],
  'packed-n1-1700000004.zip': [packed, { whole: true, tokenIds: [SECOND_TOKEN], problem: null }],
  'damaged-n1-1700000005': [damaged, { whole: false, problem: expect.stringContaining('damaged') }],
  'cut-n1-1700000006.zip': [
    packed.subarray(0, 400),
    { whole: false, tokenIds: [], problem: expect.stringContaining('cannot be unpacked') },
  ],
  'foreign -n1-1700000007': [
    Buffer.from('no database at all'),
    { whole: false, tokenIds: [], problem: expect.stringContaining('no snapshot') },
  ],
};

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rke2ctl-snapshots-'));
  for (const [name, [content]] of Object.entries(FILES)) await writeFile(join(directory, name), content);
});

afterAll(() => rm(directory, { recursive: true }));

describe('a snapshot on this machine', () => {
  it.each(Object.keys(FILES))('%s says what it is', async (name) => {
    const [content, is] = FILES[name] ?? [];
    const found = await readSnapshotFile(join(directory, name));
    expect(found.sizeBytes).toBe(content?.length);
    expect(found.content).toMatchObject(is ?? {});
    if (found.content.whole) expect(found.content.version).toBe(VERSION);
  });

  it('is found where its keys lie across what is read at once', async () => {
    const middle = firstSnapshot().indexOf('/bootstrap/') + 6;
    const path = join(directory, 'whole');
    await writeFile(path, Buffer.concat([Buffer.alloc(1024 * 1024 - middle), firstSnapshot()]));
    const { content } = await readSnapshotFile(path);
    expect(content).toMatchObject({ tokenIds: [FIRST_TOKEN], version: VERSION });
    await rm(path);
  });

  it('is unpacked beside, for its owner alone', async () => {
    const target = join(directory, 'unpacked');
    await unpackSnapshot(join(directory, 'packed-n1-1700000004.zip'), target);
    expect((await readFile(target)).equals(secondSnapshot())).toBe(true);
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    await rm(target);
    const cut = unpackSnapshot(join(directory, 'cut-n1-1700000006.zip'), target);
    await expect(cut).rejects.toMatchObject({ code: 'snapshot-unreadable' });
    await expect(stat(target)).rejects.toThrow('ENOENT');
    await expect(stat(`${target}.part`)).rejects.toThrow('ENOENT');
  });

  it('that is not there is told by its path', async () => {
    await expect(readSnapshotFile(join(directory, 'none'))).rejects.toThrow(/none cannot be read: ENOENT/);
  });
});

describe('snapshots on a host', () => {
  const host = () => createHost(createLocalTransport(), { askSudoPassword: async () => null });

  it('say there what they say here, with what every host has', async () => {
    const found = await readSnapshotFiles(host(), { directory, contents: true });
    expect(found.map(({ name }) => name)).toEqual(Object.keys(FILES).sort());
    for (const { name, path, content, sizeBytes } of found) {
      expect(path).toBe(join(directory, name));
      const here = await readSnapshotFile(path);
      expect({ name, ...content, sizeBytes }).toEqual({ name, ...here.content, sizeBytes: here.sizeBytes });
    }
  });

  it('are only counted where nobody wants more, or only some', async () => {
    const some = ['second-n1-1700000002', 'not there', '../etc/passwd'];
    const [only, ...more] = await readSnapshotFiles(host(), { directory, contents: false, names: some });
    expect(only).toMatchObject({
      name: some[0],
      sizeBytes: secondSnapshot().length,
      content: { whole: null },
    });
    expect(more).toEqual([]);
    expect(await readSnapshotFiles(host(), { directory: `${directory}/none`, contents: true })).toEqual([]);
  });
});
