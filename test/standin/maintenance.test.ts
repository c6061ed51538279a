import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lab } from '../lab/lab.ts';
import type { LabRke2 } from './lab-rke2.ts';
import { bootStandinLab, DATA, SERVER, TOKEN } from './standin-lab.ts';

let lab: Lab;
let rke2: LabRke2;

beforeAll(async () => {
  ({ lab, rke2 } = await bootStandinLab('standin-maintenance', 3));
  await rke2.configure('node1', { token: TOKEN, 'agent-token': 'AgentsOnly1' });
  await rke2.configure('node2', { token: TOKEN, 'agent-token': 'AgentsOnly1', server: SERVER });
  for (const host of ['node1', 'node2']) expect(await rke2.start(host, 'server')).toBe(0);
});

afterAll(async () => {
  await lab?.destroy();
});

const run = (command: string, host = 'node1') => lab.exec(host, ['sh', '-c', command], { timeoutMs: 60_000 });

describe('token', () => {
  test('the agents’ token is their own, in a file of its own; the servers’ one does not let an agent in', async () => {
    expect(await rke2.sh('node1', `cat ${DATA}/server/agent-token`)).toMatch(
      /^K10[0-9a-f]{64}::node:AgentsOnly1$/,
    );
    await rke2.configure('node3', { token: TOKEN, server: SERVER });
    expect(await rke2.start('node3', 'agent', 3)).toBe(124);
    expect(await rke2.log('node3', 'agent')).toContain('401 Unauthorized');
    await rke2.sh('node3', 'systemctl stop rke2-agent');
  });

  test('create prints a full token an agent can join with; list and delete know it', async () => {
    const made = await run('rke2 token create --description door abcdef.0123456789abcdef');
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    expect(made.stdout).toMatch(/^K10[0-9a-f]{64}::abcdef\.0123456789abcdef$/);
    const again = await run('rke2 token create abcdef.0123456789abcdef');
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain('a token with id \\"abcdef\\" already exists');
    const list = (await run('rke2 token list')).stdout.split('\n');
    expect(list[0]).toMatch(/^TOKEN +TTL +EXPIRES +USAGES +DESCRIPTION +EXTRA GROUPS$/);
    expect(list[1]).toMatch(
      /^abcdef +23h +\S+ +authentication,signing +door +system:bootstrappers:rke2:default-node-token$/,
    );
    await rke2.configure('node3', { token: made.stdout.trim(), server: SERVER });
    expect(await rke2.start('node3', 'agent')).toBe(0);
    expect((await run('rke2 token delete abcdef')).stdout).toBe('bootstrap token "abcdef" deleted');
    expect((await run('rke2 token delete')).stderr).toContain(
      "missing argument; 'token delete' is missing token",
    );
    expect((await run('rke2 token generate')).stdout).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  });

  test('rotate: the old token does not start a server any more, the new one does', async () => {
    const result = await run(`rke2 token rotate --token ${TOKEN} --new-token NewSecret2`);
    expect(result.stdout).toContain('Token rotated, restart rke2 nodes with new token');
    expect(await rke2.sh('node1', `cat ${DATA}/server/token`)).toMatch(/::server:NewSecret2$/);
    await rke2.sh('node2', 'systemctl stop rke2-server');
    expect(await rke2.start('node2', 'server')).toBe(1);
    expect(await rke2.log('node2', 'server')).toContain(
      'bootstrap data already found and encrypted with different token',
    );
    await rke2.sh('node2', 'systemctl stop rke2-server');
    await rke2.configure('node1', { token: 'NewSecret2', 'agent-token': 'AgentsOnly1' });
    await rke2.configure('node2', { token: 'NewSecret2', 'agent-token': 'AgentsOnly1', server: SERVER });
    await rke2.sh('node1', 'systemctl restart rke2-server');
    expect(await rke2.start('node2', 'server')).toBe(0);
  });
});

describe('certificate', () => {
  const serial = (file: string): Promise<string> =>
    rke2.sh('node1', `openssl x509 -noout -serial -in ${DATA}/${file}`);

  test('check writes its text to stderr and its table or JSON to stdout', async () => {
    const text = await run('rke2 certificate check');
    expect(text.stdout).toBe('');
    expect(text.stderr).toContain('Server detected, checking agent and server certificates');
    expect(text.stderr).toMatch(
      /level=info msg="client-admin\.crt: certificate system:admin \(ClientAuth\) is ok, expires at \d{4}-/,
    );
    const table = (await run('rke2 certificate check --output table')).stdout.split('\n');
    expect(table[1]).toMatch(/^FILENAME +SUBJECT +USAGES +EXPIRES +RESIDUAL TIME +STATUS$/);
    const { Certificates } = JSON.parse((await run('rke2 certificate check --output json')).stdout);
    const etcd = Certificates.filter(
      (entry: { Filename: string }) => entry.Filename === 'peer-server-client.crt',
    );
    expect(etcd).toHaveLength(2);
    expect(etcd[0]).toMatchObject({
      Subject: 'etcd-peer',
      Usages: ['ServerAuth', 'ClientAuth'],
      Status: 'OK',
    });
    expect((await run('rke2 certificate check', 'node3')).stderr).toContain(
      'Agent detected, checking agent certificates',
    );
  });

  test('rotate renews at the next start; a comma list is no list', async () => {
    expect((await run('rke2 certificate rotate --service etcd,admin')).stderr).toContain(
      'Error: service etcd,admin is not recognized',
    );
    const before = [
      await serial('server/tls/client-admin.crt'),
      await serial('server/tls/serving-kube-apiserver.crt'),
    ];
    const [etcd] = (await rke2.sh('node1', 'pgrep -x etcd')).split('\n');
    const result = await run(
      'systemctl stop rke2-server; rke2 certificate rotate --service admin --service etcd --service rke2-server',
    );
    expect(result.stderr).toMatch(
      new RegExp(
        `Successfully backed up certificates to ${DATA}/server/tls-\\d+, please restart rke2 server or agent to rotate certificates`,
      ),
    );
    expect(await rke2.sh('node1', `stat -c %a ${DATA}/force-restart`)).toBe('600');
    expect(await rke2.start('node1', 'server')).toBe(0);
    const after = [
      await serial('server/tls/client-admin.crt'),
      await serial('server/tls/serving-kube-apiserver.crt'),
    ];
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(await rke2.sh('node1', 'pgrep -x etcd')).not.toBe(etcd);
    await expect.poll(() => rke2.kubectl('node1', 'get --raw /readyz'), { timeout: 10_000 }).toBe('ok');
    expect(
      await rke2.sh(
        'node1',
        `test -e ${DATA}/force-restart || test -e ${DATA}/server/tls/dynamic-cert-regenerate || echo gone`,
      ),
    ).toBe('gone');
  });

  test('a new tls-san needs only a restart', async () => {
    await rke2.configure('node1', {
      token: 'NewSecret2',
      'agent-token': 'AgentsOnly1',
      'tls-san': ['late.example'],
    });
    await rke2.sh('node1', 'systemctl restart rke2-server');
    for (const port of [9345, 6443]) {
      expect(
        await rke2.sh(
          'node2',
          `openssl s_client -connect 198.18.1.1:${port} </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName`,
        ),
      ).toContain('late.example');
    }
  });

  test('rotate-ca refuses foreign authorities; with --force servers take them over as they start', async () => {
    const make = `d=/root/rotate; mkdir -p $d/tls/etcd; for n in server-ca client-ca request-header-ca etcd/server-ca etcd/peer-ca; do
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=own-$(basename $n)" -keyout $d/tls/$n.key -out $d/tls/$n.crt 2>/dev/null; done`;
    await rke2.sh('node1', make);
    const refused = await run('rke2 certificate rotate-ca --path=/root/rotate');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('see server log for details');
    expect((await run('rke2 certificate rotate-ca --path=/root/rotate --force')).stdout).toBe(
      'certificates saved to datastore',
    );
    for (const host of ['node1', 'node2']) await rke2.sh(host, 'systemctl stop rke2-server');
    expect(await Promise.all(['node1', 'node2'].map((host) => rke2.start(host, 'server')))).toEqual([0, 0]);
    for (const host of ['node1', 'node2']) {
      expect(
        await rke2.sh(host, `openssl x509 -noout -issuer -in ${DATA}/server/tls/serving-kube-apiserver.crt`),
      ).toContain('own-server-ca');
      expect(await rke2.sh(host, `sha256sum < ${DATA}/server/tls/server-ca.crt | cut -c1-64`)).toBe(
        await rke2.sh('node1', `cut -c4-67 ${DATA}/server/token`),
      );
    }
    await expect
      .poll(() => rke2.kubectl('node1', 'get nodes --no-headers | grep -c "control-plane"'), {
        timeout: 10_000,
      })
      .toBe('2');
  });
});

describe('secrets-encrypt', () => {
  test('status is on from the start and all servers agree', async () => {
    expect((await run('rke2 secrets-encrypt status')).stdout).toBe(
      'Encryption Status: Enabled\nCurrent Rotation Stage: start\nServer Encryption Hashes: All hashes match\n\nActive  Key Type  Name\n------  --------  ----\n *      AES-CBC   aescbckey\n',
    );
  });

  test('rotate-keys: hashes differ until the other server was restarted', async () => {
    expect((await run('rke2 secrets-encrypt rotate-keys')).stdout).toBe(
      'keys rotated, reencryption finished',
    );
    const status = JSON.parse((await run('rke2 secrets-encrypt status -o json')).stdout);
    expect(status).toMatchObject({
      stage: 'reencrypt_finished',
      enable: true,
      hashmatch: false,
      inactivekeys: [],
    });
    expect(status.hasherror).toBe('hash does not match between node1 and node2');
    expect((await run('rke2 secrets-encrypt rotate-keys')).exitCode).toBe(1);
    await rke2.sh('node2', 'systemctl restart rke2-server');
    await expect
      .poll(() => run('rke2 secrets-encrypt status').then((result) => result.stdout), { timeout: 10_000 })
      .toContain('All hashes match');
  });

  test('the classic way asks for its order', async () => {
    const early = await run('rke2 secrets-encrypt rotate');
    expect(early.exitCode).toBe(1);
    expect((await run('rke2 secrets-encrypt prepare')).stdout).toBe('prepare completed successfully');
    await rke2.sh('node2', 'systemctl restart rke2-server');
    await expect
      .poll(() => run('rke2 secrets-encrypt rotate').then((result) => result.stdout), { timeout: 10_000 })
      .toBe('rotate completed successfully');
  });
});
