import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/domain/event.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type ConsoleStream, createConsoleView } from '../../src/ui/console-view.ts';
import { createJsonView } from '../../src/ui/json-view.ts';
import { openLog } from '../../src/ui/log.ts';
import { createPlainView } from '../../src/ui/plain-view.ts';
import { createScrubber } from '../../src/ui/scrubber.ts';
import { PLAIN_STYLE } from '../../src/ui/style.ts';
import { plannedNode, scriptedRun } from './scripted-run.ts';

const START = Date.parse('2026-11-21T03:00:00Z');
const { scrub } = createScrubber([new Secret('planted-secret')]);

function collect(): ConsoleStream & { text(): string } {
  const chunks: string[] = [];
  return { write: (text) => chunks.push(text), text: () => chunks.join('') };
}

const step = { step: 'install a', kind: 'install' as const, node: plannedNode(1, ['worker']) };

describe('the plain view', () => {
  it('has a line with the time for what begins and ends, and the table on stdout', () => {
    const progress = collect();
    const result = collect();
    let now = START;
    const view = createPlainView({
      write: progress.write as (text: string) => void,
      writeResult: result.write as (text: string) => void,
      style: PLAIN_STYLE,
      resultStyle: PLAIN_STYLE,
      scrub,
      now: () => now,
    });
    for (const cue of scriptedRun()) {
      now += cue.afterMs;
      view.handle(cue.event);
    }
    view.close();
    expect(progress.text()).toMatchInlineSnapshot(`
      "2026-11-21T03:00:00Z rke2ctl up: cluster prod (cluster.yml)
      2026-11-21T03:00:01Z 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4
      2026-11-21T03:00:01Z   warning: The host has 2.0 GiB of swap. RKE2 starts with it, but a node short of memory then crawls. [swap]
      2026-11-21T03:00:01Z     → Run \`swapoff -a\` and take swap out of /etc/fstab, if you did not mean it.
      2026-11-21T03:00:01Z 4 warnings
      2026-11-21T03:00:01Z 12 steps on 4 hosts
      2026-11-21T03:00:01Z node-1: send 3 files, 812 MiB
      2026-11-21T03:00:01Z node-2: send 3 files, 812 MiB
      2026-11-21T03:00:01Z 日本語のノード: send 3 files, 812 MiB
      2026-11-21T03:00:01Z node-4: send 3 files, 812 MiB
      2026-11-21T03:00:03Z node-1: send 3 files, 812 MiB: done (2.4s)
      2026-11-21T03:00:03Z node-2: send 3 files, 812 MiB: done (2.4s)
      2026-11-21T03:00:03Z 日本語のノード: send 3 files, 812 MiB: done (2.4s)
      2026-11-21T03:00:03Z node-4: send 3 files, 812 MiB: done (2.4s)
      2026-11-21T03:00:03Z node-1: install RKE2 v1.35.7+rke2r1
      2026-11-21T03:00:03Z node-2: install RKE2 v1.35.7+rke2r1
      2026-11-21T03:00:03Z 日本語のノード: install RKE2 v1.35.7+rke2r1
      2026-11-21T03:00:03Z node-4: install RKE2 v1.35.7+rke2r1
      2026-11-21T03:00:05Z node-1: install RKE2 v1.35.7+rke2r1: done (2.4s)
      2026-11-21T03:00:05Z node-2: install RKE2 v1.35.7+rke2r1: done (2.4s)
      2026-11-21T03:00:05Z 日本語のノード: install RKE2 v1.35.7+rke2r1: done (2.4s)
      2026-11-21T03:00:05Z node-4: install RKE2 v1.35.7+rke2r1: done (2.4s)
      2026-11-21T03:00:05Z node-1: start the service
      2026-11-21T03:00:05Z node-2: start the service
      2026-11-21T03:00:05Z 日本語のノード: start the service
      2026-11-21T03:00:05Z node-4: start the service
      2026-11-21T03:00:07Z node-1: start the service: done (2.4s)
      2026-11-21T03:00:07Z node-2: start the service: done (2.4s)
      2026-11-21T03:00:07Z 日本語のノード: start the service: done (2.4s)
      2026-11-21T03:00:07Z ✗ node-4: start the service: failed after 2.4s
      2026-11-21T03:00:07Z   rke2-agent on node-4 did not become ready within 10m00s.
      2026-11-21T03:00:07Z   · time="2026-11-21T03:00:00Z" level=error msg="Failed to validate connection to cluster at https://10.0.0.1:9345: failed to get CA certs: dial tcp 10.0.0.1:9345: connect: no route to host"
      2026-11-21T03:00:07Z   → Open 10.0.0.1:9345 for this node’s address: firewalld on that host, or the security group between.
      "
    `);
    expect(result.text()).toMatch(/^NODE .*LAST WORDS\n/);
    expect(result.text()).toContain('Partly done in 1m12s');
  });

  it('lets a long step show life now and then, without filling the log', () => {
    const progress = collect();
    let now = START;
    const view = createPlainView({
      write: progress.write as (text: string) => void,
      writeResult: () => undefined,
      style: PLAIN_STYLE,
      resultStyle: PLAIN_STYLE,
      scrub,
      now: () => now,
    });
    view.handle({ type: 'step-started', title: 'install', ...step });
    for (let second = 1; second <= 60; second += 1) {
      now += 1_000;
      view.handle({ type: 'step-progress', step: step.step, words: `word ${second}`, fraction: second / 60 });
    }
    expect(progress.text().split('\n').filter(Boolean)).toEqual([
      '2026-11-21T03:00:00Z node-1: install',
      '2026-11-21T03:00:15Z node-1: install: 25% word 15',
      '2026-11-21T03:00:30Z node-1: install: 50% word 30',
      '2026-11-21T03:00:45Z node-1: install: 75% word 45',
      '2026-11-21T03:01:00Z node-1: install: 100% word 60',
    ]);
  });
});

describe('the JSON view', () => {
  it('gives each event as a line that a script can read, without secrets', () => {
    const out = collect();
    const view = createJsonView({ write: out.write as (text: string) => void, scrub, now: () => START });
    for (const { event } of scriptedRun()) view.handle(event);
    view.handle({ type: 'notice', message: 'a "planted-secret"\n' });
    view.close();
    view.handle({ type: 'notice', message: 'late' });
    const lines = out.text().trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { type: string; time: string; message?: string });
    expect(events).toHaveLength(scriptedRun().length + 1);
    expect(events[0]).toMatchObject({ time: '2026-11-21T03:00:00.000Z', type: 'run-started', command: 'up' });
    expect(events.at(-1)).toMatchObject({ type: 'notice', message: 'a "[secret]"\n' });
  });

  it('stays readable when a secret happens to be one of our own words', () => {
    const out = collect();
    const careless = createScrubber([new Secret('failed'), new Secret('step-ended')]);
    const view = createJsonView({ write: out.write as (text: string) => void, scrub: careless.scrub });
    view.handle({ type: 'step-ended', outcome: 'failed', durationMs: 1, ...step });
    expect(JSON.parse(out.text())).toMatchObject({ type: 'step-ended', outcome: 'failed' });
  });
});

describe('createConsoleView', () => {
  const run = (options: { output: 'text' | 'json'; terminal: boolean; env?: Record<string, string> }) => {
    const stdout = { ...collect(), isTTY: options.terminal, columns: 80, rows: 24 };
    const stderr = { ...collect(), isTTY: options.terminal, columns: 80, rows: 24 };
    const view = createConsoleView({
      output: options.output,
      verbose: false,
      scrub,
      env: options.env ?? {},
      stdout,
      stderr,
    });
    for (const { event } of scriptedRun()) view.handle(event);
    view.close();
    return { stdout: stdout.text(), stderr: stderr.text() };
  };

  it('keeps results on stdout and progress on stderr', () => {
    const { stdout, stderr } = run({ output: 'text', terminal: false });
    expect(stdout).toMatch(/^NODE/);
    expect(stderr).toContain('Z node-1: install RKE2');
    expect(stdout + stderr).not.toContain('\u001b');
  });

  it('writes nothing but JSON with --output json, even on a terminal', () => {
    const { stdout, stderr } = run({ output: 'json', terminal: true });
    expect(stderr).toBe('');
    for (const line of stdout.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('is live on a terminal, and plain on a dumb one', () => {
    expect(run({ output: 'text', terminal: true }).stderr).not.toMatch(/^\d{4}-\d\d-\d\dT/m);
    const dumb = run({ output: 'text', terminal: true, env: { TERM: 'dumb' } }).stderr;
    expect(dumb).toMatch(/^\d{4}-\d\d-\d\dT.*Z node-1: install RKE2/m);
    expect(dumb).not.toContain('\u001b');
  });
});

describe('the log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-log-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is a file of ours alone, in JSON lines, without secrets', () => {
    const path = join(folder, 'deep', 'rke2ctl.log');
    const multiline = 'line one "quoted"\nline two';
    const scrubber = createScrubber([new Secret('planted-secret'), new Secret(multiline)]);
    const log = openLog({ path, scrub: scrubber.scrub, level: 'debug' });
    for (const { event } of scriptedRun()) log.handle(event);
    log.write('debug', 'command', { command: `echo planted-secret ${multiline}`, exitCode: 0 });
    log.handle({ type: 'step-ended', outcome: 'failed', durationMs: 1, ...step });
    log.close();
    log.close();
    log.write('info', 'late');

    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain('planted');
    expect(text).not.toContain('quoted');
    expect(text).not.toContain('late');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ level: 30, msg: 'run-started', command: 'up' });
    expect(lines.at(-2)).toMatchObject({
      level: 20,
      msg: 'command',
      command: 'echo [secret] [secret]',
      exitCode: 0,
    });
    expect(lines.at(-1)).toMatchObject({ level: 50, msg: 'step-ended', outcome: 'failed' });
  });

  it('ends no run when its disk is full', async () => {
    const log = openLog({ path: '/dev/full', scrub });
    log.write('info', 'first');
    await new Promise((resolve) => setImmediate(resolve));
    log.write('info', 'second');
    log.close();
  });

  it('goes on where it ended, and leaves small talk out at the usual level', () => {
    const path = join(folder, 'rke2ctl.log');
    const words: RunEvent = { type: 'step-progress', step: 'x', words: 'small talk' };
    for (const message of ['first', 'second']) {
      const log = openLog({ path, scrub });
      log.handle(words);
      log.handle({ type: 'notice', message });
      log.close();
    }
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(/first[\s\S]*second/);
    expect(text).not.toContain('small talk');
  });
});
