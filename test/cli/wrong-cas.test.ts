import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCasBelow, makeRoot, newKey } from '../../src/pki/make-cas.ts';
import { writePrivateKey } from '../../src/pki/pem.ts';
import { signCa } from '../../src/pki/sign-certificate.ts';
import { caDirectory, signByOpenssl } from '../pki/ca-directory.ts';
import { runProgram } from './run-program.ts';

const NOW = new Date();
const DAY = 86_400_000;
const root = makeRoot('Example Root', NOW);
const whole = caDirectory(makeCasBelow({ ...root, above: [] }, NOW), {
  'root-ca.pem': root.certificate.toString(),
});

/** Stands where the node's sshd would, and counts who comes. */
let host: Server;
let visits = 0;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rke2ctl-cas-'));
  host = createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  host.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes cluster.yml and its directory of CAs, some of which are others; gives the file's path. */
function write(others: Readonly<Record<string, string | null>>): string {
  rmSync(join(folder, 'ca'), { recursive: true, force: true });
  for (const [name, text] of Object.entries({ ...Object.fromEntries(whole), ...others })) {
    if (text === null) continue;
    const path = join(folder, 'ca', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o600 });
  }
  const key = join(folder, 'id');
  writeFileSync(key, writePrivateKey(newKey()), { mode: 0o600 });
  const { port } = host.address() as { readonly port: number };
  const node = `{address: 127.0.0.1, port: ${port}, user: root, role: [controlplane, etcd, worker]}`;
  const lines = [
    `nodes: [${node}]`,
    `ssh_key_path: ${key}`,
    `ssh: {known_hosts: ${join(folder, 'known_hosts')}, connect_timeout: 2s}`,
    'kubernetes_version: v1.35.7+rke2r1',
    'certificates: {ca: ./ca}',
  ];
  const file = join(folder, 'cluster.yml');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** server-ca as somebody else would have signed it with the key that is there. */
function signed(extensions: string): string {
  const key = whole.get('server-ca.key') ?? '';
  return `${signByOpenssl(root, { subject: 'server', key, extensions })}${root.certificate}`;
}

function endedYesterday(): Readonly<Record<string, string>> {
  const key = newKey();
  const times = { notBefore: new Date(NOW.getTime() - 10 * DAY), notAfter: new Date(NOW.getTime() - DAY) };
  const certificate = signCa({ subject: 'server', publicKey: key, issuer: root, ...times });
  return {
    'server-ca.crt': `${certificate}${root.certificate}`,
    'server-ca.key': writePrivateKey(key),
  };
}

const WRONG = [
  ['that has ended', 'ca-expired', endedYesterday()],
  ['that is none', 'ca-not-a-ca', { 'server-ca.crt': signed('basicConstraints=critical,CA:FALSE\n') }],
  ['with the key of another', 'ca-key-mismatch', { 'etcd/peer-ca.key': writePrivateKey(newKey()) }],
  [
    'whose way to a root breaks off',
    'ca-chain-broken',
    {
      'client-ca.crt': whole.get('client-ca.crt')?.split(/(?<=-----END CERTIFICATE-----\n)/)[0] ?? '',
      'root-ca.pem': null,
    },
  ],
] as const;

const COMMANDS = [
  ['validate'],
  ['plan'],
  ['up', '--yes'],
  ['cert', 'rotate', '--rotate-ca', '--yes'],
] as const;

// Four commands are loaded by the first of these.
describe('a CA of one’s own', { timeout: 60_000 }, () => {
  it.each(WRONG)('%s is refused before any host is touched', async (_what, code, others) => {
    const file = write(others);
    visits = 0;
    for (const words of COMMANDS) {
      const { code: exitCode, stdout, stderr } = await runProgram(...words, '-c', file);
      expect(exitCode, words.join(' ')).toBe(3);
      expect(stdout + stderr, words.join(' ')).toContain(`[${code}]`);
    }
    expect(visits).toBe(0);
  });

  it('that is right lets the hosts be asked', async () => {
    const file = write({});
    expect(await runProgram('validate', '-c', file)).toMatchObject({ code: 0 });
    visits = 0;
    await runProgram('plan', '-c', file);
    expect(visits).toBeGreaterThan(0);
  });
});
