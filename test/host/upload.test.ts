import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ArtifactError, CancelledError } from '../../src/domain/errors.ts';
import { downloadFile } from '../../src/host/download.ts';
import { createHost, type Host } from '../../src/host/host.ts';
import type { Upload } from '../../src/host/run-receive.ts';
import { uploadFile } from '../../src/host/upload.ts';
import { createLocalTransport } from '../support/local-transport.ts';
import { SHELLS } from '../support/shells.ts';

const content = randomBytes(5_000_003);
const sha256 = createHash('sha256').update(content).digest('hex');
let root: string;
let directory: string;
let source: string;
let host: Host;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rke2ctl-upload-'));
  source = join(root, 'source');
  writeFileSync(source, content);
});

afterAll(() => rmSync(root, { recursive: true }));

function upload(more: Partial<Upload> = {}): Upload {
  const destination = join(directory, 'images', 'rke2-images.tar.zst');
  return {
    source,
    destination,
    sha256,
    sizeBytes: content.length,
    mode: '0644',
    mtime: 1_234_567_890,
    ...more,
  };
}

describe.each(SHELLS)('an upload to a host with %s', (_name, shell) => {
  beforeEach(() => {
    directory = mkdtempSync(join(root, 'case-'));
    host = createHost(createLocalTransport({ shell }), { askSudoPassword: async () => null });
  });

  test('arrives whole, with mode and time, and nothing beside it', async () => {
    const seen: number[] = [];
    expect(await uploadFile(host, upload({ onProgress: (bytes) => seen.push(bytes) }))).toBe('sent');
    const { destination } = upload();
    expect(readFileSync(destination).equals(content)).toBe(true);
    expect(statSync(destination).mode & 0o777).toBe(0o644);
    expect(statSync(destination).mtimeMs).toBe(1_234_567_890_000);
    expect(readdirSync(join(directory, 'images'))).toEqual(['rke2-images.tar.zst']);
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(content.length);
  });

  test('is not sent again when it is there', async () => {
    await uploadFile(host, upload());
    const before = statSync(upload().destination);
    const seen: number[] = [];
    expect(await uploadFile(host, upload({ onProgress: (bytes) => seen.push(bytes) }))).toBe('present');
    expect(seen).toEqual([]);
    expect(statSync(upload().destination).ino).toBe(before.ino);
  });

  test('replaces a file of the same size with another content', async () => {
    await uploadFile(host, upload());
    writeFileSync(upload().destination, Buffer.alloc(content.length));
    expect(await uploadFile(host, upload())).toBe('sent');
    expect(readFileSync(upload().destination).equals(content)).toBe(true);
  });

  test('goes on where a broken one stopped', async () => {
    await breakOff();
    writeFileSync(partPath(), content.subarray(0, 2_000_003));
    const seen: number[] = [];
    expect(await uploadFile(host, upload({ onProgress: (bytes) => seen.push(bytes) }))).toBe('sent');
    expect(seen[0]).toBe(2_000_003);
    expect(readFileSync(upload().destination).equals(content)).toBe(true);
    expect(readdirSync(join(directory, 'images'))).toEqual(['rke2-images.tar.zst']);
  });

  test('is never half a file, wherever it breaks off', async () => {
    await breakOff();
    expect(readdirSync(join(directory, 'images'))).not.toContain('rke2-images.tar.zst');
    expect(await uploadFile(host, upload())).toBe('sent');
    expect(readFileSync(upload().destination).equals(content)).toBe(true);
  });

  test('starts over when what is left is not the beginning of this file', async () => {
    await breakOff();
    writeFileSync(partPath(), randomBytes(1_000_000));
    const seen: number[] = [];
    expect(await uploadFile(host, upload({ onProgress: (bytes) => seen.push(bytes) }))).toBe('sent');
    expect(seen[0]).toBe(0);
    expect(readFileSync(upload().destination).equals(content)).toBe(true);
  });

  test('of other bytes than promised is thrown away and says so', async () => {
    const wrong = uploadFile(host, upload({ sha256: 'f'.repeat(64) }));
    await expect(wrong).rejects.toBeInstanceOf(ArtifactError);
    await expect(wrong).rejects.toMatchObject({ code: 'upload-damaged' });
    expect(readdirSync(join(directory, 'images'))).toEqual([]);
  });

  test('of fewer bytes than promised never gets its name', async () => {
    const short = uploadFile(host, upload({ sizeBytes: content.length + 10 }));
    await expect(short).rejects.toMatchObject({ code: 'upload-incomplete' });
    expect(readdirSync(join(directory, 'images'))).toEqual(['.rke2-images.tar.zst.rke2ctl-part']);
  });

  test('can be fetched back, and a missing file leaves nothing here', async () => {
    await uploadFile(host, upload());
    const target = join(directory, 'back');
    await downloadFile(host, { source: upload().destination, target });
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    await expect(downloadFile(host, { source: '/none', target: join(directory, 'none') })).rejects.toThrow(
      /Fetching \/none failed/,
    );
    expect(readdirSync(directory).sort()).toEqual(['back', 'images']);
  });
});

function partPath(): string {
  return join(directory, 'images', '.rke2-images.tar.zst.rke2ctl-part');
}

/** Cancels an upload on its way, as a person or a lost connection would. */
async function breakOff(): Promise<void> {
  const controller = new AbortController();
  const onProgress = (bytes: number): void => {
    if (bytes >= 2_000_000) controller.abort();
  };
  const broken = uploadFile(host, upload({ signal: controller.signal, onProgress }));
  await expect(broken).rejects.toBeInstanceOf(CancelledError);
}
