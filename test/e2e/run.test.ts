import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TTL_DEADLINE_PATH, TTL_SCRIPT_PATH, TTL_TIMER } from '../../src/rke2/ttl-paths.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { listingWithoutAllowed } from './allowed-rest.ts';
import { githubScripts, gitlabScripts } from './ci-scripts.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, type Project } from './project.ts';
import { runUntil } from './run-until.ts';

let lab: Lab;
let project: Project;
/** The host as it was before rke2ctl ever saw it. */
let before: readonly string[];

beforeAll(async () => {
  const binds = ['bin', 'dist', 'node_modules', 'package.json'].map((part) => ({
    source: realpathSync(join(process.cwd(), part)),
    target: `/mnt/rke2ctl/${part}`,
  }));
  lab = await createLab({ name: 'run', hosts: 1, binds });
  before = listingWithoutAllowed(await lab.listing('node1'));
  project = await makeProject(lab, 'run');
  await project.write(clusterFile(lab, [ALL]));
});

afterAll(() => lab?.destroy());

async function expectNothingLeft(): Promise<void> {
  expect(listingWithoutAllowed(await lab.listing('node1'))).toEqual(before);
  expect(existsSync(project.path('cluster.rkestate'))).toBe(false);
  expect(existsSync(project.path('kube_config_cluster.yml'))).toBe(false);
}

/** Whether a process of the controller's side with this in its command line is alive. */
const lives = async (words: string) => (await lab.run(['pgrep', '-f', words])).exitCode === 0;

describe('rke2ctl run', () => {
  it('gives its command a cluster that is complete, stdout for itself, and takes the cluster away', async () => {
    const files = ['output', 'summary'].map(project.path);
    [project.environment['GITHUB_OUTPUT'] = '', project.environment['GITHUB_STEP_SUMMARY'] = ''] = files;
    const script = `"${lab.kubectl}" get nodes --no-headers; cat "$GITHUB_OUTPUT"`;
    const result = await project.rke2ctl(
      'run',
      '--wait',
      '--junit',
      'reports/junit.xml',
      '--',
      'sh',
      '-c',
      script,
    );
    delete project.environment['GITHUB_OUTPUT'];
    delete project.environment['GITHUB_STEP_SUMMARY'];
    expectExit(result);
    expect(result.stdout).toMatch(/^node1 +Ready/);
    expect(result.stdout.trim().split('\n').slice(1)).toEqual([
      `kubeconfig=${project.path('kube_config_cluster.yml')}`,
      expect.stringMatching(/^version=v1\..*\+rke2r/),
    ]);
    await expectNothingLeft();
    const summary = await project.read('summary');
    expect(summary).toContain('| node1 | etcd+controlplane+worker | done |');
    expect(summary).toContain('ended with exit code 0');
    const junit = await project.read('reports/junit.xml');
    expect(junit).toMatch(/<testsuite name="run" tests="\d+" failures="0"/);
    expect(junit).toContain('wait until the cluster DNS knows kubernetes.default.svc.cluster.local');
    expect(junit).toMatch(/<testsuite name="remove" tests="\d+" failures="0"/);
  });

  it('passes on how its command ended, and the cluster goes all the same', async () => {
    const result = await project.rke2ctl('run', '--junit', 'junit.xml', '--', 'sh', '-c', 'exit 7');
    expectExit(result, 7);
    await expectNothingLeft();
    expect(await project.read('junit.xml')).toContain('It ended with exit code 7.');
  });

  it('does nothing for a program that is not there', async () => {
    const result = expectExit(await project.rke2ctl('run', '--', 'no-such-thing'), 3);
    expect(result.stderr).toContain('[no-such-program]');
    expect(existsSync(project.path('cluster.rkestate'))).toBe(false);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'removes what it has made by %s in the middle of making it',
    async (signal) => {
      const run = await runUntil(
        project,
        ['run', '--', 'touch', 'was-run'],
        /start(ing)? rke2-server|join/,
        async (pid) => {
          await sleep(signal === 'SIGINT' ? 300 : 1_200);
          process.kill(pid, signal);
        },
      );
      expect(run.happened).toBe(true);
      expectExit(run, 130);
      expect(run.stderr).toContain('then the cluster is removed');
      expect(existsSync(project.path('was-run'))).toBe(false);
      await expectNothingLeft();
    },
  );

  it('ends its command and what that has started by SIGTERM', async () => {
    const script =
      'sleep 98761 & trap "echo told; exit 5" TERM; echo running >&2; while :; do sleep 0.1; done';
    const run = await runUntil(project, ['run', '--', 'sh', '-c', script], /^running$/m, (pid) => {
      process.kill(pid, 'SIGTERM');
    });
    expectExit(run, 130);
    expect(run.stdout).toBe('told');
    expect(await lives('sleep 9876[1]')).toBe(false);
    await expectNothingLeft();
  });

  it('ends a command that does not listen when the time is up', async () => {
    const script = 'trap "" TERM; while :; do sleep 0.2; done';
    const result = await project.rke2ctl('run', '--timeout', '11s', '--', 'sh', '-c', script);
    expectExit(result, 124);
    expect(result.stderr).toContain('The time is up');
    await expectNothingLeft();
  });

  it('keeps a cluster whose command has failed if asked, and refuses to run over it', async () => {
    const kept = expectExit(await project.rke2ctl('run', '--keep-on-failure', '--', 'false'), 1);
    expect(kept.stderr).toContain('The cluster is kept');
    expect((await project.kubectl('get', 'nodes', '--no-headers')).stdout).toMatch(/^node1 +Ready/);
    const again = expectExit(await project.rke2ctl('run', '--', 'true'), 1);
    expect(again.stderr).toContain('[cluster-exists]');
    expect((await project.kubectl('get', 'nodes', '--no-headers')).stdout).toMatch(/^node1 +Ready/);
    expectExit(await project.rke2ctl('remove', '--yes', '--config', 'cluster.yml'));
    await expectNothingLeft();
  });

  it('ends at once by a second Ctrl-C, and says what is left and how it goes away', async () => {
    const script = 'trap "" TERM; echo running >&2; while :; do sleep 0.2; done';
    const run = await runUntil(project, ['run', '--', 'sh', '-c', script], /^running$/m, async (pid) => {
      process.kill(pid, 'SIGINT');
      await sleep(900);
      process.kill(pid, 'SIGINT');
    });
    expectExit(run, 130);
    expect(run.stderr).toContain('What is left is on node1.');
    expect(run.stderr).toContain('`rke2ctl remove --yes --config cluster.yml` takes the cluster away.');
    expectExit(await project.rke2ctl('remove', '--yes', '--config', 'cluster.yml'));
    await expectNothingLeft();
    expect(await readFile(project.path('cluster.log'), 'utf8')).not.toBe('');
  });
});

const SLOW = '/run/systemd/system/rke2-server.service.d';

/** Whether rke2-server takes longer to start than anybody waits here, however fast the machine is. */
async function setSlow(isSlow: boolean): Promise<void> {
  const file = `printf '[Service]\\nExecStartPre=/bin/sleep 15\\n' >${SLOW}/slow.conf`;
  const line = isSlow ? `mkdir -p ${SLOW}; ${file}` : `rm -rf ${SLOW}`;
  expectExit(await lab.exec('node1', ['sh', '-ec', `${line}; systemctl daemon-reload`]));
}

describe('up --cleanup-on-failure', () => {
  it('takes away what does not come up, but never a cluster that was there before', async () => {
    await setSlow(true);
    const failed = await project.rke2ctl('up', '--cleanup-on-failure', '--timeout', '1s');
    await setSlow(false);
    expectExit(failed, 1);
    expect(failed.stderr).toContain('rke2ctl remove: cluster lab');
    await expectNothingLeft();
    expectExit(await project.rke2ctl('up', '--cleanup-on-failure'));
    await setSlow(true);
    await project.write(clusterFile(lab, [ALL], { services: { 'kube-api': { extra_args: { v: '2' } } } }));
    const changed = await project.rke2ctl('up', '--cleanup-on-failure', '--timeout', '1s');
    await setSlow(false);
    expectExit(changed, 1);
    expect(changed.stderr).toContain('The cluster was there before, so it is left as it is.');
    expect(existsSync(project.path('cluster.rkestate'))).toBe(true);
    expectExit(await project.rke2ctl('remove', '--yes'));
    await expectNothingLeft();
    await project.write(clusterFile(lab, [ALL]));
  });
});

/** As if the time that the host has noted were over in three seconds. */
const HURRY = `
at=$(($(date +%s) + 3))
read -r up _ </proc/uptime
file=${TTL_DEADLINE_PATH}
line="$at $(cat /proc/sys/kernel/random/boot_id) $((\${up%%.*} + 3))"
calendar=$(date -u -d "@$((at + 1))" '+%Y-%m-%d %H:%M:%S')
sed -i -e "s/^# rke2ctl: .*/# rke2ctl: $line/" -e "s/^OnCalendar=.*/OnCalendar=$calendar UTC/" "$file"
systemctl daemon-reload
systemctl restart ${TTL_TIMER}`;

describe('the time to live', () => {
  const shell = (line: string) => lab.exec('node1', ['sh', '-ec', line]);
  const ttlIs = (ttl?: string) => project.write(clusterFile(lab, [ALL], ttl === undefined ? {} : { ttl }));

  it('has the host take away by itself what nobody removed, and what is left here is told and forgotten', async () => {
    expectExit(await project.rke2ctl('run', '--ttl', '1h', '--timeout', '2h', '--', 'true'), 3);
    expectExit(await project.rke2ctl('run', '--ttl', '1h', '--keep-on-failure', '--', 'false'), 1);
    // The file says nothing of it: the run did, and that stays.
    expectExit(await project.rke2ctl('plan'));
    const { goesInSeconds } = JSON.parse((await project.rke2ctl('status', '--output', 'json')).stdout);
    expect(goesInSeconds).toBeGreaterThan(3_400);
    expect(goesInSeconds).toBeLessThanOrEqual(3_600);
    expectExit(await shell('systemctl start rke2ctl-ttl.service; systemctl is-active rke2-server'));
    expectExit(await shell(HURRY));
    const gone = `for i in $(seq 60); do [ -e ${TTL_SCRIPT_PATH} ] || exit 0; sleep 0.5; done; exit 1`;
    expectExit(await shell(gone));
    await expect
      .poll(async () => listingWithoutAllowed(await lab.listing('node1')), { timeout: 5_000 })
      .toEqual(before);
    expect(existsSync(project.path('cluster.rkestate'))).toBe(true);
    for (const command of ['plan', 'up', 'cert rotate --yes', 'etcd snapshot-save --yes']) {
      const told = expectExit(await project.rke2ctl(...command.split(' ')), 1);
      expect(told.stderr).toContain('[ttl-passed]');
    }
    const status = expectExit(await project.rke2ctl('status'), 4);
    expect(status.stdout).toContain('The time to live of this cluster (`ttl`, 1h) is over');
    expectExit(await project.rke2ctl('remove', '--yes'));
    await expectNothingLeft();
  });

  it('leaves a cluster when it leaves the file, and comes to none that is there', async () => {
    await ttlIs('1h');
    expectExit(await project.rke2ctl('up'));
    expectExit(await shell(`systemctl is-enabled ${TTL_TIMER}`));
    await ttlIs('20m');
    expect(expectExit(await project.rke2ctl('plan'), 1).stderr).toContain('[ttl-shorter]');
    await ttlIs();
    expectExit(await project.rke2ctl('up'));
    expectExit(await shell(`[ ! -e ${TTL_SCRIPT_PATH} ] && ! systemctl cat ${TTL_TIMER}`));
    expectExit(await project.rke2ctl('plan'));
    await ttlIs('1h');
    expect(expectExit(await project.rke2ctl('plan'), 1).stderr).toContain('[ttl-late]');
    expectExit(await project.rke2ctl('remove', '--yes'));
    await expectNothingLeft();
    await ttlIs();
  });
});

/** A line as `ops`, in the folder of the job. */
const asOps = (line: string) =>
  lab.exec('node1', ['runuser', '-u', 'ops', '--', 'sh', '-ec', `cd /home/ops/job; . ./variables; ${line}`]);

/** The machine of a runner: Node, kubectl and sudo are there, the repository is checked out, rke2ctl is built. */
async function prepareRunner(): Promise<void> {
  const root = lab.hosts[0]?.root ?? '';
  await lab.run(['cp', '-r', lab.artifacts, join(root, 'mnt/artifacts')]);
  const files = [
    'mkdir -p /home/ops/job/test; cd /home/ops/job; ln -s /mnt/rke2ctl rke2ctl',
    'export -p >/dev/null; echo "export PATH=$PATH:/usr/lib/rke2-standin/bin" >variables',
    'for name in OUTPUT STEP_SUMMARY; do echo "export GITHUB_$name=$PWD/$name" >>variables; : >$name; done',
    "printf '#!/bin/sh\\nkubectl get nodes --no-headers\\n' >test/e2e.sh; chmod +x test/e2e.sh; chown -R ops: .",
  ];
  expectExit(await lab.exec('node1', ['sh', '-ec', files.join('\n')]));
}

describe('the examples for CI services', () => {
  beforeAll(prepareRunner);

  it.each([
    ['GitHub Actions', githubScripts],
    ['GitLab', gitlabScripts],
  ])('for %s make a cluster on the runner, use it and leave nothing', async (_name, read) => {
    const { job, after } = await read();
    // Nothing can be fetched here: what builds rke2ctl is left out, and the release comes from files.
    const [line = '', ...others] = job.filter((each) => each.includes('bin/rke2ctl'));
    expect(others).toEqual([]);
    const withFiles = line.replace(' run --local ', ' run --local --artifacts /mnt/artifacts ');
    expect(withFiles).not.toBe(line);
    const { stdout } = expectExit(await asOps(withFiles));
    expect(stdout).toMatch(/^node1 +Ready/);
    expect(listingWithoutAllowed(await lab.listing('node1'))).toEqual(before);
    const { stdout: owner } = expectExit(await asOps('stat -c %U reports reports/rke2.xml; rm -r reports'));
    expect(owner).toBe('ops\nops');
    for (const each of after) expect((await asOps(each)).exitCode).toBe(0);
  });

  it('give later steps of a GitHub job where the kubeconfig was, and people a summary', async () => {
    const { stdout } = expectExit(await asOps('cat OUTPUT STEP_SUMMARY'));
    expect(stdout).toContain('kubeconfig=/home/ops/.rke2ctl/kube_config_local.yml');
    expect(stdout).toContain('| node1 | etcd+controlplane+worker | done |');
  });
});
