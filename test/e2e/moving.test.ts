import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, nodeEntry, type Project, SERVER, WORKER } from './project.ts';
import { chooseStepCuts, runUntilCut } from './step-cuts.ts';

/*
 * The only server carried to another network: named anew in the file, then found by its name without an edit. `npm run
 * test:long` kills the first at every step, `npm test` at some.
 */
const IS_WHOLE = process.env['RKE2CTL_LONG'] === '1';
const SEED = process.env['RKE2CTL_CUT_SEED'] ?? '1';
const SERVER_DIR = '/var/lib/rancher/rke2/server';
const NEW = '198.18.1.101';
const LATER = '198.18.1.102';
const NAME = 'tower.example';

let lab: Lab;
let project: Project;
let tokens: string;

beforeAll(async () => {
  lab = await createLab({ name: 'moving', hosts: 2, sudo: 'root' });
  project = await makeProject(lab, 'moving');
  await project.write(clusterFile(lab, [SERVER, WORKER]));
  expectExit(await project.rke2ctl('up'));
  expectExit(await project.kubectl('create', 'configmap', 'before'));
  tokens = await sh('node1', `cat ${SERVER_DIR}/token ${SERVER_DIR}/agent-token`);
});

afterAll(() => lab?.destroy());

async function sh(host: string, line: string): Promise<string> {
  return expectExit(await lab.exec(host, ['sh', '-c', line], { timeoutMs: 60_000 })).stdout.trim();
}

/** As a new lease does it; what listens on the old address goes on, and is reached by nobody. */
const readdress = (from: string, to: string) =>
  sh(
    'node1',
    `ip addr add ${to}/16 dev host0 && ip addr del ${from}/16 dev host0 && ip route replace default via 198.18.0.1`,
  );

async function writeServer(entry: Readonly<Record<string, unknown>>): Promise<void> {
  const file = clusterFile(lab, [SERVER, WORKER]) as { readonly nodes: readonly unknown[] };
  const [host] = lab.hosts;
  if (host === undefined) throw new Error('the lab has no hosts');
  await project.write({ ...file, nodes: [nodeEntry(host, SERVER, entry), file.nodes[1]] });
}

/** By the address, which its certificate must have; names are nothing that this machine could resolve. */
const kubectl = (address: string, ...args: string[]) =>
  project.kubectl('--server', `https://${address}:6443`, ...args);

async function expectBack(address: string): Promise<void> {
  const { stdout } = expectExit(await kubectl(address, 'get', 'nodes', '-o', 'wide', '--no-headers'));
  const nodes = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/));
  expect(nodes.map(([name, ready]) => [name, ready])).toEqual([
    ['node1', 'Ready'],
    ['node2', 'Ready'],
  ]);
  expect(nodes[0]).toContain(address);
  expectExit(await kubectl(address, 'get', 'configmap', 'before'));
  expect(await sh('node1', `cat ${SERVER_DIR}/token ${SERVER_DIR}/agent-token`)).toBe(tokens);
  for (const port of [9345, 6443, 2380]) {
    const shown = `openssl s_client -connect ${address}:${port} </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName`;
    expect(await sh('node2', shown), String(port)).toContain(address);
  }
  expect(expectExit(await project.rke2ctl('plan')).stdout).toContain('Nothing to do');
}

describe('a single server with another address', () => {
  it('comes back with every object, and its agent with it, wherever that is killed', async () => {
    await readdress(lab.hosts[0]?.address ?? '', NEW);
    await writeServer({ address: NEW });
    const { stdout, stderr } = expectExit(await project.rke2ctl('plan'), 2);
    expect(stdout + stderr).toContain('[server-moved]');
    const cuts = chooseStepCuts({ seed: SEED, change: 'move', ends: IS_WHOLE, within: IS_WHOLE ? 1 : 0.3 });
    let killed = 0;
    for (;;) {
      const run = await runUntilCut(project, ['up'], cuts);
      if (run.killed) killed += 1;
      if (run.cut === null) break;
    }
    expect(killed).toBeGreaterThan(0);
    await expectBack(NEW);
    expect(await sh('node1', `ls -d ${SERVER_DIR}/db/etcd-old-moved-*/member`)).toContain('/member');
  });
});

describe('a single server that is followed by its name', () => {
  it('needs no edit, only that its name leads to it', async () => {
    await leadTo(NEW);
    await writeServer({ address: NAME, follow: true });
    expectExit(await project.rke2ctl('up'));
    expect(await sh('node1', 'cat /etc/rancher/rke2/config.yaml')).not.toContain('node-ip');
    await expectBack(NEW);
    // It is switched off, carried away, and switched on.
    await sh('node1', 'systemctl stop rke2-server; rke2-killall.sh >/dev/null 2>&1');
    await readdress(NEW, LATER);
    await sh('node1', 'systemctl start --no-block rke2-server');
    await vi.waitFor(
      async () =>
        expect(await sh('node1', 'journalctl -u rke2-server -n 50 --no-pager')).toContain(
          'not a member of the etcd cluster',
        ),
      { timeout: 60_000, interval: 1_000 },
    );
    await leadTo(LATER);
    expectExit(await project.rke2ctl('up'));
    await expectBack(LATER);
  });
});

/** What the operator's name service says. */
async function leadTo(address: string): Promise<void> {
  const directory = project.path('home/.ssh');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(`${directory}/config`, `Host ${NAME}\n  HostName ${address}\n`, { mode: 0o600 });
}
