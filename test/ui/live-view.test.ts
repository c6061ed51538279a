import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunEvent } from '../../src/domain/event.ts';
import { Secret } from '../../src/domain/secret.ts';
import { textWidth } from '../../src/ui/fit-text.ts';
import { createLiveView } from '../../src/ui/live-view.ts';
import { createScrubber } from '../../src/ui/scrubber.ts';
import { decideStyle, PLAIN_STYLE } from '../../src/ui/style.ts';
import { type EmulatedTerminal, emulateTerminal } from './emulate-terminal.ts';
import { plannedNode, planOf, scriptedRun } from './scripted-run.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function viewOn(terminal: EmulatedTerminal, scrub = (text: string) => text) {
  const style = decideStyle({
    env: { NO_COLOR: '1', LANG: 'C.UTF-8' },
    isTerminal: true,
    columns: terminal.columns,
  });
  return createLiveView({
    terminal,
    style,
    scrub,
    writeResult: (text) => void terminal.write(text),
    resultStyle: PLAIN_STYLE,
  });
}

/** What is on the screen now; looking is done with the real clock. */
async function look(terminal: EmulatedTerminal, how: 'screen' | 'history' = 'screen'): Promise<string> {
  vi.useRealTimers();
  return (await terminal[how]()).join('\n');
}

function play(view: { handle(event: RunEvent): void }, untilMs = Number.POSITIVE_INFINITY): void {
  let at = 0;
  for (const cue of scriptedRun()) {
    at += cue.afterMs;
    if (at > untilMs) return;
    vi.advanceTimersByTime(cue.afterMs);
    view.handle(cue.event);
  }
}

const started = (number: number): RunEvent => ({
  type: 'step-started',
  step: `install ${number}`,
  kind: 'install',
  node: plannedNode(number, ['worker']),
  title: 'install RKE2',
});
const words = (number: number, text: string, fraction?: number): RunEvent => ({
  type: 'step-progress',
  step: `install ${number}`,
  words: text,
  ...(fraction === undefined ? {} : { fraction }),
});

describe('the live view', () => {
  it('shows busy hosts with step, time and last words, and one line of totals', async () => {
    const terminal = emulateTerminal(100, 24);
    play(viewOn(terminal), 3_000);
    vi.advanceTimersByTime(100);
    expect(await look(terminal)).toMatchInlineSnapshot(`
      "rke2ctl up: cluster prod (cluster.yml)
      10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4
        warning: The host has 2.0 GiB of swap. RKE2 starts with it, but a node short of memory then
          crawls. [swap]
          → Run \`swapoff -a\` and take swap out of /etc/fstab, if you did not mean it.
      4 warnings
      12 steps on 4 hosts
        node-1          send 3 files, 812 MiB     2s  100%  rke2-images-core.linux-amd64.tar.zst
        node-2          send 3 files, 812 MiB     2s  100%  rke2-images-core.linux-amd64.tar.zst
        日本語のノード  send 3 files, 812 MiB     2s  90%  rke2-images-core.linux-amd64.tar.zst
        node-4          send 3 files, 812 MiB     2s  90%  rke2-images-core.linux-amd64.tar.zst
      0 of 12 steps · 4 at work · 3s"
    `);
  });

  it('ends with the failures, the table, and a visible cursor', async () => {
    const terminal = emulateTerminal(100, 40);
    const view = viewOn(terminal);
    play(view);
    view.close();
    vi.advanceTimersByTime(5_000);
    expect(terminal.isCursorHidden()).toBe(false);
    expect(await look(terminal, 'history')).toMatchInlineSnapshot(`
      "rke2ctl up: cluster prod (cluster.yml)
      10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4
        warning: The host has 2.0 GiB of swap. RKE2 starts with it, but a node short of memory then
          crawls. [swap]
          → Run \`swapoff -a\` and take swap out of /etc/fstab, if you did not mean it.
      4 warnings
      12 steps on 4 hosts
      ✗ node-4: start the service: failed after 2.4s
        rke2-agent on node-4 did not become ready within 10m00s.
        · time="2026-11-21T03:00:00Z" level=error msg="Failed to validate connection to cluster at
          https://10.0.0.1:9345: failed to get CA certs: dial tcp 10.0.0.1:9345: connect: no route to
          host"
        → Open 10.0.0.1:9345 for this node’s address: firewalld on that host, or the security group
          between.

      NODE            ROLES              RESULT  TIME  LAST WORDS
      node-1          etcd+controlplane  done    7.2s
      node-2          worker             done    7.2s
      日本語のノード  worker             done    7.2s
      node-4          worker             failed  7.2s  rke2-agent on node-4 did not become ready within 10
      m00s.

      Partly done in 1m12s: 3 nodes well, 1 not. Mend what is said above and run the same command again."
    `);
  });

  it('redraws no more than ten times a second, and at least once', () => {
    const terminal = emulateTerminal(100, 24);
    const view = viewOn(terminal);
    view.handle(started(1));
    vi.advanceTimersByTime(1);
    const before = terminal.chunks.length;
    for (let ms = 0; ms < 1_000; ms += 1) {
      view.handle(words(1, `line ${ms}`));
      vi.advanceTimersByTime(1);
    }
    expect(terminal.chunks.length - before).toBeLessThanOrEqual(10);
    const busy = terminal.chunks.length;
    vi.advanceTimersByTime(5_000);
    expect(terminal.chunks.length - busy).toBeGreaterThanOrEqual(4);
    view.close();
  });

  it.each([
    [80, 10],
    [30, 6],
    [12, 3],
    [3, 2],
    [1, 1],
  ])('never outgrows a terminal of %i columns and %i rows', async (columns, rows) => {
    const terminal = emulateTerminal(columns, rows);
    const view = viewOn(terminal);
    for (let number = 1; number <= 100; number += 1) view.handle(started(number));
    for (let round = 0; round < 5; round += 1) {
      view.handle(words(7, `日本語 ${'x'.repeat(200)}`, 0.5));
      vi.advanceTimersByTime(1_000);
    }
    for (const chunk of terminal.chunks) {
      const lines = chunk.split('\n').map((line) => textWidth(line));
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(Math.max(...lines)).toBeLessThanOrEqual(Math.max(1, columns - 1));
    }
    // Nothing scrolled away: what is above the block was never touched.
    expect((await look(terminal, 'history')).split('\n').length).toBeLessThanOrEqual(rows);
    view.close();
  });

  it('counts the hosts that find no room', async () => {
    const terminal = emulateTerminal(60, 6);
    const view = viewOn(terminal);
    view.handle({ type: 'planned', plan: planOf([]) });
    for (let number = 1; number <= 20; number += 1) view.handle(started(number));
    vi.advanceTimersByTime(200);
    expect(await look(terminal)).toContain('and 17 more at work');
  });

  it('leaves nothing behind when the terminal is made narrower', async () => {
    const terminal = emulateTerminal(90, 20);
    const view = viewOn(terminal);
    for (const number of [1, 2, 3]) view.handle(started(number));
    for (const number of [1, 2, 3]) view.handle(words(number, 'w'.repeat(200)));
    vi.advanceTimersByTime(1_200);
    terminal.resize(40, 20);
    vi.advanceTimersByTime(1_200);
    const screen = await look(terminal);
    expect(screen.split('\n').filter((line) => line.includes('node-1'))).toHaveLength(1);
    expect(screen.split('\n')).toHaveLength(4);
  });

  it('lets nothing from a host move the cursor', async () => {
    const terminal = emulateTerminal(80, 10);
    const view = viewOn(terminal);
    view.handle(started(1));
    view.handle(words(1, '\u001b[2J\u001b[H\u001b]0;owned\u0007gone\r\u0008\u009b2J'));
    view.handle({ type: 'notice', message: 'a\u001b[31mb\u0008' });
    vi.advanceTimersByTime(200);
    const raw = terminal.chunks.join('');
    expect(raw).not.toContain('\u001b[2J');
    expect(raw).not.toContain('owned');
    const screen = await look(terminal);
    expect(screen).toContain('gone');
    expect(screen).toContain('ab');
  });

  it('shows no secret, not even one torn apart by control characters or by the edge of the screen', () => {
    const { scrub } = createScrubber([new Secret('correct horse battery staple')]);
    const terminal = emulateTerminal(44, 10);
    const view = viewOn(terminal, scrub);
    view.handle(started(1));
    view.handle(words(1, 'pw correct horse battery staple'));
    vi.advanceTimersByTime(200);
    view.handle(words(1, 'pw correct ho\u0007rse battery staple'));
    vi.advanceTimersByTime(200);
    view.handle({ type: 'notice', message: `${'x'.repeat(30)} correct horse battery staple` });
    vi.advanceTimersByTime(200);
    view.close();
    expect(terminal.chunks.join('')).not.toContain('correct');
    expect(terminal.chunks.join('')).toContain('[secret]');
  });

  it('makes room for a question and comes back', async () => {
    const terminal = emulateTerminal(80, 10);
    const view = viewOn(terminal);
    view.handle(started(1));
    vi.advanceTimersByTime(200);
    view.pause();
    expect(terminal.isCursorHidden()).toBe(false);
    terminal.write('Password: \n');
    view.handle(words(1, 'still going'));
    vi.advanceTimersByTime(3_000);
    expect(terminal.chunks.at(-1)).toBe('Password: \n');
    view.resume();
    vi.advanceTimersByTime(200);
    const screen = await look(terminal);
    expect(screen).toMatch(/^Password: ?\n {2}node-1 .*still going/);
  });

  it('says nothing more once it is closed', () => {
    const terminal = emulateTerminal(80, 10);
    const view = viewOn(terminal);
    view.handle(started(1));
    view.close();
    view.close();
    const { length } = terminal.chunks;
    view.handle(words(1, 'late'));
    vi.advanceTimersByTime(5_000);
    expect(terminal.chunks).toHaveLength(length);
  });
});
