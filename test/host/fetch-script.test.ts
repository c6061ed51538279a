import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchRequest } from '../../src/host/fetch-request.ts';
import { FETCH_URL } from '../../src/host/fetch-script.ts';
import { SHELLS } from '../support/shells.ts';

const REQUEST = fetchRequest({ url: 'http://127.0.0.1:9/release', login: null, proxy: null });
const RUNS = 400;
const AT_ONCE = 40;

/** Holds what the script needs, and neither curl nor wget: no fetch ends sooner. */
let tools: string;

beforeAll(() => {
  tools = mkdtempSync(join(tmpdir(), 'rke2ctl-tools-'));
  for (const tool of ['mktemp', 'dd', 'base64', 'cat', 'tail', 'tr', 'cut', 'rm'])
    symlinkSync(`/usr/bin/${tool}`, join(tools, tool));
});

afterAll(() => rmSync(tools, { recursive: true }));

/** What it says of a fetch, while its stdin stays open. */
async function fetchInVain([program = '', ...args]: readonly string[]): Promise<string> {
  const line = 'shell=$1; shift; exec 3>&1; exec $shell -c "$@" 5<<EOF\n$REQUEST\nEOF\n';
  const words = [program, ...args].join(' ');
  const child = spawn('/bin/sh', ['-c', line, 'sh', words, FETCH_URL, 'fetch', '0', '100'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: [tools, '/nowhere'].join(delimiter), REQUEST },
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(child, 'close');
  return said;
}

describe.each([...SHELLS, ['bash', ['/bin/bash', '--norc', '--posix']]] as const)(
  'a fetch, in %s',
  (_name, shell) => {
    // One in fifty had its ear wait for ever.
    test('ends when there is nothing more to come, however soon that is', async () => {
      const said = new Set<string>();
      for (let begun = 0; begun < RUNS; begun += AT_ONCE) {
        const some = await Promise.all(Array.from({ length: AT_ONCE }, () => fetchInVain(shell)));
        for (const words of some) said.add(words);
      }
      expect([...said]).toEqual(['why there is neither curl nor wget\n']);
    }, 60_000);
  },
);
