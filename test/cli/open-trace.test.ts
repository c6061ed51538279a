import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openTrace } from '../../src/cli/open-trace.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rke2ctl-trace-'));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const began = (command: string) =>
  ({ type: 'run-started', command, clusterName: 'lab', config: 'cluster.yml' }) as const;

describe('a trace', () => {
  it('has nobody listen where nobody asked for it', async () => {
    expect((await openTrace({})).watchers).toEqual([]);
  });

  it('says before anything is done that its file cannot be written', async () => {
    await expect(openTrace({ trace: join(folder, 'no', 'such') })).rejects.toMatchObject({
      code: 'trace-unwritable',
      exitCode: 3,
    });
  });

  it('is one file for the commands of which one run consists', async () => {
    const flags = { trace: join(folder, 'trace.json') };
    for (const command of ['up', 'remove']) {
      const trace = await openTrace(flags);
      for (const watch of trace.watchers) watch(began(command));
      await trace.close();
    }
    const { traceEvents } = JSON.parse(await readFile(flags.trace, 'utf8'));
    const names = traceEvents.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['up: start up, read the file', 'remove: start up, read the file']),
    );
  });

  it('tells the times on stderr', async () => {
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const trace = await openTrace({ timings: true });
    for (const watch of trace.watchers) watch(began('up'));
    await trace.close();
    expect(told.mock.calls.join('')).toMatch(/TOOK.*\n.*up: start up, read the file/);
  });
});
