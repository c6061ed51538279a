import {
  appendFileSync,
  existsSync,
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
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/domain/event.ts';
import type { PlannedNode } from '../../src/domain/plan.ts';
import { type Journal, openJournal } from '../../src/state/journal.ts';

const NODE: PlannedNode = {
  key: '10.0.0.1:22',
  id: '0123456789abcdef',
  name: 'node-1',
  address: '10.0.0.1',
  roles: ['worker'],
  service: 'rke2-agent',
};
const STARTED: RunEvent = {
  type: 'run-started',
  command: 'up',
  clusterName: 'prod',
  config: '/srv/cluster.yml',
};
const ENDED: RunEvent = {
  type: 'step-ended',
  step: 'start-service 10.0.0.1:22',
  kind: 'start-service',
  node: NODE,
  outcome: 'failed',
  durationMs: 1234.5678,
  failure: { code: 'x', message: 'it failed with token hunter2', hint: 'again', lastWords: ['a hunter2'] },
};

let folder = '';
let file = '';
let failures: unknown[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  file = join(folder, 'cluster.journal.ndjson');
  failures = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function open(maxBytes?: number): Journal {
  let clock = Date.UTC(2026, 0, 1);
  return openJournal(file, {
    now: () => {
      clock += 1_000;
      return clock;
    },
    scrub: (text) => text.replaceAll('hunter2', '[secret]'),
    onFailure: (error) => failures.push(error),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
}

function lines(path = file): readonly Record<string, unknown>[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
}

describe('the journal', () => {
  it('says what was done where, when and how long, 0600, one object a line', () => {
    const umask = process.umask(0);
    const journal = open();
    journal.handle(STARTED);
    journal.handle(ENDED);
    journal.close();
    process.umask(umask);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [first, second] = lines();
    expect(first).toMatchObject({ time: '2026-01-01T00:00:02.000Z', type: 'run-started', command: 'up' });
    expect(second).toMatchObject({
      type: 'step-ended',
      node: 'node-1',
      key: '10.0.0.1:22',
      outcome: 'failed',
      durationMs: 1235,
    });
    expect(first?.['run']).toBe(second?.['run']);
  });

  it('holds no secret', () => {
    const journal = open();
    journal.handle(ENDED);
    journal.close();
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('it failed with token [secret]');
    expect(text).not.toContain('hunter2');
  });

  it('leaves out what only a screen needs, and makes no file for it', () => {
    const journal = open();
    journal.handle({ type: 'host-connecting', key: NODE.key });
    journal.handle({ type: 'step-progress', step: ENDED.step, words: 'waiting' });
    journal.close();
    expect(existsSync(file)).toBe(false);
  });

  it('closes a file that others could read', () => {
    writeFileSync(file, '', { mode: 0o644 });
    const journal = open();
    journal.handle(STARTED);
    journal.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is appended to by the next run, after half a line too', () => {
    const first = open();
    first.handle(STARTED);
    first.close();
    appendFileSync(file, '{"time": "2026-');
    const second = open();
    second.handle(STARTED);
    second.close();
    const texts = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(texts).toHaveLength(3);
    expect(JSON.parse(texts[2] ?? '')).toMatchObject({ type: 'run-started' });
  });

  it('has every line on its way to the disk at once, so that kill -9 loses none', () => {
    const journal = open();
    journal.handle(STARTED);
    expect(lines()).toHaveLength(1);
    journal.close();
  });

  it('stays within its bounds however long it goes on, and loses only the oldest', () => {
    const journal = open(2_000);
    for (let count = 0; count < 200; count += 1) {
      journal.handle({ type: 'notice', message: `number ${count}` });
    }
    journal.close();
    const files = readdirSync(folder).sort();
    expect(files).toEqual(['', '.1', '.2', '.3'].map((end) => `cluster.journal.ndjson${end}`));
    for (const name of files) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(2_000);
    const kept = ['.3', '.2', '.1', '']
      .flatMap((end) => lines(`${file}${end}`))
      .map((line) => line['message']);
    expect(kept.at(-1)).toBe('number 199');
    const first = 200 - kept.length;
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => `number ${first + index}`));
    expect(failures).toEqual([]);
  });

  it('tells once that it cannot be written, and stops nothing', () => {
    mkdirSync(file);
    const journal = open();
    journal.handle(STARTED);
    journal.handle(STARTED);
    journal.close();
    expect(failures).toEqual([expect.objectContaining({ code: 'EISDIR' })]);
  });

  it('tells once when the disk is full', () => {
    // The kernel's own device that refuses every byte with ENOSPC.
    const journal = openJournal('/dev/full', {
      now: () => 0,
      scrub: (text) => text,
      onFailure: (error) => failures.push(error),
    });
    journal.handle(STARTED);
    journal.handle(ENDED);
    journal.close();
    expect(failures).toEqual([expect.objectContaining({ code: 'ENOSPC' })]);
  });
});
