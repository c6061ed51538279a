import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { listingWithoutAllowed } from './allowed-rest.ts';
import { expectExit } from './expect-exit.ts';
import { makeLargeRelease } from './large-release.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';

const HOSTS = ['node1', 'node2', 'node3', 'node4', 'node5'] as const;
const BUNDLE = '/var/lib/rancher/rke2/agent/images/rke2-images.linux-amd64.tar.zst';
const COPY_BYTES = 100 << 20;
/** Where nodes serve each other. */
const PORTS = ['9344', '9343', '9342'];

let lab: Lab;
let project: Project;
let artifacts: string;
let hash: string;
/** Each host as it was before rke2ctl ever saw it. */
const before = new Map<string, readonly string[]>();

beforeAll(async () => {
  lab = await createLab({ name: 'fan-out', hosts: HOSTS.length });
  for (const host of HOSTS) before.set(host, await lab.listing(host));
  project = await makeProject(lab, 'fan-out');
  artifacts = join(project.directory, 'release');
  hash = await makeLargeRelease(lab, artifacts, COPY_BYTES);
});

afterAll(() => lab?.destroy());

const writeCluster = (transfer: Readonly<Record<string, unknown>> = {}) =>
  project.write(
    clusterFile(lab, [SERVER, WORKER, WORKER, WORKER, WORKER], {
      install: { artifacts },
      transfer,
      // A node without power is noticed in seconds.
      ssh: { keepalive: '2s' },
    }),
  );

const sh = async (host: string, line: string) => (await lab.exec(host, ['sh', '-c', line])).stdout.trim();

/** Bytes that have left the operator's side of the lab's network. */
async function bytesSent(): Promise<number> {
  // The bridge counts what this side sends, not what it forwards between hosts.
  const { stdout } = expectExit(await lab.run(['ip', '-s', '-j', 'link', 'show', 'br0']));
  const [bridge] = JSON.parse(stdout) as { readonly stats64: { readonly tx: { readonly bytes: number } } }[];
  return bridge?.stats64.tx.bytes ?? Number.NaN;
}

async function copies(work: () => Promise<void>): Promise<number> {
  const was = await bytesSent();
  await work();
  return ((await bytesSent()) - was) / COPY_BYTES;
}

const verified = (host: string) => sh(host, `sha256sum ${BUNDLE} | cut -d ' ' -f 1`);

/** Changes a few bytes of a node's bundle behind everybody's back. */
const spoil = (host: string) =>
  sh(
    host,
    `touch -r ${BUNDLE} /run/stamp; printf 'something else' | dd of=${BUNDLE} bs=1 seek=100000000 conv=notrunc; touch -r /run/stamp ${BUNDLE}; rm /run/stamp`,
  );

const rest = (host: string) =>
  sh(
    host,
    `ls -d /run/rke2ctl-serve.* 2>/dev/null; pgrep -l '^systemd-socket-'; firewall-cmd --list-rich-rules | grep -E '"(${PORTS.join('|')})"'`,
  );

/** Resolves once some node has so much of the release; gives the fractions that were seen. */
function seen(run: ReturnType<Project['spawn']>, fraction: number): Promise<void> {
  return new Promise((resolve) => {
    run.stdout?.on('data', (chunk: Buffer) => {
      for (const [, part] of chunk.toString().matchAll(/"fraction":([\d.]+)/g))
        if (Number(part) >= fraction) resolve();
    });
    void run.then(() => resolve());
  });
}

/** Whether a port of a node lets in somebody who is none of the nodes. */
async function letsStrangersIn(address: string, port: string): Promise<boolean> {
  const connect = ['timeout', '3', 'bash', '-c', `: </dev/tcp/${address}/${port}`];
  return (await lab.run(connect)).exitCode === 0;
}

describe('a release for five nodes', () => {
  it('leaves the operator once, also when a node dies in the middle', async () => {
    await writeCluster({ operator_mbps: 100 });
    const sent = await copies(async () => {
      const run = project.spawn('up', '--output', 'json');
      await seen(run, 0.3);
      const listening = await Promise.all(
        HOSTS.map((host) => sh(host, `ss -Hltn | awk '{ print $4 }' | grep -E ':(${PORTS.join('|')})$'`)),
      );
      expect(listening.filter((line) => line !== '').length).toBeGreaterThan(0);
      for (const line of listening.filter((each) => each !== '')) {
        const [, address = '', port = ''] = /^(.*):(\d+)$/.exec(line) ?? [];
        expect([line, await letsStrangersIn(address, port)]).toEqual([line, false]);
      }
      await lab.powerOff('node3');
      const { exitCode } = await run;
      expect(exitCode).toBe(4);
    });
    for (const host of HOSTS.filter((each) => each !== 'node3')) expect(await verified(host)).toBe(hash);
    expect(sent).toBeLessThan(1.15);
    for (const host of HOSTS.filter((each) => each !== 'node3')) expect(await rest(host)).toBe('');
  });

  it('comes from the other nodes for one that is late', async () => {
    // Whoever is asked gives wrong bytes that it cannot know of: that costs a chunk, not a copy.
    for (const host of HOSTS.filter((each) => each !== 'node3')) await spoil(host);
    await lab.powerOn('node3');
    // However far it came before it lost its power.
    await sh('node3', `rm -f ${BUNDLE.replace(/[^/]*$/, '')}.*-part`);
    const sent = await copies(async () => void expectExit(await project.rke2ctl('up')));
    expect(await verified('node3')).toBe(hash);
    expect(sent).toBeGreaterThan(0.04);
    expect(sent).toBeLessThan(0.1);
    for (const host of HOSTS) expect(await rest(host)).toBe('');
  });

  it('leaves nothing behind but what is RKE2’s', async () => {
    expectExit(await project.rke2ctl('remove', '--yes'));
    for (const host of HOSTS)
      expect(listingWithoutAllowed(await lab.listing(host))).toEqual(
        listingWithoutAllowed(before.get(host) ?? []),
      );
  });

  it('leaves no listener and no rule behind when rke2ctl is killed in the middle', async () => {
    await writeCluster({ operator_mbps: 100 });
    const run = project.spawn('up', '--output', 'json');
    await seen(run, 0.3);
    expect((await Promise.all(HOSTS.map(rest))).join('')).toContain('systemd-socket-');
    run.kill('SIGKILL');
    await run;
    const rests = () => Promise.all(HOSTS.map(rest));
    await expect.poll(rests, { timeout: 20_000, interval: 1_000 }).toEqual(HOSTS.map(() => ''));
    for (const host of HOSTS) await sh(host, `rm -rf ${BUNDLE.replace(/[^/]*$/, '')}`);
  });

  it('comes from the operator to each where nodes do not let each other in', async () => {
    await writeCluster();
    for (const host of HOSTS) await lab.fault(host, 'drop-port', PORTS[0]);
    const sent = await copies(async () => void expectExit(await project.rke2ctl('up')));
    for (const host of HOSTS) expect(await verified(host)).toBe(hash);
    expect(sent).toBeGreaterThan(HOSTS.length - 0.1);
  });
});
