import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { config } from '../../src/cli/commands/config.ts';
import { isLost } from '../../src/config/find-key.ts';
import { keyTable } from '../../src/config/keys/key-table.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import type { PromptStreams } from '../../src/ui/prompt.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { runProgram } from './run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
/** A file that is not there yet. */
function newFile(): string {
  count += 1;
  return join(mkdtempSync(join(folder, 'f')), `cluster${count}.yml`);
}

/** Runs the dialog; each answer is typed once its question is on the screen. */
async function answer(file: string, answers: readonly string[], flags = {}) {
  const input = new PassThrough() as PassThrough & { isTTY?: boolean };
  const output = new PassThrough();
  input.isTTY = true;
  let shown = '';
  const left = [...answers];
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    const next = /: $/.test(stripVTControlCharacters(shown)) ? left.shift() : undefined;
    if (next !== undefined) setImmediate(() => input.write(next === 'CTRL-C' ? '\u0003' : `${next}\n`));
  });
  const streams: PromptStreams = { input, output };
  const end = await config({ config: [file], output: 'text', ...flags }, streams).then(
    (code) => ({ code, error: null }),
    (error: unknown) => ({ code: null, error }),
  );
  return { ...end, shown: stripVTControlCharacters(shown) };
}

const NOTHING = ['', '', '', '', '', '', ''];

describe('config', () => {
  it('asks for the nodes, and writes a valid file from two answers', async () => {
    const file = newFile();
    const { code, shown } = await answer(file, ['', 'ubuntu@10.0.0.11', '', '', ...NOTHING]);
    expect(code).toBe(0);
    expect(shown).toContain('Name of the cluster [local]: ');
    const text = readFileSync(file, 'utf8');
    expect(text.split('\n').slice(1).join('\n')).toMatchInlineSnapshot(`
      "# Made by \`rke2ctl config\`. \`rke2ctl explain\` says which keys there are beside these.
      cluster_name: local
      nodes:
        - {address: 10.0.0.11, user: ubuntu, role: [controlplane, etcd, worker]}
      "
    `);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(parseCluster(text, file, configEnvironment()).findings).toEqual([]);
  });

  it('takes every answer to its place', async () => {
    const file = newFile();
    const servers = ['ops@10.0.0.11', 'controlplane etcd', 'ops@10.0.0.12:2222', 'controlplane,etcd'];
    const more = ['10.0.0.13', 'root', 'controlplane, etcd', '[fd00::21]', '', ''];
    const rest = [
      'k8s.example.com',
      'v1.35.7+rke2r1',
      'cilium',
      '10.44.0.0/16',
      '10.45.0.0/16',
      '~/.ssh/prod',
      './rke2',
      'a.yaml, https://example.com/b.yaml',
    ];
    writeFileSync(
      join(file, '..', 'a.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n',
    );
    const { code, shown } = await answer(file, ['prod', ...servers, ...more, '', ...rest]);
    expect({ code, shown: code === 0 ? '' : shown }).toEqual({ code: 0, shown: '' });
    expect(parse(readFileSync(file, 'utf8'))).toEqual({
      cluster_name: 'prod',
      nodes: [
        { address: '10.0.0.11', user: 'ops', role: ['controlplane', 'etcd'] },
        { address: '10.0.0.12', port: 2222, user: 'ops', role: ['controlplane', 'etcd'] },
        { address: '10.0.0.13', user: 'root', role: ['controlplane', 'etcd'] },
        { address: 'fd00::21', user: 'root', role: ['worker'] },
      ],
      endpoint: 'k8s.example.com',
      kubernetes_version: 'v1.35.7+rke2r1',
      network: { plugin: 'cilium' },
      services: {
        'kube-controller': { cluster_cidr: '10.44.0.0/16' },
        'kube-api': { service_cluster_ip_range: '10.45.0.0/16' },
      },
      ssh_key_path: '~/.ssh/prod',
      install: { artifacts: './rke2' },
      addons_include: ['a.yaml', 'https://example.com/b.yaml'],
    });
  });

  it('says at once what is wrong with an answer, and asks again', async () => {
    const file = newFile();
    const nodes = ['me@10.0.0.999', 'me@10.0.0.11', 'master', 'controlplane etcd worker', ''];
    const { code, shown } = await answer(file, [
      'not a name',
      'good',
      ...nodes,
      'v1.35',
      'v1.35.7+rke2r1',
      ...NOTHING,
    ]);
    expect(code).toBe(0);
    expect(shown).toMatch(/"not a name" cannot be the name of a cluster/);
    expect(shown).toMatch(/10\.0\.0\.999/);
    expect(shown).toMatch(/master/);
    expect(shown).toContain('"v1.35"');
    expect(parse(readFileSync(file, 'utf8'))).toMatchObject({
      cluster_name: 'good',
      kubernetes_version: 'v1.35.7+rke2r1',
    });
  });

  it('asks for the nodes again when together they make no cluster', async () => {
    const file = newFile();
    const { code, shown } = await answer(file, [
      '',
      'me@10.0.0.11',
      'worker',
      '',
      'me@10.0.0.12',
      '',
      ...NOTHING,
      '',
    ]);
    expect(code).toBe(0);
    expect(shown).toContain('The nodes once more:');
    expect(parse(readFileSync(file, 'utf8')).nodes).toEqual([
      { address: '10.0.0.12', user: 'me', role: ['controlplane', 'etcd', 'worker'] },
    ]);
  });

  it('writes nothing after Ctrl-C', async () => {
    const file = newFile();
    const { error } = await answer(file, ['prod', 'me@10.0.0.11', 'CTRL-C']);
    expect(error).toMatchObject({
      code: 'cancelled',
      exitCode: 130,
      message: expect.stringContaining('nothing'),
    });
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  it('asks nothing when the file is there, and leaves it as it is', async () => {
    const file = newFile();
    writeFileSync(file, 'mine\n');
    const { error, shown } = await answer(file, []);
    expect(error).toMatchObject({ code: 'file-exists', exitCode: 3 });
    expect(shown).toBe('');
    expect(readFileSync(file, 'utf8')).toBe('mine\n');
    const forced = await answer(file, ['', 'me@10.0.0.11', '', ...NOTHING, ''], { force: true });
    expect(forced.code).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('10.0.0.11');
    expect(readdirSync(join(file, '..'))).toHaveLength(1);
  });

  it('says what to do where nobody can be asked', async () => {
    const { code, stderr } = await runProgram('config', '-c', newFile());
    expect(code).toBe(3);
    expect(stderr).toContain('rke2ctl config --minimal');
  });
});

describe('config --minimal', () => {
  it('prints a file that is valid', async () => {
    const { code, stdout } = await runProgram('config', '--minimal');
    expect(code).toBe(0);
    const { cluster, findings } = parseCluster(stdout, 'cluster.yml', configEnvironment());
    expect(findings).toEqual([]);
    expect(cluster?.nodes).toHaveLength(3);
  });
});

describe('config --empty', () => {
  it('prints a file that only lacks a node', async () => {
    const { stdout } = await runProgram('config', '--empty');
    const { findings } = parseCluster(stdout, 'cluster.yml', configEnvironment());
    expect(findings.map(({ path }) => path)).toEqual(['nodes[0].address', 'nodes[0].role']);
  });

  it('has every key, each at its place once the # is taken away', async () => {
    const { stdout } = await runProgram('config', '--empty');
    const text = stdout.replaceAll(/^( *)#(?=[\w-]+:|- [\w-]+:| {2})/gm, '$1');
    const value = parse(text) as unknown;
    const kept = keyTable().filter((row) => !isLost(row));
    const missing = kept.filter(({ path }) => !hasPath(value, path.split('.')));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });
});

function hasPath(value: unknown, steps: readonly string[]): boolean {
  const [step, ...rest] = steps;
  if (step === undefined) return true;
  const lists = step.split('[]').length - 1;
  const name = step.replaceAll('[]', '');
  if (typeof value !== 'object' || value === null) return false;
  const key = name === '*' ? Object.keys(value)[0] : name;
  if (key === undefined || !Object.hasOwn(value, key)) return false;
  let inner = Reflect.get(value, key) as unknown;
  for (let index = 0; index < lists; index += 1) inner = Array.isArray(inner) ? inner[0] : inner;
  return hasPath(inner, rest);
}
