import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { CancelledError, RemoteCommandError, TimeoutError } from '../../src/domain/errors.ts';
import { createHost, type Host } from '../../src/host/host.ts';
import { createLocalTransport } from '../support/local-transport.ts';
import { SHELLS } from '../support/shells.ts';

const context = { askSudoPassword: async () => null };

/** Root on this machine, as the login shell of an sshd would find it. */
function localHost(shell: readonly string[] = ['/bin/sh']): Host {
  return createHost(createLocalTransport({ shell }), context);
}

describe.each(SHELLS)('a host whose login shell is %s', (_name, shell) => {
  test('runs a script with arguments, of which none is bent', async () => {
    const args = ['a b', "it's", '', '$HOME', '*', '\n', '#'];
    const { stdout } = await localHost(shell).run(`for a in "$@"; do printf '<%s>' "$a"; done`, { args });
    expect(stdout).toBe(args.map((arg) => `<${arg}>`).join(''));
  });

  test('hands stdin to the script untouched, in the first command and in later ones', async () => {
    const host = localHost(shell);
    const data = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    for (let round = 0; round < 2; round += 1) {
      const chunks: Buffer[] = [];
      await host.run('cat', { stdin: data, onStdout: (chunk) => chunks.push(chunk) });
      expect(Buffer.concat(chunks).equals(data)).toBe(true);
    }
    const { stdout } = await host.run('wc -c', { stdin: Readable.from([data, data]) });
    expect(stdout.trim()).toBe('600000');
  });

  test('gives stderr and the exit code of the script itself', async () => {
    const result = await localHost(shell).run('echo one; echo two >&2; exit 7', { allowFailure: true });
    expect(result).toEqual({ exitCode: 7, stdout: 'one\n', stderr: 'two\n' });
  });
});

describe('a host', () => {
  test('says what failed, where, with which code and last words', async () => {
    const failure = localHost().run('echo "no space left" >&2; exit 3', { what: 'Writing /etc/x' });
    await expect(failure).rejects.toBeInstanceOf(RemoteCommandError);
    await expect(failure).rejects.toMatchObject({
      message: 'Writing /etc/x failed on root@localhost with exit code 3:\n  no space left',
      exitStatus: 3,
    });
  });

  test('scripts run with a plain environment: C locale, private files', async () => {
    const { stdout } = await localHost().run('umask; pwd; echo "$LC_ALL"');
    expect(stdout).toBe('0077\n/\nC\n');
  });

  test('long scripts need no long command line', async () => {
    const { stdout } = await localHost().run(
      `${'# a comment that fills the script\n'.repeat(20_000)}echo done`,
    );
    expect(stdout).toBe('done\n');
  });

  test('a script over its time is stopped, with all that it started', async () => {
    const started = Date.now();
    const slow = localHost().run('sleep 60 & echo $!; wait', { timeoutMs: 300, what: 'A slow thing' });
    await expect(slow).rejects.toBeInstanceOf(TimeoutError);
    await expect(slow).rejects.toThrow(/A slow thing on root@localhost was not done after 0.3 s/);
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  test('a cancelled script is stopped', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    const slow = localHost().run('sleep 60', { signal: controller.signal });
    await expect(slow).rejects.toBeInstanceOf(CancelledError);
  });

  test('commands that start together learn together', async () => {
    const host = localHost();
    const results = await Promise.all([1, 2, 3, 4].map((n) => host.run(`echo ${n}`)));
    expect(results.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n', '4\n']);
  });

  test('one can talk with a script that goes on', async () => {
    const output: string[] = [];
    const process = await localHost().start('while read -r line; do echo "heard $line"; done; exit 4', {
      onStdout: (chunk) => output.push(chunk.toString()),
    });
    await process.write('one\n');
    await process.write('two\n');
    process.end();
    await expect(process.result).rejects.toMatchObject({ exitStatus: 4 });
    expect(output.join('')).toBe('heard one\nheard two\n');
  });

  test('a login that runs no command is told apart from a failing script', async () => {
    const transport = createLocalTransport({ shell: ['/usr/sbin/nologin'] });
    const run = createHost(transport, context).run('true');
    await expect(run).rejects.toMatchObject({ code: 'shell-unusable' });
  });
});
