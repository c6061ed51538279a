import { describe, expect, it } from 'vitest';
import type { PlannedFile, PlannedNode, StepOf } from '../../src/domain/plan.ts';
import type { NodeRecord } from '../../src/domain/state.ts';
import { sha256 } from '../../src/lib/hash.ts';
import type { RenderedFile } from '../../src/render/rendered-file.ts';
import { startStamp } from '../../src/render/start-stamp.ts';
import { writeNodeFiles } from '../../src/steps/write-files.ts';
import { makeMarker } from '../support/make-marker.ts';
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

  describe('on a node that has joined', () => {
    const NEW = 'a: 1\n';
    const file: RenderedFile = {
      path: PATH,
      mode: '0600',
      content: NEW,
      secret: false,
      readAtStart: true,
      startContent: 'a',
    };
    const stamp = startStamp('v1.35.7+rke2r1', [file]);

    /** Writes config.yaml where `present` lies, which the marker says to be `written`. */
    async function write(present: string, written: string, startedWith: string | undefined) {
      const marker = makeMarker({ files: [PATH], written: { [PATH]: written } });
      let sent = '';
      const scripted = scriptedContext(
        (_script, { what, stdin }) => {
          if (what !== 'Reading what rke2ctl wrote') sent = String(stdin);
          return `0 600 ${present}\nmarker\n${JSON.stringify(marker)}`;
        },
        { files: () => [file] },
      );
      await scripted.context.learn((state) => ({
        ...state,
        nodes: { n1: { phase: 'joined', version: 'v1.35.7+rke2r1', startedWith } as NodeRecord },
      }));
      const node = { key: '10.0.0.1:22', id: 'n1', name: 'n1' } as PlannedNode;
      await writeNodeFiles.run(
        { ...step([{ path: PATH, mode: '0600', sha256: sha256(NEW) }]), node },
        scripted.context,
      );
      return { record: scripted.state().nodes['n1'], log: scripted.log.slice(1), sent };
    }

    it('forgets what it has started with, before it writes what it must read anew', async () => {
      const old = 'b'.repeat(64);
      for (const [present, startedWith] of [
        [old, 'another'],
        ['c'.repeat(64), stamp],
        [old, undefined],
      ] as const) {
        const { record, log } = await write(present, old, startedWith);
        expect(record?.startedWith).toBe('');
        expect(log).toEqual(['Reading what rke2ctl wrote', 'learn', 'Writing 2 files']);
      }
    });

    it('leaves that as it is for what a running node takes from elsewhere', async () => {
      const old = 'b'.repeat(64);
      const { record, log } = await write(old, old, stamp);
      expect(record?.startedWith).toBe(stamp);
      expect(log).toEqual(['Reading what rke2ctl wrote', 'Writing 2 files']);
    });

    it('says in the marker, last, what it wrote', async () => {
      const { sent } = await write('b'.repeat(64), 'b'.repeat(64), stamp);
      expect(sent.startsWith(NEW)).toBe(true);
      expect(JSON.parse(sent.slice(NEW.length))).toEqual(
        makeMarker({ files: [PATH], written: { [PATH]: sha256(NEW) } }),
      );
    });
  });
});
