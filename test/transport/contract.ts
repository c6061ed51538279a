import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CancelledError, TimeoutError } from '../../src/domain/errors.ts';
import type { Transport } from '../../src/transport/transport.ts';

/** What every transport must do. `open` gives a connected one; the suite closes it. */
export function describeContract(name: string, open: () => Promise<Transport>): void {
  describe(`${name}: the contract`, () => {
    let transport: Transport;
    beforeAll(async () => {
      transport = await open();
    });
    afterAll(() => transport.close());

    const run = (command: string, rest: object = {}) => transport.run({ command, ...rest });
    /** A word that no other process has in its command line. */
    const mark = () => `9${Math.floor(Math.random() * 1e8)}`;
    const isRunning = async (word: string): Promise<boolean> =>
      (await run(`ps -eo args | grep -c "^[s]leep ${word}"`)).stdout.trim() !== '0';

    it('gives exit code, stdout and stderr apart', async () => {
      const result = await run('echo out; echo err >&2; exit 7');
      expect(result).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
    });

    it('hears the exit code of commands that end at once, every time', async () => {
      for (let i = 0; i < 30; i += 1) expect((await run('exit 5')).exitCode).toBe(5);
    });

    it('passes on exit code 255, which is a command that failed and no lost connection', async () => {
      expect((await run('exit 255')).exitCode).toBe(255);
    });

    it('ends stdin, so that a command which reads it does not wait for ever', async () => {
      expect((await run('cat')).stdout).toBe('');
    });

    it('sends a string as stdin', async () => {
      expect((await run('cat', { stdin: 'päckchen\n$(id)' })).stdout).toBe('päckchen\n$(id)');
    });

    it('keeps quotes, backslashes, newlines, dollars and exclamation marks of the line', async () => {
      const command = "printf '%s|' 'a\\b' \"it's\" '!x' 'two\nlines' ü '$HOME' '\\0101'";
      expect((await run(command)).stdout).toBe("a\\b|it's|!x|two\nlines|ü|$HOME|\\0101|");
    });

    it('streams 50 MB in and the same bytes out, without gathering them', async () => {
      const block = randomBytes(1024 * 1024);
      const sent = createHash('sha256');
      const source = Readable.from(
        (function* () {
          for (let i = 0; i < 50; i += 1) {
            sent.update(block);
            yield block;
          }
        })(),
      );
      const got = createHash('sha256');
      const onStdout = (chunk: Buffer): void => void got.update(chunk);
      const result = await run('cat', { stdin: source, onStdout });
      expect(result).toEqual({ exitCode: 0, stdout: '', stderr: '' });
      expect(got.digest('hex')).toBe(sent.digest('hex'));
    });

    it('gives binary output byte for byte to onStdout', async () => {
      const chunks: Buffer[] = [];
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await run('cat', { stdin: bytes, onStdout: (chunk: Buffer) => chunks.push(chunk) });
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    });

    it('takes no harm from a command that reads none of a big stdin', async () => {
      const result = await run('echo enough; exit 3', { stdin: Buffer.alloc(20_000_000) });
      expect(result).toMatchObject({ exitCode: 3, stdout: 'enough\n' });
      const source = Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(100_000);
        })(),
      );
      expect((await run('head -c 5', { stdin: source })).stdout).toBe('\0\0\0\0\0');
      expect(source.destroyed).toBe(true);
    });

    it('takes lots of stderr while nobody listens', async () => {
      const result = await run('head -c 3000000 /dev/zero >&2; echo done');
      expect(result.stdout).toBe('done\n');
      expect(result.stderr.length).toBe(3_000_000);
    });

    it('fails, and ends the command, when the source of stdin breaks off', async () => {
      const word = mark();
      const source = new Readable({ read() {} });
      source.push('half a file');
      setTimeout(() => source.destroy(new Error('the disk is gone')), 100);
      await expect(run(`cat; sleep ${word}`, { stdin: source })).rejects.toThrow('the disk is gone');
      expect(await isRunning(word)).toBe(false);
    });

    it('ends the process group on the host when it is cancelled', async () => {
      const word = mark();
      const stop = new AbortController();
      const running = run(`sleep ${word} & sleep ${word}`, { signal: stop.signal });
      while (!(await isRunning(word))) await sleep(20);
      stop.abort();
      await expect(running).rejects.toBeInstanceOf(CancelledError);
      expect(await isRunning(word)).toBe(false);
    });

    it('ends the process group when the time is over, by force if it does not listen', async () => {
      const word = mark();
      const running = run(`trap '' TERM; sleep ${word} & wait; sleep ${word}`, { timeoutMs: 300 });
      await expect(running).rejects.toBeInstanceOf(TimeoutError);
      expect(await isRunning(word)).toBe(false);
    });

    it('starts nothing when it is cancelled already', async () => {
      await expect(run('echo no', { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(CancelledError);
    });

    it('runs twenty commands at a time, whatever the host allows', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => run(`echo ${i}; sleep 0.05`)));
      expect(results.map((result) => result.stdout.trim())).toEqual(results.map((_, i) => String(i)));
    });

    it('talks to a process that goes on', async () => {
      const lines: string[] = [];
      const process = await transport.start({
        command: 'while read -r line; do echo "got $line"; done; exit 4',
        onStdout: (chunk) => lines.push(chunk.toString()),
      });
      await process.write('one\n');
      while (lines.join('') !== 'got one\n') await sleep(5);
      await process.write('two\n');
      process.end();
      expect((await process.result).exitCode).toBe(4);
      expect(lines.join('')).toBe('got one\ngot two\n');
    });

    it('refuses to write to a process that has ended', async () => {
      const process = await transport.start({ command: 'exit 0' });
      await process.result;
      await expect(process.write('hello')).rejects.toThrow(/connection|other end/);
    });

    it('rejects with what onStdout throws, and ends the command', async () => {
      const word = mark();
      const running = run(`echo x; sleep ${word}`, {
        onStdout: () => {
          throw new Error('the parser gave up');
        },
      });
      await expect(running).rejects.toThrow('the parser gave up');
      expect(await isRunning(word)).toBe(false);
    });
  });
}
