import { execFile } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { askPassword, confirm, type PromptStreams } from '../../src/ui/prompt.ts';

/** A terminal in memory: what is typed, what is shown, and whether echo was off. */
function fakeTerminal() {
  const input = new PassThrough() as PassThrough & { isTTY?: boolean; setRawMode?(raw: boolean): void };
  const output = new PassThrough();
  const modes: boolean[] = [];
  const shown: string[] = [];
  input.isTTY = true;
  input.setRawMode = (raw) => modes.push(raw);
  output.on('data', (chunk: Buffer) => shown.push(chunk.toString()));
  const streams: PromptStreams = { input, output };
  return { streams, input, modes, shown: () => shown.join('') };
}

const HINT = { hint: 'Pass `--yes`.' };

describe('confirm', () => {
  it.each([
    ['y\n', true],
    ['YES\n', true],
    ['\n', false],
    ['n\n', false],
    ['yikes\n', false],
  ])('takes %j as %s', async (typed, answer) => {
    const terminal = fakeTerminal();
    const asked = confirm('Take n1 away?', HINT, terminal.streams);
    terminal.input.write(typed);
    expect(await asked).toBe(answer);
    expect(terminal.shown()).toContain('Take n1 away? [y/N] ');
  });

  it('breaks a long question between words', async () => {
    const terminal = fakeTerminal();
    Object.assign(terminal.streams.output, { columns: 24 });
    const asked = confirm('All servers are stopped with their containers. Go on?', HINT, terminal.streams);
    terminal.input.write('y\n');
    expect(await asked).toBe(true);
    expect(terminal.shown()).toMatch(/^All servers are\nstopped with their\ncontainers. Go on\?\n/);
    expect(terminal.shown()).toContain('[y/N] ');
  });

  it('takes the end of input as no', async () => {
    const terminal = fakeTerminal();
    const asked = confirm('Sure?', HINT, terminal.streams);
    terminal.input.end();
    expect(await asked).toBe(false);
  });

  it('is refused without a terminal, and says what to do instead', async () => {
    const terminal = fakeTerminal();
    delete terminal.input.isTTY;
    await expect(confirm('Sure?', HINT, terminal.streams)).rejects.toMatchObject({
      code: 'no-terminal',
      hint: 'Pass `--yes`.',
    });
  });

  it.each(['before', 'while'])('ends when the run is stopped %s it is asked', async (when) => {
    const terminal = fakeTerminal();
    const stop = new AbortController();
    if (when === 'before') stop.abort();
    const asked = confirm('Sure?', { ...HINT, signal: stop.signal }, terminal.streams);
    if (when === 'while') setTimeout(() => stop.abort(), 5);
    await expect(asked).rejects.toMatchObject({ code: 'cancelled', exitCode: 130 });
  });
});

describe('askPassword', () => {
  it.each([
    ['pässwörd\r', 'pässwörd'],
    ['wrogn\u007f\u007fng\n', 'wrong'],
    ['all wrong\u0015right\n', 'right'],
    ['half\u0004', 'half'],
  ])('reads %j without showing it', async (typed, password) => {
    const terminal = fakeTerminal();
    const asked = askPassword('Password', HINT, terminal.streams);
    for (const byte of Buffer.from(typed)) terminal.input.write(Buffer.from([byte]));
    expect((await asked)?.reveal()).toBe(password);
    expect(terminal.shown()).toBe('Password: \n');
    expect(terminal.modes).toEqual([true, false]);
  });

  it('gives null for an empty answer and stops at Ctrl-C, the echo back in both cases', async () => {
    const empty = fakeTerminal();
    const asked = askPassword('Password', HINT, empty.streams);
    empty.input.write('\r');
    expect(await asked).toBeNull();
    expect(empty.modes.at(-1)).toBe(false);

    const stopped = fakeTerminal();
    const refused = askPassword('Password', HINT, stopped.streams);
    stopped.input.write('abc\u0003');
    await expect(refused).rejects.toMatchObject({ code: 'cancelled' });
    expect(stopped.modes.at(-1)).toBe(false);
  });

  it('shows nothing of it on a real terminal either', async () => {
    const program = fileURLToPath(new URL('ask-password-program.ts', import.meta.url));
    const command = `'${process.execPath}' --import tsx '${program}'`;
    const shown = await new Promise<string>((resolve, reject) => {
      const child = execFile('script', ['-qefc', command, '/dev/null'], (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      );
      // script's terminal echoes until the program has switched that off: type only once it asks.
      child.stdout?.on('data', (chunk: string) => {
        if (chunk.includes('Password: ')) child.stdin?.write('tops3cret\r');
      });
    });
    expect(shown).toContain('letters: 9');
    expect(shown).not.toContain('tops3cret');
  });
});
