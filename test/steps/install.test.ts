import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlannedNode, StepOf } from '../../src/domain/plan.ts';
import { Secret } from '../../src/domain/secret.ts';
import { install } from '../../src/steps/install.ts';
import { makeCluster } from '../support/make-cluster.ts';
import { SHELLS } from '../support/shells.ts';
import { scriptedContext } from '../support/step-context.ts';

const STEP: StepOf<'install'> = {
  kind: 'install',
  obsolete: [],
  id: 'x',
  node: { key: '10.0.0.1:22', name: 'n1' } as PlannedNode,
  reason: '',
  needs: [],
  after: [],
  version: 'v1.35.7+rke2r1',
  way: {
    method: 'script',
    script: 'https://get.rke2.io',
    fetch: 'operator',
    environment: { INSTALL_RKE2_VERSION: 'v1.35.7+rke2r1' },
  },
};

/** What the host would be sent when the operator fetched this text. */
async function sent(text: string, environment: Record<string, string | Secret>) {
  const runs: { script: string; args: readonly string[]; stdin: string }[] = [];
  const { context } = scriptedContext(
    (script, { args = [], stdin = '' }) => {
      runs.push({ script, args, stdin: String(stdin) });
      return '';
    },
    { cluster: makeCluster({ environment }) },
  );
  const operator = { ...context.operator, readText: () => Promise.resolve(text) };
  expect(await install.run(STEP, { ...context, operator })).toBe('done');
  const [run] = runs;
  if (run === undefined) throw new Error('nothing was run');
  return run;
}

describe.each(SHELLS)('the install script in %s', (_name, [program = '', ...words]) => {
  const run = ({ script, args, stdin }: Awaited<ReturnType<typeof sent>>) =>
    spawnSync(program, [...words, '-c', script, 'sh', ...args], {
      input: stdin,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });

  it('knows the proxy, whose password is no word of any command', async () => {
    const proxy = `http://u:p $HOME"w'x@proxy:3128`;
    const call = await sent('echo "$INSTALL_RKE2_VERSION|$https_proxy|$HTTPS_PROXY|$HTTP_PROXY|$OTHER"\n', {
      HTTPS_PROXY: new Secret(proxy),
      OTHER: 'not for the script',
    });
    expect(call.args.join(' ') + call.script).not.toContain('u:p');
    expect(run(call).stdout).toBe(`v1.35.7+rke2r1|${proxy}|${proxy}||\n`);
  });

  it('is run as it is without one', async () => {
    expect(run(await sent('echo "$#$https_proxy"\n', {})).stdout).toBe('0\n');
  });
});

describe.each(SHELLS)('a tarball over an older version, in %s', (_name, [program = '', ...words]) => {
  it('takes its place, and takes old bundles away', async () => {
    const root = mkdtempSync(join(tmpdir(), 'rke2ctl-install-'));
    try {
      const path = (name: string) => join(root, name);
      const rke2 = (version: string) => `#!/bin/sh\necho "rke2 version ${version} (x)"\n`;
      for (const directory of ['usr/bin', 'new/bin', 'bin']) mkdirSync(path(directory), { recursive: true });
      writeFileSync(path('usr/bin/rke2'), rke2('v1.34.1+rke2r1'), { mode: 0o755 });
      writeFileSync(path('new/bin/rke2'), rke2('v1.35.7+rke2r1'), { mode: 0o755 });
      for (const name of ['old.tar', 'kept.tar']) writeFileSync(path(name), '');
      for (const name of ['systemctl', 'sed', 'rpm'])
        writeFileSync(path(`bin/${name}`), `#!/bin/sh\n[ ${name} != rpm ]\n`, { mode: 0o755 });
      mkdirSync(path('usr/lib/systemd/system'), { recursive: true });
      let script = '';
      const { context } = scriptedContext((text) => {
        script = text;
        return '';
      });
      const tarball = { name: 'rke2.linux-amd64.tar.gz', sha256: '', sizeBytes: 1 };
      await install.run({ ...STEP, way: { method: 'airgap', tarball, prefix: '/usr/local' } }, context);
      // The units' place is the host's own: only what happens below the prefix is tried here.
      const tried = script.replace(/if \[ "\$2" != \/usr\/local \][\s\S]*?\nfi\n/, '');
      const unpack = () => {
        spawnSync('tar', ['czf', path('t.tgz'), '-C', path('new'), '.']);
        const args = [
          path('t.tgz'),
          path('usr'),
          'v1.35.7+rke2r1',
          path('data'),
          path('old.tar'),
          path('gone.tar'),
        ];
        return spawnSync(program, [...words, '-c', tried, 'sh', ...args], {
          encoding: 'utf8',
          env: { PATH: `${path('bin')}:${process.env['PATH']}` },
        });
      };
      for (let round = 0; round < 2; round += 1) {
        expect(unpack()).toMatchObject({ status: 0, stderr: '' });
        expect(readFileSync(path('usr/bin/rke2'), 'utf8')).toBe(rke2('v1.35.7+rke2r1'));
        expect(existsSync(path('old.tar'))).toBe(false);
        expect(existsSync(path('kept.tar'))).toBe(true);
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
