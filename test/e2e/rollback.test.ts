import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiNode } from '../../src/domain/observed.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { provideRelease } from '../lab/artifacts.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, type Project, WORKER } from './project.ts';

/* An upgrade by a minor version that comes up on no node at first: each goes back, and gets there in the end. */

const [OLD, NEW] = ['v1.35.7+rke2r1', 'v1.36.4+rke2r1'];
const CONFIG = '/etc/rancher/rke2/config.yaml';
const KEPT = '/var/lib/rancher/rke2/rke2ctl/previous';
const BUNDLE = '/var/lib/rancher/rke2/agent/images/rke2-images.linux-amd64.tar.zst';

let lab: Lab;
let project: Project;
const bundles = { old: '', new: '' };

beforeAll(async () => {
  lab = await createLab({ name: 'rollback', hosts: 2, version: OLD });
  project = await makeProject(lab, 'rollback');
  await project.write(clusterFile(lab, [ALL, WORKER]));
  expectExit(await project.rke2ctl('up'));
  bundles.old = await sh('node2', `sha256sum <${BUNDLE}`);
  const artifacts = join(lab.directory, 'next-release');
  await provideRelease(artifacts, NEW);
  const more = {
    kubernetes_version: NEW,
    install: { artifacts },
    services: { kubelet: { extra_args: { 'max-pods': '99' } } },
  };
  await project.write(clusterFile(lab, [ALL, WORKER], more));
});

afterAll(() => lab?.destroy());

const sh = async (host: string, line: string) =>
  expectExit(await lab.exec(host, ['sh', '-c', line])).stdout.trim();

/** From now on the new version does not come up there, as if the kernel of that host were too old for it. */
async function spoil(host: string, service: string): Promise<void> {
  const directory = `/etc/systemd/system/${service}.service.d`;
  const test = `ExecStartPre=/bin/sh -c '! /usr/local/bin/rke2 --version | grep -qF ${NEW}'`;
  await sh(
    host,
    `mkdir -p ${directory}; cat >${directory}/spoilt.conf <<'EOF'\n[Service]\n${test}\nRestartSec=1\nEOF\nsystemctl daemon-reload`,
  );
}

const mend = (host: string, service: string) =>
  sh(host, `rm -r /etc/systemd/system/${service}.service.d; systemctl daemon-reload`);

const program = (host: string) => sh(host, '/usr/local/bin/rke2 --version | head -n 1 | cut -d" " -f3');

/** The versions of the Nodes, those that are not Ready in brackets. */
async function versions(): Promise<readonly string[]> {
  const { stdout } = expectExit(await project.kubectl('get', 'nodes', '-o', 'json'));
  const items = JSON.parse(stdout).items as readonly {
    readonly status: {
      readonly nodeInfo: { readonly kubeletVersion: ApiNode['version'] };
      readonly conditions: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
  return items.map(({ status }) => {
    const ready = status.conditions.some((each) => each.type === 'Ready' && each.status === 'True');
    return ready ? status.nodeInfo.kubeletVersion : `(${status.nodeInfo.kubeletVersion})`;
  });
}

describe('a node that does not come up with a new version', () => {
  it('goes back, when it is the only server and was never READY', async () => {
    await spoil('node1', 'rke2-server');
    const failed = await project.rke2ctl('up', '--timeout', '60s');
    expect([1, 4]).toContain(failed.exitCode);
    expect(failed.stderr + failed.stdout).toContain('rke2ctl up --rollback-node node1');
    expect(await program('node1')).toBe(NEW);
    expect(await program('node2')).toBe(OLD);
    const early = await project.rke2ctl('up', '--rollback-node', 'node2');
    expect(early.exitCode).not.toBe(0);
    expect(early.stderr).toContain('its turn in the upgrade has not come');
    const back = expectExit(await project.rke2ctl('up', '--rollback-node', 'node1'));
    expect(back.stderr).toContain('rollback-lone-server');
    expect(await versions()).toEqual([OLD, OLD]);
    expect(await sh('node1', `cat ${CONFIG}; ls -A ${KEPT} 2>&1 || true`)).not.toMatch(/max-pods|version/);
    await mend('node1', 'rke2-server');
  });

  it('goes back as a worker beside a newer server, with all that it had', async () => {
    await spoil('node2', 'rke2-agent');
    expectExit(await project.rke2ctl('up', '--timeout', '60s'), 4);
    bundles.new = await sh('node2', `sha256sum <${BUNDLE}`);
    expect(bundles.new).not.toBe(bundles.old);
    expect(await sh('node2', `cat ${CONFIG}`)).toContain('max-pods');
    const refused = await project.rke2ctl('up', '--rollback-node', 'node1');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/in service with v1\.36\.4.*nothing is kept/s);

    const planned = await project.rke2ctl('plan', '--rollback-node', 'node2', '--output', 'json');
    const { steps } = JSON.parse(expectExit(planned, 2).stdout) as Plan;
    expect(steps.map(({ kind, node }) => `${kind} ${node?.name}`)).toEqual([
      'restore-previous node2',
      'start-service node2',
      'verify-nodes node1',
      'drop-previous node2',
      'copy-state node1',
    ]);
    expectExit(await project.rke2ctl('up', '--rollback-node', 'node2'));
    expect(await versions()).toEqual([NEW, OLD]);
    expect(await program('node2')).toBe(OLD);
    expect(await sh('node2', `sha256sum <${BUNDLE}`)).toBe(bundles.old);
    expect(await sh('node2', `cat ${CONFIG}`)).not.toContain('max-pods');
  });

  it('is upgraded by the next up, and nothing is kept then', async () => {
    await mend('node2', 'rke2-agent');
    const planned = await project.rke2ctl('plan', '--output', 'json');
    const { steps, drift } = JSON.parse(expectExit(planned, 2).stdout) as Plan;
    expect(drift).toEqual([]);
    expect(steps.find(({ kind }) => kind === 'install')?.node?.name).toBe('node2');
    expectExit(await project.rke2ctl('up'));
    expect(await versions()).toEqual([NEW, NEW]);
    expect(await sh('node2', `sha256sum <${BUNDLE}`)).toBe(bundles.new);
    expectExit(await project.rke2ctl('plan'));
    for (const { name } of lab.hosts)
      expect(await sh(name, `ls -d ${KEPT} /usr/local/bin/rke2.previous 2>/dev/null || true`)).toBe('');
  });
});
