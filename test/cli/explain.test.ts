import { describe, expect, it } from 'vitest';
import { keyTable } from '../../src/config/keys/key-table.ts';
import { runProgram } from './run-program.ts';

describe('explain', () => {
  it('tells of one key what it is, what holds without it, and how it is written', async () => {
    const { code, stdout } = await runProgram('explain', 'nodes.port');
    expect(code).toBe(0);
    expect(stdout).toContain('nodes[].port');
    expect(stdout).toMatch(/default +22\n/);
    expect(stdout).toContain('  nodes:\n    - port: 22\n');
  });

  it('lists the keys below', async () => {
    const { stdout } = await runProgram('explain', 'ssh');
    for (const name of ['host_keys', 'known_hosts', 'client', 'connect_timeout', 'keepalive'])
      expect(stdout).toMatch(new RegExp(`\\n    ${name} +\\S`));
  });

  it('without a key lists the top', async () => {
    const { code, stdout } = await runProgram('explain');
    expect(code).toBe(0);
    const top = keyTable().flatMap(({ path }) => (path.includes('.') ? [] : [path]));
    expect(top.filter((path) => !stdout.includes(path))).toEqual([]);
  });

  it('says of a key of RKE1 why it has no place, and what to do', async () => {
    const { code, stdout } = await runProgram('explain', 'nodes[].docker_socket');
    expect(code).toBe(0);
    expect(stdout).toContain('without a place in RKE2');
    expect(stdout).toMatch(/why +RKE2 brings containerd/);
    expect(stdout).toMatch(/instead +Leave/);
  });

  it('names near keys of one that there is not', async () => {
    const { code, stdout, stderr } = await runProgram('explain', 'ssh.clinet');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('no key "ssh.clinet"');
    expect(stderr).toContain('Did you mean `ssh.client`');
  });

  it('gives JSON to scripts', async () => {
    const { stdout } = await runProgram('explain', 'ssh.client', '--output', 'json');
    expect(JSON.parse(stdout)).toEqual({
      key: {
        path: 'ssh.client',
        description: expect.stringContaining('`openssh` runs this machine’s own ssh'),
        type: '`ssh2` or `openssh`',
        default: '`ssh2`',
        examples: ['openssh'],
        effects: [expect.stringMatching(/^decides /)],
        origin: 'rke2ctl',
        fate: 'mapped',
        secret: false,
        lost: null,
      },
      keys: [],
    });
  });

  it('says something of every key of the table', async () => {
    for (const { path } of keyTable()) {
      const { code, stdout } = await runProgram('explain', path);
      expect({ path, code }).toEqual({ path, code: 0 });
      expect(stdout.startsWith(`${path}  `), path).toBe(true);
      expect(stdout.split('\n').length, path).toBeGreaterThan(2);
    }
  });
});
