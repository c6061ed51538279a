import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchRequest } from '../../src/host/fetch-request.ts';
import { FETCH_URL } from '../../src/host/fetch-script.ts';
import { SHELLS } from '../support/shells.ts';

const REQUEST = fetchRequest({ url: 'http://127.0.0.1:9/release', login: null, proxy: null });
const TOOLS = ['mktemp', 'dd', 'base64', 'cat', 'tail', 'tr', 'cut', 'rm'];
const RUNS = 400;
const AT_ONCE = 40;

/** Holds what the script needs, and neither curl nor wget: no fetch ends sooner. */
let tools: string;

beforeAll(() => {
  tools = mkdtempSync(join(tmpdir(), 'rke2ctl-tools-'));
  for (const tool of TOOLS) symlinkSync(`/usr/bin/${tool}`, join(tools, tool));
});

afterAll(() => rmSync(tools, { recursive: true }));

/** A fetch of 100 bytes under this shell; its stdin stays open. */
function start(
  shell: readonly string[],
  { request, path, home = '/' }: { request: string; path: string | undefined; home?: string },
): ChildProcessWithoutNullStreams {
  const line = 'shell=$1; shift; exec 3>&1 >/dev/null; exec $shell -c "$@" 5<<EOF\n$REQUEST\nEOF\n';
  return spawn('/bin/sh', ['-c', line, 'sh', shell.join(' '), FETCH_URL, 'fetch', '0', '100'], {
    env: { PATH: path, REQUEST: request, HOME: home },
  });
}

/** What it says until it has ended. */
async function wordsOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(child, 'close');
  return said;
}

const left = () => readdirSync('/run').filter((name) => name.startsWith('rke2ctl-fetch.'));

describe.each([...SHELLS, ['bash', ['/bin/bash', '--norc', '--posix']]] as const)(
  'a fetch, in %s',
  (_name, shell) => {
    // One in fifty had its ear wait for ever.
    test('ends when there is nothing more to come, however soon that is', async () => {
      const said = new Set<string>();
      for (let begun = 0; begun < RUNS; begun += AT_ONCE) {
        const some = await Promise.all(
          Array.from({ length: AT_ONCE }, () => wordsOf(start(shell, { request: REQUEST, path: tools }))),
        );
        for (const words of some) said.add(words);
      }
      expect([...said]).toEqual(['why there is neither curl nor wget\n']);
    }, 60_000);

    test('goes by wget where there is no curl, with its login', async ({ skip }) => {
      if (!existsSync('/usr/bin/wget')) return skip('wget is not on this machine');
      const path = mkdtempSync(join(tmpdir(), 'rke2ctl-tools-'));
      for (const tool of [...TOOLS, 'sh', 'env', 'wget']) symlinkSync(`/usr/bin/${tool}`, join(path, tool));
      const logins: (string | undefined)[] = [];
      const server = createServer((request, response) => {
        logins.push(request.headers.authorization);
        response.end('x'.repeat(100));
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/release`;
      const request = fetchRequest({ url, login: 'somebody:secret', proxy: null });
      expect(await wordsOf(start(shell, { request, path }))).toBe('');
      expect(logins).toEqual([`Basic ${Buffer.from('somebody:secret').toString('base64')}`]);
      server.close();
      rmSync(path, { recursive: true });
    });

    test('leaves nothing when the connection falls meanwhile, and its login least of all', async () => {
      const server = createServer((_request, response) => {
        response.write('some');
        const drip = setInterval(() => response.write('.'), 50);
        response.on('close', () => clearInterval(drip));
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/release`;
      const before = left();
      const request = fetchRequest({ url, login: 'somebody:secret', proxy: null });
      const come = once(server, 'request');
      const child = start(shell, { request, path: process.env['PATH'] });
      await come;
      expect(left()).toHaveLength(before.length + 1);
      child.stdout.destroy();
      child.stdin.destroy();
      await once(child, 'exit');
      server.close();
      expect(left()).toEqual(before);
    });

    test('asks no .curlrc', async () => {
      const home = mkdtempSync(join(tmpdir(), 'rke2ctl-home-'));
      writeFileSync(join(home, '.curlrc'), `output = "${home}/stolen"\nwrite-out = "bye"\n`);
      const server = createServer((_request, response) => response.end('x'.repeat(100)));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/release`;
      const request = fetchRequest({ url, login: null, proxy: null });
      expect(await wordsOf(start(shell, { request, path: process.env['PATH'], home }))).toBe('');
      expect(readdirSync(home)).toEqual(['.curlrc']);
      server.close();
      rmSync(home, { recursive: true });
    });
  },
);
