// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of cluster.yml
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { runProgram } from './run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-show-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const FIRST =
  'cluster_name: ${STAGE}\nnodes:\n  - address: 10.0.0.11\n    role: [controlplane, etcd, worker]\n';
const ADDON = ' ${A}\\nkind: ConfigMap\\napiVersion: v1\\nmetadata: {name: a, namespace: default}\\n';
const REGISTRY = 'private_registries:\n  - {url: r.example.com, user: me, password: sesame}\n';

describe('config show', () => {
  it('shows files, variables and defaults as one cluster.yml', async () => {
    vi.stubEnv('STAGE', 'blue');
    const first = write('a.yml', FIRST);
    const second = write('b.yml', 'ssh:\n  client: openssh\n');
    const { code, stdout } = await runProgram('config', 'show', '-c', first, '-c', second);
    expect(code).toBe(0);
    expect(parse(stdout)).toMatchObject({
      cluster_name: 'blue',
      nodes: [{ address: '10.0.0.11', port: 22 }],
      network: { plugin: 'canal' },
      ssh: { client: 'openssh' },
    });
    expect(stdout).not.toContain('#');
  });

  it('says with --origin where each value comes from', async () => {
    vi.stubEnv('STAGE', 'blue');
    const first = write('a.yml', FIRST);
    const second = write('b.yml', 'ssh:\n  client: openssh\n');
    const { stdout } = await runProgram('config', 'show', '--origin', '-c', first, '-c', second);
    expect(stdout).toContain(`cluster_name: blue # ${first}:1\n`);
    expect(stdout).toContain(`  - address: 10.0.0.11 # ${first}:3\n`);
    expect(stdout).toContain('    port: 22 # default\n');
    expect(stdout).toContain(`  client: openssh # ${second}:2\n`);
  });

  it('gives values and origins as JSON', async () => {
    vi.stubEnv('STAGE', 'blue');
    const first = write('a.yml', FIRST);
    const { stdout } = await runProgram('config', 'show', '-o', 'json', '-c', first);
    expect(JSON.parse(stdout)).toMatchObject({
      config: { cluster_name: 'blue' },
      origins: { cluster_name: `${first}:1`, 'nodes[0].port': 'default' },
    });
  });

  it.each(['text', 'json'])('shows no secret (%s)', async (form) => {
    vi.stubEnv('STAGE', 'blue');
    const { stdout, stderr } = await runProgram(
      'config',
      'show',
      '-o',
      form,
      '-c',
      write('a.yml', FIRST + REGISTRY),
    );
    expect(stdout).toContain('r.example.com');
    expect(stdout + stderr).not.toContain('sesame');
  });

  it('writes texts so that reading them again gives the same', async () => {
    const args = 'services: {scheduler: {extra_env: ["A=$${HOME}$", "B=$x"]}}\n';
    const text = `${FIRST.replace('${STAGE}', 'x')}${args}addons: "#${ADDON}"\n`;
    const first = await runProgram('config', 'show', '-c', write('a.yml', text));
    expect(parse(first.stdout)).toMatchObject({
      services: { scheduler: { extra_env: ['A=$${HOME}$$', 'B=$x'] } },
      addons: `#${ADDON.replaceAll('\\n', '\n')}`,
    });
    const second = await runProgram('config', 'show', '-c', write('b.yml', first.stdout));
    expect(second.stdout).toBe(first.stdout);
  });

  it('refuses a file with mistakes as every command does', async () => {
    const { code, stdout, stderr } = await runProgram('config', 'show', '-c', write('a.yml', FIRST));
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('STAGE');
  });
});
