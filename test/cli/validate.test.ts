import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PLAIN_STYLE } from '../../src/ui/style.ts';
import { renderValidation } from '../../src/ui/validation-view.ts';
import { runProgram } from './run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'rke2ctl-validate-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(text: string): string {
  const path = join(folder, 'cluster.yml');
  writeFileSync(path, text);
  return path;
}

const GOOD = 'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]\n';
const BAD = 'nodes:\n  - address: 10.0.0.11\n    rolle: [etcd]\nfirewal: {}\n';
const OLD = `${GOOD}enable_cri_dockerd: true\nignore_docker_version: true\n`;

describe('validate', () => {
  it('says of a good file what it found in it', async () => {
    const path = write(GOOD);
    expect(await runProgram('validate', '-c', path)).toEqual({
      code: 0,
      stdout: `${path} is valid: cluster local, 1 node.\n`,
      stderr: '',
    });
  });

  it('names every mistake with its place, and sums up', async () => {
    const path = write(BAD);
    const { code, stdout, stderr } = await runProgram('validate', '-c', path);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout).toContain(`${path}:3:5: error: `);
    expect(stdout).toContain(`${path}:4:1: error: `);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /cluster\.yml is not valid: \d mistakes(, \d warnings?)?\.$/,
    );
  });

  it('takes a file with keys of RKE1 that have no meaning, and counts them', async () => {
    const { code, stdout } = await runProgram('validate', '-c', write(OLD));
    expect(code).toBe(0);
    expect(stdout).toContain(':2:1: warning: ');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /1 node\. 1 warning: 1 key of RKE1 has no meaning\.$/,
    );
  });

  it('gives all of it as JSON', async () => {
    const good = await runProgram('validate', '-o', 'json', '-c', write(GOOD));
    expect(JSON.parse(good.stdout)).toEqual({
      valid: true,
      cluster: { name: 'local', nodes: 1 },
      findings: [],
    });
    const bad = await runProgram('validate', '-o', 'json', '-c', write(BAD));
    expect(bad.code).toBe(3);
    expect(JSON.parse(bad.stdout)).toMatchObject({ valid: false, cluster: null });
    expect(JSON.parse(bad.stdout).findings).toContainEqual({
      severity: 'error',
      code: 'unknown-key',
      message: expect.any(String),
      hint: expect.stringContaining('firewall'),
      path: 'firewal',
      position: { file: join(folder, 'cluster.yml'), line: 4, column: 1 },
    });
  });

  it('of a file that is not there is an error like any other', async () => {
    const { code, stdout, stderr } = await runProgram('validate', '-c', join(folder, 'none.yml'));
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('There is no file');
  });
});

describe('the last line of the page', () => {
  const finding = (severity: 'error' | 'warning', code: string) => ({
    severity,
    code,
    message: 'm.',
    hint: 'h.',
  });
  const last = (findings: readonly ReturnType<typeof finding>[], valid = false) =>
    renderValidation(
      { config: 'old.yml', findings, cluster: valid ? { name: 'prod', nodes: 6 } : null },
      PLAIN_STYLE,
    )
      .trimEnd()
      .split('\n')
      .at(-1);

  it('counts mistakes, warnings and keys of RKE1', () => {
    const lost = Array.from({ length: 9 }, () => finding('warning', 'rke1-no-meaning'));
    expect(
      last([finding('error', 'a'), finding('error', 'rke1-refused'), finding('warning', 'b'), ...lost]),
    ).toBe(
      'old.yml is not valid: 2 mistakes, 10 warnings: 1 key of RKE1 cannot be honoured, 9 keys of RKE1 have no meaning.',
    );
    expect(last([finding('error', 'a')])).toBe('old.yml is not valid: 1 mistake.');
    expect(last(lost, true)).toBe(
      'old.yml is valid: cluster prod, 6 nodes. 9 warnings: 9 keys of RKE1 have no meaning.',
    );
    expect(last([], true)).toBe('old.yml is valid: cluster prod, 6 nodes.');
  });
});
