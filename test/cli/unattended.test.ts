import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHANGING, LEAVES, type Leaf, takes } from '../support/command-leaves.ts';
import { type ProgramRun, runProgram } from './run-program.ts';

/** Commands that change something and ask nobody, each with the reason. */
const UNASKED: Readonly<Record<string, string>> = {
  up: 'the file says what is wanted, and what would be lost is refused',
  apply: 'the plan was looked at',
  run: 'the cluster is its own',
  adopt: 'it changes nothing of the cluster',
  exec: 'it does what the person says',
  ssh: 'it does what the person says',
  'state push': 'it refuses to go back without --force',
  'state seal': 'it is undone by unseal',
  'state unseal': 'it is undone by seal',
  'token create': 'it takes nothing away',
  'token delete': 'another one is made at once',
};

/** What stands for the operands of a command; of others the usual word. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  exec: ['--', 'true'],
  run: ['--', 'true'],
  'token delete': ['abcdef'],
  adopt: ['--hosts', '@host', '--ssh-key', '@key'],
};

/** Their stdout is another program's. */
const FOREIGN_STDOUT = ['ssh', 'run'];

const asking = LEAVES.filter((leaf) => takes(leaf, '--yes') && UNASKED[leaf.name] === undefined);
const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-unattended-'));
let server: Server;
let port = 0;
let asked = 0;

beforeAll(async () => {
  // On a busy machine the first command would need all of its time for the modules.
  await import('../../src/cli/run-maintenance.ts');
  server = createServer((socket) => {
    asked += 1;
    // Nobody tries again with what speaks another protocol.
    socket.on('error', () => undefined).end('SSH-1.0-of_old\r\n', () => socket.destroySoon());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeFileSync(join(folder, 'key'), privateKey, { mode: 0o600 });
  const node = `{address: 127.0.0.1, port: ${port}, user: ops, role: [controlplane, etcd, worker]}`;
  const ssh = `{known_hosts: ${join(folder, 'known_hosts')}, connect_timeout: 1s}`;
  writeFileSync(
    join(folder, 'cluster.yml'),
    `kubernetes_version: v1.35.7+rke2r1\nnodes: [${node}]\nssh_key_path: ${join(folder, 'key')}\nssh: ${ssh}\n`,
  );
}, 120_000);

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** Runs it on a host that nobody can log in to, and says how often that was asked. */
async function run(leaf: Leaf, ...flags: string[]): Promise<ProgramRun & { readonly asked: number }> {
  const before = asked;
  // It would not go on beside a file that is there.
  const config = leaf.name === 'adopt' ? join(folder, 'adopted.yml') : join(folder, 'cluster.yml');
  const words = WORDS[leaf.name] ?? leaf.operands.filter(({ required }) => required).map(() => 'absent');
  const given = words.map((word) =>
    word.replace('@host', `ops@127.0.0.1:${port}`).replace('@key', join(folder, 'key')),
  );
  const result = await runProgram(...leaf.name.split(' '), '-c', config, ...flags, ...given);
  return { ...result, asked: asked - before };
}

function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a command that changes something', () => {
  it('asks, or does not for a reason that is written down', () => {
    const silent = LEAVES.filter(({ name }) => CHANGING.has(name) && UNASKED[name] === undefined);
    expect(silent.filter((leaf) => !takes(leaf, '--yes')).map(({ name }) => name)).toEqual([]);
    expect(asking.filter(({ name }) => !CHANGING.has(name)).map(({ name }) => name)).toEqual([]);
    expect(asking.length).toBeGreaterThanOrEqual(10);
  });
});

describe('without a terminal and without --yes', () => {
  it.each(asking)('$name refuses before any host is asked', async (leaf) => {
    const { code, stdout, stderr, asked: connections } = await run(leaf);
    expect({ code, stdout, connections }).toEqual({ code: 3, stdout: '', connections: 0 });
    expect(stderr).toContain('[no-terminal]');
    expect(stderr).toContain(`rke2ctl ${leaf.name}`);
    expect(stderr).toContain('--yes');
  });

  it.each(asking)('$name says so in JSON, too', async (leaf) => {
    const { code, stdout, stderr, asked: connections } = await run(leaf, '--output', 'json');
    expect({ code, stderr, connections }).toEqual({ code: 3, stderr: '', connections: 0 });
    expect(jsonLines(stdout)).toMatchObject([{ type: 'error', code: 'no-terminal' }]);
  });

  it.each(asking.filter((leaf) => takes(leaf, '--plan')))(
    '$name --plan only looks, and may',
    async (leaf) => {
      const { stderr, asked: connections } = await run(leaf, '--plan');
      expect(connections).toBeGreaterThan(0);
      expect(stderr).not.toContain('[no-terminal]');
    },
  );
});

describe('with --output json and a host that cannot be reached', () => {
  const speaking = LEAVES.filter(({ name }) => CHANGING.has(name) && !FOREIGN_STDOUT.includes(name));

  it.each(speaking)('$name writes nothing but JSON on stdout', async (leaf) => {
    const isAsking = asking.includes(leaf);
    const result = await run(leaf, '--output', 'json', ...(isAsking ? ['--yes'] : []));
    const { code, stdout, stderr, asked: connections } = result;
    const lines = jsonLines(stdout);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => typeof line !== 'object')).toEqual([]);
    expect(stderr).not.toContain('defect of rke2ctl');
    expect(code).not.toBe(0);
    // With an answer it goes as far as asking the host.
    if (isAsking) expect({ code, isAsked: connections > 0 }).toEqual({ code: 4, isAsked: true });
  });
});
