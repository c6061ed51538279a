import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-convert-'));
const at = (name: string) => join(folder, name);
beforeAll(() => {
  mkdirSync(at('old'));
  writeFileSync(at('old/cluster.yml'), OLD);
  writeFileSync(at('old/cluster.rkestate'), STATE);
  writeFileSync(at('bad.yml'), OLD.replace('10.0.0.11', '10.0.0.256'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const OLD = `# ours
nodes:
  - address: 10.0.0.11
    role: [controlplane, etcd, worker]
    docker_socket: /run/other.sock
kubernetes_version: v1.24.17-rancher1-1
`;
const NEW = `# ours
nodes:
  - address: 10.0.0.11
    role: [controlplane, etcd, worker]
kubernetes_version: v1.35.7+rke2r1
`;
const STATE = JSON.stringify({
  desiredState: {
    rkeConfig: { nodes: [{ address: '10.0.0.11' }], network: { plugin: 'flannel' } },
    certificatesBundle: { 'kube-ca': { keyPEM: 'hush-hush' } },
  },
});

describe('convert', () => {
  it('gives the new file on stdout, and its story on stderr', async () => {
    const { code, stdout, stderr } = await runProgram('convert', at('old/cluster.yml'));
    expect({ code, stdout }).toEqual({ code: 0, stdout: NEW });
    expect(stderr).toContain('Needs your decision\n');
    expect(stderr).toContain(`nodes[0].docker_socket (${at('old/cluster.yml')}:5)`);
    expect(stderr).toMatch(/: 2 keys carried, 0 changed, 1 dropped; 2 need your decision\.\n$/);
  });

  it('says that RKE1’s state lies where its own would go', async () => {
    const { stderr } = await runProgram('convert', at('old/cluster.yml'));
    expect(stderr).toContain(`mv ${at('old/cluster.rkestate')} ${at('old/cluster.rkestate.rke1')}`);
    const elsewhere = await runProgram('convert', at('old/cluster.yml'), '--out', at('elsewhere.yml'));
    expect(elsewhere.stderr).not.toContain('cluster.rkestate');
  });

  it('reads what helps of the state, and nothing of its keys', async () => {
    const { stderr } = await runProgram('convert', at('old/cluster.yml'), at('old/cluster.rkestate'));
    expect(stderr).toContain('network plugin was flannel; the new one’s will be canal');
    expect(stderr).not.toContain('hush');
  });

  it('writes file and report for nobody else to read, and never over one that is there', async () => {
    const args = ['convert', at('old/cluster.yml'), '--out', at('new.yml'), '--report', at('report.json')];
    const { code, stdout } = await runProgram(...args);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(readFileSync(at('new.yml'), 'utf8')).toBe(NEW);
    expect(statSync(at('new.yml')).mode & 0o777).toBe(0o600);
    const report = JSON.parse(readFileSync(at('report.json'), 'utf8'));
    expect(report).toMatchObject({ valid: true, findings: [] });
    expect(report.entries).toContainEqual(
      expect.objectContaining({ kind: 'dropped', path: 'nodes[0].docker_socket', line: 5 }),
    );
    writeFileSync(at('new.yml'), 'mine\n');
    const again = await runProgram(...args);
    expect(again.code).toBe(3);
    expect(again.stderr).toContain('is there already, and was left as it is');
    expect(readFileSync(at('new.yml'), 'utf8')).toBe('mine\n');
  });

  it('gives all of it as JSON', async () => {
    const { stdout, stderr } = await runProgram('convert', at('old/cluster.yml'), '--output', 'json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ out: null, text: NEW, valid: true });
  });

  it('ends with 3 when something is left that only a person can mend', async () => {
    const { code, stdout, stderr } = await runProgram('convert', at('bad.yml'));
    expect(code).toBe(3);
    expect(stdout).toContain('10.0.0.256');
    expect(stderr).toContain(`nodes[0].address (${at('bad.yml')}:3)`);
  });

  it('takes the version that is asked for, if it is one', async () => {
    const { stdout } = await runProgram('convert', at('old/cluster.yml'), '--version', 'v1.33.1+rke2r1');
    expect(stdout).toContain('kubernetes_version: v1.33.1+rke2r1\n');
    const wrong = await runProgram('convert', at('old/cluster.yml'), '--version', '1.33');
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain('is not a version of RKE2');
  });

  it('--check ends with 4 when a host cannot be asked, and writes nothing', async () => {
    writeFileSync(at('silent.yml'), OLD.replace('10.0.0.11', '127.0.0.1\n    port: 1'));
    const { code, stdout } = await runProgram('convert', at('silent.yml'), '--check', '--output', 'json');
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ findings: [], unreachable: [{ key: '127.0.0.1:1' }] });
    expect(readdirSync(folder).filter((name) => name.startsWith('silent.'))).toEqual(['silent.yml']);
  });

  it('says which file it cannot read', async () => {
    const { code, stderr } = await runProgram('convert', at('nowhere.yml'));
    expect(code).toBe(3);
    expect(stderr).toContain(`${at('nowhere.yml')} cannot be read`);
    const state = await runProgram('convert', at('old/cluster.yml'), at('bad.yml'));
    expect(state.code).toBe(3);
    expect(state.stderr).toContain('is no state of RKE1');
  });
});
