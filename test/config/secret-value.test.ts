import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConfigEnvironment } from '../../src/config/environment.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { readSecret } from '../../src/config/secret-value.ts';
import { ConfigError } from '../../src/domain/errors.ts';
import { configEnvironment } from '../support/config-environment.ts';

let cwd = '';
beforeAll(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'rke2ctl-secrets-'));
  writeFileSync(path.join(cwd, 'password.txt'), 'from-the-file\n');
  writeFileSync(path.join(cwd, 'empty.txt'), '\n');
  writeFileSync(path.join(cwd, 'binary'), Buffer.from([0xff, 0xfe, 0x00]));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const environment = (overrides: Partial<ConfigEnvironment> = {}) =>
  configEnvironment({
    cwd,
    variables: { PASSWORD: 'from-the-variable', EMPTY: '', KEY: 'no key' },
    ...overrides,
  });

const file = (password: string) =>
  `nodes: [{address: a.example, role: [controlplane, etcd, worker]}]\nprivate_registries:\n  - {url: r.example, user: u, password: ${JSON.stringify(password)}}\n`;

function passwordOf(written: string, overrides: Partial<ConfigEnvironment> = {}): string | undefined {
  const { cluster, findings } = parseCluster(file(written), 'cluster.yml', environment(overrides));
  expect(findings).toEqual([]);
  expect(inspect(cluster, { depth: 9 }) + JSON.stringify(cluster)).not.toMatch(/from-the/);
  return cluster?.registries.configs['r.example']?.auth?.password.reveal();
}

describe('a secret', () => {
  it('may stand in the file, a variable, or another file', () => {
    expect(passwordOf('plain')).toBe('plain');
    expect(passwordOf('env:PASSWORD')).toBe('from-the-variable');
    expect(passwordOf('file:password.txt')).toBe('from-the-file');
    expect(passwordOf(`file:${cwd}/password.txt`)).toBe('from-the-file');
  });

  it('may come from a command, which validate does not run', () => {
    const lines: string[] = [];
    const runCommand = (line: string) => {
      lines.push(line);
      return 'from-the-command\n';
    };
    expect(passwordOf('command: pass show r.example', { runCommand })).toBe('from-the-command');
    expect(new Set(lines)).toEqual(new Set(['pass show r.example']));
    expect(passwordOf('command: pass show r.example', { runCommand: null })).toBe('');
  });

  it.each([
    ['env:NONE', 'The environment variable NONE, which holds this secret, is not set.'],
    ['env:EMPTY', 'The environment variable EMPTY, which holds this secret, is empty.'],
    ['env:A B', '`env:` stands before something that is not the name of an environment variable.'],
    ['file:none.txt', 'The file /cwd/none.txt, which holds this secret, does not exist.'],
    ['file:.', 'The file /cwd, which holds this secret, cannot be read (EISDIR).'],
    ['file:empty.txt', 'The file /cwd/empty.txt, which holds this secret, is empty.'],
    ['file:binary', 'The file /cwd/binary, which holds this secret, is not text in UTF-8.'],
    ['file:', '`file:` has no path behind it.'],
    ['command:', '`command:` has no command behind it.'],
    ['command:false', 'The command of this secret failed: exit code 1.'],
    ['command:true', 'The command of this secret printed nothing.'],
  ])('%s is missing in words', (written, message) => {
    const runCommand = (line: string) => (line === 'true' ? '' : new Error('exit code 1'));
    const { cluster, findings } = parseCluster(file(written), 'cluster.yml', environment({ runCommand }));
    expect(cluster).toBeNull();
    expect(findings).toMatchObject([
      {
        code: 'secret-missing',
        message: message.replace('/cwd', cwd),
        position: { line: 3 },
        path: 'private_registries[0].password',
      },
    ]);
  });

  it('has to be what its key takes, which is said without showing it', () => {
    const text = 'nodes: [{address: a.example, role: [controlplane, etcd, worker], ssh_key: "env:KEY"}]\n';
    const { findings } = parseCluster(text, 'cluster.yml', environment());
    expect(findings.map(({ message }) => message)).toEqual([
      'What `env:KEY` holds is nothing that `ssh_key` can be.',
    ]);
    expect(JSON.stringify(findings)).not.toContain('no key');
  });

  it('is read from another place in keys of secrets only', () => {
    const text = `${file('plain')}cluster_name: "env:PASSWORD"\n`;
    const { findings } = parseCluster(text, 'cluster.yml', environment());
    expect(findings.map(({ path: key }) => key)).toEqual(['cluster_name']);
  });

  it('is not shown when it is of the wrong kind', () => {
    const { findings } = parseCluster(file('x').replace('"x"', '98765'), 'cluster.yml', environment());
    expect(findings).toHaveLength(1);
    expect(JSON.stringify(findings)).not.toContain('98765');
  });

  it('that vanishes after the check ends the run with a ConfigError', () => {
    const context = { env: environment(), toAbsolute: (each: string) => each };
    expect(() => readSecret('env:NONE', context)).toThrow(ConfigError);
  });
});
