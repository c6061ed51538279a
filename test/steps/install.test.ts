import { spawnSync } from 'node:child_process';
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
