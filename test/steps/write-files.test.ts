import { describe, expect, it } from 'vitest';
import type { PlannedFile, PlannedNode, StepOf } from '../../src/domain/plan.ts';
import { sha256 } from '../../src/lib/hash.ts';
import type { RenderedFile } from '../../src/render/rendered-file.ts';
import { writeNodeFiles } from '../../src/steps/write-files.ts';
import { scriptedContext } from '../support/step-context.ts';

const PATH = '/etc/rancher/rke2/config.yaml';

function step(files: readonly PlannedFile[], removed: readonly string[] = []): StepOf<'write-files'> {
  const node = { key: '10.0.0.1:22', name: 'n1' } as PlannedNode;
  return { kind: 'write-files', id: 'write', node, reason: '', needs: [], after: [], files, removed };
}

function run(files: readonly PlannedFile[], content: string | null) {
  const rendered: RenderedFile[] = [{ path: PATH, mode: '0600', content, secret: false, readAtStart: true }];
  const scripted = scriptedContext(() => '', { files: () => rendered });
  return { ...scripted, done: writeNodeFiles.run(step(files), scripted.context) };
}

describe('write-files', () => {
  it('writes what was planned', async () => {
    const { done, log } = run([{ path: PATH, mode: '0600', sha256: sha256('a: 1\n') }], 'a: 1\n');
    expect(await done).toBe('done');
    expect(log).toEqual(['Reading what rke2ctl wrote', `Writing ${PATH}`]);
  });

  it('writes what could not be known when the plan was made', async () => {
    const { done, log } = run([{ path: PATH, mode: '0600', sha256: null }], 'K10…');
    expect(await done).toBe('done');
    expect(log).toEqual(['Reading what rke2ctl wrote', `Writing ${PATH}`]);
  });

  it.each([
    ['plan-stale', sha256('a: 1\n'), 'a: 2\n'],
    ['cluster-ca-unknown', null, null],
  ])('touches nothing: %s', async (code, planned, content) => {
    const { done, log } = run([{ path: PATH, mode: '0600', sha256: planned }], content);
    await expect(done).rejects.toMatchObject({ code });
    expect(log).toEqual([]);
  });

  it('says what it does', () => {
    const file = { path: PATH, mode: '0600', sha256: null };
    expect(writeNodeFiles.title(step([file]))).toBe('write 1 file');
    expect(writeNodeFiles.title(step([file, file], ['/x']))).toBe('write 2 files');
    expect(writeNodeFiles.title(step([], ['/x']))).toBe('remove 1 file');
  });
});
