import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readFile, removeFiles, writeFiles } from '../../src/host/files.ts';
import { createHost, type Host } from '../../src/host/host.ts';
import { createLocalTransport } from '../support/local-transport.ts';
import { SHELLS } from '../support/shells.ts';

const owner = execFileSync('sh', ['-c', 'echo "$(id -un):$(id -gn)"'], { encoding: 'utf8' }).trim();
let root: string;
let directory: string;
let host: Host;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rke2ctl-files-'));
});

afterAll(() => rmSync(root, { recursive: true }));

describe.each(SHELLS)('files of a host under %s', (_name, shell) => {
  beforeEach(() => {
    directory = mkdtempSync(join(root, 'case-'));
    host = createHost(createLocalTransport({ shell }), { askSudoPassword: async () => null });
  });

  test('are written in one go, with mode, whatever is in them', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));
    const files = [
      { path: join(directory, 'a.yaml'), content: 'it\'s: "$HOME"\n\n', mode: '0600', owner },
      { path: join(directory, 'new', 'deep', 'b c'), content: bytes, mode: '0644', owner },
      { path: join(directory, 'empty'), content: '', mode: '0640', owner },
      { path: join(directory, 'last'), content: 'no newline', mode: '0755', owner },
    ];
    expect(await writeFiles(host, files)).toEqual(files.map(({ path }) => path));
    for (const { path, content, mode } of files) {
      expect(readFileSync(path).equals(Buffer.from(content as string))).toBe(true);
      expect((statSync(path).mode & 0o7777).toString(8).padStart(4, '0')).toBe(mode);
    }
    expect(readdirSync(directory).sort()).toEqual(['a.yaml', 'empty', 'last', 'new']);
  });

  test('come with the directories that are asked for, whose modes are only set where they are made', async () => {
    const path = join(directory, 'data', 'server', 'manifests', 'a.yaml');
    const directories = [
      { path: join(directory, 'data'), mode: '0755' },
      { path: join(directory, 'data', 'server'), mode: '0700' },
    ];
    mkdirSync(join(directory, 'data'), { mode: 0o711 });
    await writeFiles(host, [{ path, content: 'x', mode: '0600', owner }], { directories });
    const modes = ['data', 'data/server', 'data/server/manifests'].map((name) =>
      (statSync(join(directory, name)).mode & 0o777).toString(8),
    );
    expect(modes).toEqual(['711', '700', '755']);
  });

  test('are left alone when they are already so, and mended when only the mode differs', async () => {
    const same = { path: join(directory, 'same'), content: 'x\n', mode: '0600', owner };
    const loose = { path: join(directory, 'loose'), content: 'y\n', mode: '0600', owner };
    await writeFiles(host, [same, loose]);
    chmodSync(loose.path, 0o644);
    const before = statSync(same.path);
    expect(await writeFiles(host, [same, loose, same])).toEqual([loose.path]);
    expect(statSync(same.path).ino).toBe(before.ino);
    expect(statSync(same.path).mtimeMs).toBe(before.mtimeMs);
    expect(statSync(loose.path).mode & 0o777).toBe(0o600);
  });

  test('a failure names the file, keeps the old one and leaves nothing half-written', async () => {
    const blocked = join(directory, 'blocked');
    mkdirSync(blocked);
    const files = [
      { path: join(directory, 'good'), content: '1', mode: '0600', owner },
      { path: blocked, content: '2', mode: '0600', owner },
    ];
    await expect(writeFiles(host, files)).rejects.toThrow(/blocked: there is a directory of that name/);
    expect(readdirSync(directory).sort()).toEqual(['blocked', 'good']);
  });

  test('are read whole, with a limit, and absent ones are null', async () => {
    const path = join(directory, 'secret');
    writeFileSync(path, 'ü\n\n');
    expect(await readFile(host, path, { maxBytes: 4 })).toBe('ü\n\n');
    await expect(readFile(host, path, { maxBytes: 3 })).rejects.toMatchObject({
      code: 'remote-file-too-big',
    });
    expect(await readFile(host, join(directory, 'none'))).toBeNull();
    await expect(readFile(host, directory)).rejects.toThrow(/Reading .* failed/);
  });

  test('are removed if there, and it is told which', async () => {
    const path = join(directory, 'gone');
    writeFileSync(path, '');
    expect(await removeFiles(host, [join(directory, 'none'), path])).toEqual([path]);
    expect(readdirSync(directory)).toEqual([]);
    await expect(removeFiles(host, [directory])).rejects.toThrow(/Removing/);
  });
});
