import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { formatOpensshConfig, type OpensshHop } from '../../src/transport/openssh/openssh-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-conf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hop: OpensshHop = {
  address: '10.0.0.1',
  port: 2222,
  user: 'ops',
  auth: {
    key: null,
    keyPaths: ['/keys/my key', '/keys/50%'],
    keyPathsAreDefaults: false,
    certificate: null,
    certificatePath: null,
    agent: 'auto',
  },
  certificates: ['/certs/a b-cert.pub'],
  agentSocket: '/run/agent 1',
  via: { config: "/tmp/it's/0.conf", log: '/tmp/0.log', address: 'bastion' },
};
const settings = {
  hostKeys: 'strict',
  knownHosts: '/home/op/known hosts',
  connectTimeoutMs: 1500,
  keepaliveMs: 15_000,
} as const;

/** What OpenSSH itself makes of the text, as lower-case keys with their values. */
const effective = (text: string, address = '10.0.0.1'): string => {
  const file = join(folder, 'config');
  writeFileSync(file, text, { mode: 0o600 });
  return execFileSync('ssh', ['-G', '-F', file, address], { encoding: 'utf8' });
};

describe('formatOpensshConfig', () => {
  it('is read by OpenSSH as it is meant, blanks and percent signs included', () => {
    const values = effective(formatOpensshConfig(hop, settings, []));
    for (const line of [
      'user ops',
      'port 2222',
      'identityfile /keys/my key',
      'certificatefile /certs/a b-cert.pub',
      'identityagent /run/agent 1',
      'stricthostkeychecking true',
      'batchmode yes',
      'connecttimeout 2',
      'serveraliveinterval 15',
      'serveralivecountmax 4',
      'forwardagent no',
      'requesttty false',
    ]) {
      expect(values.split('\n')).toContain(line);
    }
    expect(values).toMatch(/^userknownhostsfile .*known hosts"?$/m);
    expect(values).toMatch(/^ciphers aes128-gcm@openssh\.com,/m);
    expect(values).toMatch(/^identityfile \/keys\/50%{1,2}$/m);
    expect(values).toContain("proxycommand ssh -F '/tmp/it'\\''s/0.conf'");
  });

  it('leaves to the own ssh_config of the person what the cluster file does not say', () => {
    const own = join(folder, 'own config');
    writeFileSync(
      own,
      'Host 10.0.0.1\n  User theirs\n  Port 2200\n  BatchMode no\nHost hop\n  User hopper\n',
    );
    const text = formatOpensshConfig({ ...hop, port: null, user: null, via: null }, settings, [own]);
    const values = effective(text);
    expect(values).toContain('user theirs\n');
    expect(values).toContain('port 2200\n');
    expect(values).toContain('batchmode yes\n');
    // A jump host of theirs gets none of what is meant for the node.
    const jump = effective(text, 'hop');
    expect(jump).toContain('user hopper\n');
    expect(jump).not.toContain('/keys/my key');
  });
});
