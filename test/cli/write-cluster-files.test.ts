import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeClusterFiles } from '../../src/cli/adopt/write-cluster-files.ts';
import type { FittedDraft } from '../../src/config/adopt/fit-draft.ts';
import { makeCluster } from '../support/make-cluster.ts';

let folder = '';
let file = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rke2ctl-adopt-'));
  file = join(folder, 'cluster.yml');
});

afterEach(() => rm(folder, { recursive: true }));

const draftOf = (text: string, secret: string | null = null): FittedDraft => ({
  text,
  cluster: makeCluster({}),
  files: secret === null ? [] : [{ path: './cluster-adopted/s3-secret-key', content: secret }],
  notes: [],
});

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync('true').pid;
}

describe('the files of an adoption', () => {
  it('are for their owner only, and leave nothing beside them', async () => {
    await writeClusterFiles(file, draftOf('nodes: []\n', 'hidden'), null);
    expect(await readdir(folder)).toEqual(['cluster-adopted', 'cluster.yml']);
    expect(await readdir(join(folder, 'cluster-adopted'))).toEqual(['s3-secret-key']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'cluster-adopted/s3-secret-key'))).mode & 0o777).toBe(0o600);
  });

  it('take away what an adoption that was killed has left half-written', async () => {
    await writeFile(`${file}.${deadPid()}-1.tmp`, 'nod');
    await writeClusterFiles(file, draftOf('nodes: []\n'), null);
    expect(await readdir(folder)).toEqual(['cluster.yml']);
  });

  it('keep the cluster.yml that was read, also when a second adoption reads what the first one wrote', async () => {
    await writeFile(file, 'by a person\n');
    await writeClusterFiles(file, draftOf('first draft\n'), 'by a person\n');
    await writeClusterFiles(file, draftOf('first draft\n'), 'first draft\n');
    await writeClusterFiles(file, draftOf('second draft\n'), 'first draft\n');
    expect(await readFile(file, 'utf8')).toBe('second draft\n');
    expect(await readFile(`${file}.rke2ctl-backup`, 'utf8')).toBe('by a person\n');
    expect(await readFile(`${file}.rke2ctl-backup-2`, 'utf8')).toBe('first draft\n');
    expect(await readdir(folder)).toHaveLength(3);
  });

  it('stop before the first is written when one says something else', async () => {
    await writeFile(file, 'of another cluster\n');
    await expect(writeClusterFiles(file, draftOf('nodes: []\n', 'hidden'), null)).rejects.toMatchObject({
      code: 'file-exists',
      message: expect.stringContaining(file),
    });
    expect(await readdir(folder)).toEqual(['cluster.yml']);
  });
});
