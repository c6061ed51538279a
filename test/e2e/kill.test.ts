import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRoot, newKey } from '../../src/pki/make-cas.ts';
import { writePrivateKey } from '../../src/pki/pem.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';

const HOSTS = ['node1', 'node2', 'node3'] as const;

const TLS = '/var/lib/rancher/rke2/server/tls';

let lab: Lab;
let project: Project;
/** The cluster has CAs of its own from the start: a run that is cut off must not leave half of them to be RKE2's. */
const root = makeRoot('Example Root', new Date());

beforeAll(async () => {
  lab = await createLab({ name: 'kill', hosts: 3 });
  project = await makeProject(lab, 'kill');
  await writeFile(project.path('root.pem'), root.certificate.toString());
  await writeFile(project.path('root.key'), writePrivateKey(root.key), { mode: 0o600 });
  await makeCas('./ca');
  await describeCluster('./ca');
});

afterAll(() => lab?.destroy());

/** CAs below the root in this directory beside cluster.yml. */
async function makeCas(directory: string): Promise<void> {
  const flags = ['--cert-dir', directory, '--ca-cert', 'root.pem', '--ca-key', 'root.key'];
  expectExit(await project.rke2ctl('cert', 'generate-csr', ...flags));
}

function describeCluster(ca: string | null): Promise<void> {
  const certificates = ca === null ? {} : { certificates: { ca } };
  return project.write(clusterFile(lab, [SERVER, SERVER, WORKER], certificates));
}

/** What a line of the JSON output says of a step. */
interface Line {
  readonly type: string;
  readonly step?: string;
}

/**
 * Runs `up` and kills it, as the kernel would, the moment an event of the output satisfies `isMoment` (after `delayMs`
 * more). True when it was killed, false when the run ended before.
 */
async function upUntil(isMoment: (line: Line) => boolean, delayMs = 0): Promise<boolean> {
  const process = project.spawn('up', '--output', 'json');
  let killed = false;
  let rest = '';
  process.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (killed || line === '' || !isMoment(JSON.parse(line) as Line)) continue;
      killed = true;
      setTimeout(() => process.kill('SIGKILL'), delayMs);
    }
  });
  await process;
  return killed;
}

const started = (step: string) => (line: Line) => line.type === 'step-started' && line.step === step;
const startedOne = ({ type, step }: Line, kind: string): boolean =>
  type === 'step-started' && step?.startsWith(`${kind} `) === true;
const ended = (step: string) => (line: Line) => line.type === 'step-ended' && line.step === step;
const key = (index: number) => `${lab.hosts[index]?.address}:22`;

/** Ids of etcd clusters that ever lay on the hosts' disks: a second bootstrap would leave a second one. */
async function clusterIds(): Promise<readonly string[]> {
  const hashes = await Promise.all(
    HOSTS.map(async (host) => {
      const { stdout } = await lab.exec(host, [
        'sh',
        '-c',
        'cat /var/lib/rancher/rke2/server/tls/server-ca.crt /var/lib/rancher/rke2/agent/server-ca.crt 2>/dev/null | sha256sum; ls -d /var/lib/rancher/rke2/server/db/etcd-old-* 2>/dev/null | wc -l',
      ]);
      return stdout;
    }),
  );
  return hashes;
}

/** The ten moments, in the order in which one life of the cluster meets them. Each is met by one cut-off run. */
const MOMENTS: readonly {
  readonly name: string;
  readonly is: () => (line: Line) => boolean;
  readonly delayMs?: number;
}[] = [
  { name: 'while it connects, before there is a state', is: () => (line) => line.type === 'host-connecting' },
  { name: 'when the plan is made, before any host is touched', is: () => (line) => line.type === 'planned' },
  { name: 'between the marker and everything else', is: () => ended(`claim ${key(0)}`) },
  {
    name: 'while firewalld reloads',
    // Hosts that had their orders when the run before was cut off carry them out: it may be any's, or nobody's any more.
    is: () => (line) => startedOne(line, 'open-firewall') || startedOne(line, 'stage-artifacts'),
    delayMs: 150,
  },
  { name: 'in the middle of the upload', is: () => started(`stage-artifacts ${key(1)}`), delayMs: 40 },
  {
    name: 'while a tarball is unpacked',
    // Any node's: those that were quicker than the one that was cut off have theirs already.
    is: () => (line) => startedOne(line, 'install'),
    delayMs: 60,
  },
  {
    name: 'while the ports are tried, before the first start',
    is: () => started('check-ports'),
    delayMs: 100,
  },
  { name: 'while the first server starts', is: () => started(`start-service ${key(0)}`), delayMs: 700 },
  {
    name: 'between the servers',
    // The one that was cut off before may have got READY by itself, and has no step any more.
    is: () => (line) => ended(`start-service ${key(0)}`)(line) || started(`start-service ${key(1)}`)(line),
  },
  { name: 'while the second server joins', is: () => started(`start-service ${key(1)}`), delayMs: 900 },
  { name: 'while the worker joins', is: () => started(`start-service ${key(2)}`), delayMs: 200 },
  { name: 'before the kubeconfig and the copy of the state', is: () => started(`verify-nodes ${key(0)}`) },
];

it('CAs that are wrong are refused before any host is touched', async () => {
  await makeCas('./wrong');
  await writeFile(project.path('wrong/etcd/peer-ca.key'), writePrivateKey(newKey()));
  await describeCluster('./wrong');
  const { stderr } = expectExit(await project.rke2ctl('up'), 3);
  expect(stderr).toContain('ca-key-mismatch');
  await expect(readFile(project.path('cluster.rkestate'))).rejects.toThrow('ENOENT');
  await describeCluster('./ca');
});

describe('kill -9 of `up`, once at each of these moments', () => {
  const cas = new Set<string>();

  for (const { name, is, delayMs } of MOMENTS) {
    it(name, async () => {
      expect(await upUntil(is(), delayMs)).toBe(true);
      // Whatever was cut, the next run must get in (no lock is stale) and know what to do.
      const plan = await project.rke2ctl('plan', '--output', 'json');
      expect([0, 2], plan.stderr).toContain(plan.exitCode);
      const ca = (
        await lab.exec('node1', [
          'sh',
          '-c',
          'cat /var/lib/rancher/rke2/server/tls/server-ca.crt 2>/dev/null',
        ])
      ).stdout;
      if (ca !== '') cas.add(ca);
      expect(cas.size).toBeLessThanOrEqual(1);
    });
  }

  it('and a plain `up` ends in the same cluster', async () => {
    expectExit(await project.rke2ctl('up'));
    const { stdout } = expectExit(await project.kubectl('get', 'nodes', '--no-headers'));
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/).slice(0, 2)),
    ).toEqual(HOSTS.map((host) => [host, 'Ready']));
    const ids = await clusterIds();
    expect(ids.every((id) => id.trim().endsWith('\n0'))).toBe(true);
    expect(cas.size).toBe(1);
    const state = JSON.parse(await readFile(project.path('cluster.rkestate'), 'utf8')) as {
      nodes: Record<string, { phase: string }>;
    };
    expect(Object.values(state.nodes).map((node) => node.phase)).toEqual(['joined', 'joined', 'joined']);
    expectExit(await project.rke2ctl('plan'), 0);
  });

  it('whose CAs are those of the file, on all nodes and on every port', async () => {
    const ours = async (name: string) => (await readFile(project.path(`ca/${name}`), 'utf8')).trim();
    expect([...cas].map((ca) => ca.trim())).toEqual([await ours('server-ca.crt')]);
    const hash = root.certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    for (const host of ['node1', 'node2'])
      for (const name of ['client-ca.key', 'etcd/peer-ca.crt', 'request-header-ca.key']) {
        const { stdout } = await lab.exec(host, ['cat', `${TLS}/${name}`]);
        expect(stdout.trim()).toBe(await ours(name));
      }
    const { stdout: modes } = await lab.exec('node1', [
      'sh',
      '-c',
      `stat -c %a ${TLS}/*-ca.key ${TLS}/etcd/*-ca.key`,
    ]);
    expect(new Set(modes.trim().split('\n'))).toEqual(new Set(['600']));
    for (const host of ['node2', 'node3']) {
      const file = host === 'node2' ? 'server-token' : 'agent-token';
      const { stdout } = await lab.exec(host, ['cat', `/etc/rancher/rke2/${file}`]);
      expect(stdout).toMatch(new RegExp(`^K10${hash}::`));
    }
    // From a node: 9345 is open to nobody else.
    const ports = [0, 1].flatMap((index) =>
      [9345, 6443].map((port) => `${lab.hosts[index]?.address}:${port}`),
    );
    const script = [
      `cat >/run/root.pem <<'END'\n${root.certificate}END`,
      ...ports.map(
        (port) => `curl -sS -o /dev/null --cacert /run/root.pem https://${port}/ping && echo ${port}`,
      ),
    ];
    const { stdout: trusted } = await lab.exec('node3', ['sh', '-c', script.join('\n')]);
    expect(trusted.trim().split('\n')).toEqual(ports);
  });

  it('and stay when the file names them no more; others are refused', async () => {
    await describeCluster(null);
    expectExit(await project.rke2ctl('plan'), 0);
    const other = makeRoot('Other Root', new Date());
    await writeFile(project.path('root.pem'), other.certificate.toString());
    await writeFile(project.path('root.key'), writePrivateKey(other.key), { mode: 0o600 });
    await makeCas('./other');
    await describeCluster('./other');
    const { exitCode, stderr, stdout } = await project.rke2ctl('up');
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toContain('cert rotate --rotate-ca');
  });
});
