import { appendFile, copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { Option } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSemaphore } from '../../src/lib/semaphore.ts';
import type { ExecResult } from '../lab/command.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { CHANGING, LEAVES, type Leaf, longOf, takes } from '../support/command-leaves.ts';
import { chartsSettled } from './charts-settled.ts';
import { expectExit } from './expect-exit.ts';
import { findMutations, type SentCommand } from './find-mutations.ts';
import { clusterFile, makeProject, nodeEntry, type Project, SERVER, WORKER } from './project.ts';

/** How a command that only looks is called, and once more for flags that want a value of their own. */
interface Looking {
  readonly words?: readonly string[];
  readonly more?: readonly (readonly string[])[];
  /** Flags that cannot be tried here, each with the reason. */
  readonly leftOut?: Readonly<Record<string, string>>;
}

const LOCAL_INSTALL = [
  '--local',
  '--artifacts',
  '@artifacts',
  '--version',
  'v1.35.7+rke2r1',
  '--channel',
  'stable',
];

const LOOKING: Readonly<Record<string, Looking>> = {
  plan: {
    more: [
      ['--target', 'node2'],
      ['--replace', 'node2'],
      ['--rollback-node', 'node2'],
      ['--trace', 'out/@n.json'],
      ['--ignore-check', 'inotify'],
      ['--out', 'out/saved.plan'],
      ['--refresh', 'false'],
      ['--graph', 'svg', '--out-graph', 'out/@n.svg'],
      LOCAL_INSTALL,
    ],
  },
  check: {
    more: [
      ['--ignore-check', 'inotify'],
      ['--trace', 'out/@n.json'],
    ],
    leftOut: {
      '--local': 'it measures the disk of this machine',
      '--artifacts': 'goes with --local',
      '--version': 'goes with --local',
      '--channel': 'goes with --local',
    },
  },
  status: { more: [['--trace', 'out/@n.json']] },
  'cert check': { more: [['--warn-days', '7'], ['--node', 'node2'], ['node1']] },
  'cert generate-csr': {
    words: ['--cert-dir', 'out/ca@n'],
    leftOut: { '--ca-cert': 'it signs with a CA of the person', '--ca-key': 'goes with --ca-cert' },
  },
  'token list': {},
  'encrypt status': {},
  'etcd health': {},
  'etcd snapshot-list': {},
  'etcd snapshot-verify': { words: ['@snapshot'] },
  'etcd snapshot-download': { words: ['@snapshot', '--out', 'out/@n'] },
  kubeconfig: {
    words: ['--print'],
    more: [
      ['--merge', 'out/merged.yaml'],
      ['--merge', 'out/forced.yaml', '--force'],
      ['--print', '--server', 'https://198.18.1.1:6443'],
      ['--print', '--name', 'other'],
    ],
  },
  logs: {
    more: [
      ['--since', '1m'],
      ['--lines', '3'],
      ['--unit', 'ssh.service'],
      ['--limit', '50%'],
    ],
  },
  'support-bundle': { words: ['--out', 'out/@n.tar.gz'], more: [['--lines', '5', '--out', 'out/@n.tar.gz']] },
  validate: {},
  explain: { words: ['nodes'] },
  convert: {
    words: ['rke1.yml'],
    more: [
      ['rke1.yml', '--out', 'out/converted.yml'],
      ['rke1.yml', '--report', 'out/report.json'],
      ['rke1.yml', '--version', 'v1.35.7+rke2r1'],
    ],
  },
  config: { words: ['--minimal'], more: [['--empty']] },
  'config show': {},
  'config images': { more: [['--arch', 'amd64']] },
  render: { words: ['node1'] },
  'state show': {},
  'state history': {},
  'state history show': { words: ['@serial'] },
  // No host is changed; the file here is what they are for, and here it is that of another folder.
  'state pull': { words: ['-c', 'pulled/cluster.yml'] },
  'state rebuild': { words: ['-c', 'rebuilt/cluster.yml'] },
  'state unlock': {},
};

/** What it would do, a verb says without doing it. */
const PLANS = LEAVES.filter((leaf) => CHANGING.has(leaf.name) && takes(leaf, '--plan')).map(({ name }) => [
  ...name.split(' '),
  ...(name === 'etcd snapshot-restore' ? ['@snapshot'] : []),
  '--plan',
]);

/** Goes on until Ctrl-C. */
const ENDLESS = /^(?:status --watch|logs --follow)$/;
const LOOK_MS = 5_000;

/** Every way in which a command is called here: bare, with each flag that has no value, with each choice, and as said above. */
function callsOf({ name, options }: Leaf): readonly (readonly string[])[] {
  const { words = [], more = [] } = LOOKING[name] ?? {};
  const said = new Set([words, ...more].flat());
  const isFlag = (option: Option) => !option.required && !option.optional;
  const flags = options.filter(
    (option) => isFlag(option) && !said.has(longOf(option)) && !isLeftOut(name, option),
  );
  const chosen = options.filter(({ argChoices }) => argChoices !== undefined);
  return [
    [...words],
    ...flags.map((option) => [...words, longOf(option)]),
    ...chosen.flatMap((option) => otherChoices(option).map((choice) => [...words, longOf(option), choice])),
    ...more,
  ].map((call) => [...name.split(' '), ...call]);
}

/** The usual one is what happens without the flag. */
function otherChoices({ argChoices = [], defaultValue }: Option): readonly string[] {
  return argChoices.filter((choice) => choice !== defaultValue);
}

function isLeftOut(name: string, option: Option): boolean {
  return LOOKING[name]?.leftOut?.[longOf(option)] !== undefined;
}

describe('every command and every flag', () => {
  it('is declared as one that changes something or as one that only looks', () => {
    const unknown = LEAVES.filter(({ name }) => !CHANGING.has(name) && LOOKING[name] === undefined);
    expect(unknown.map(({ name }) => name)).toEqual([]);
    expect(LEAVES.length).toBeGreaterThan(20);
  });

  it('of those that look is tried', () => {
    const untried = LEAVES.filter(({ name }) => !CHANGING.has(name)).flatMap((leaf) => {
      const words = new Set(callsOf(leaf).flat());
      const missing = leaf.options.filter(
        (option) =>
          longOf(option) !== '--config' && !words.has(longOf(option)) && !isLeftOut(leaf.name, option),
      );
      return missing.map((option) => `${leaf.name} ${longOf(option)}`);
    });
    expect(untried).toEqual([]);
  });
});

const HOSTS = ['node1', 'node2'] as const;
const RKE1_FILE = 'nodes: [{address: 198.18.1.1, user: ops, role: [controlplane, etcd, worker]}]\n';

let lab: Lab;
let project: Project;
/** Of a state that is kept. */
let serial = '';
/** One that lies on the server. */
let snapshot = '';
const ran: { readonly call: string; readonly result: ExecResult }[] = [];

beforeAll(async () => {
  lab = await createLab({ name: 'looking-changes-nothing', hosts: 2 });
  project = await makeProject(lab, 'looking');
  const [server, worker] = lab.hosts;
  if (server === undefined || worker === undefined) throw new Error('the lab has two hosts');
  await project.write({
    ...clusterFile(lab, []),
    kubernetes_version: 'v1.35.7+rke2r1',
    nodes: [nodeEntry(server, SERVER), nodeEntry(worker, WORKER, { labels: { zone: 'b' } })],
  });
  expectExit(await project.rke2ctl('up'));
  await chartsSettled(project);
  expectExit(await project.rke2ctl('etcd', 'snapshot-save', '--name', 'looked', '--yes'));
  const listed = expectExit(await project.rke2ctl('etcd', 'snapshot-list'));
  snapshot = /^(looked-\S+)/m.exec(listed.stdout)?.[1] ?? '';
  const history = expectExit(await project.rke2ctl('state', 'history'));
  serial = /^ *(\d+) /m.exec(history.stdout)?.[1] ?? '';
  for (const folder of ['out', 'pulled', 'rebuilt']) {
    await mkdir(project.path(folder));
    for (const file of ['cluster.yml', 'cluster.rkestate'])
      await copyFile(project.path(file), project.path(`${folder}/${file}`));
  }
  await writeFile(project.path('rke1.yml'), RKE1_FILE);
  project.environment['RKE2CTL_TEST_RECORD'] = project.path('record.ndjson');
  project.environment['NODE_OPTIONS'] = `--import=${new URL('record-transport.mjs', import.meta.url).href}`;
});

afterAll(() => lab?.destroy());

async function sentCommands(): Promise<readonly SentCommand[]> {
  const text = await readFile(project.path('record.ndjson'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as SentCommand);
}

/** Changed by RKE2, systemd and logins by themselves; /proc, /sys and /run are not looked at. */
const OWN_LIFE =
  '/var/lib/rancher/rke2/(server/db/etcd|agent/logs|agent/containerd|agent/etc/rke2-[a-z-]*load-balancer.json|agent/etc [^/]*)|/var/log|/var/lib/(systemd|kubelet|private)';

/** Each file with kind, mode, owner, size, and the times of its content and of itself. */
async function filesOf(host: string): Promise<readonly string[]> {
  const tops = '/etc /usr/local /opt /home /root /srv /tmp /var';
  const find = `find ${tops} -printf '%p %y %m %U:%G %s %T@ %C@\\n' 2>/dev/null`;
  const script = `${find} | grep -vE '^(${OWN_LIFE})([/ ]|$)' | sort`;
  return expectExit(await lab.exec(host, ['sh', '-c', script])).stdout.split('\n');
}

/** Units, mounts, network, firewall. */
async function settingsOf(host: string): Promise<readonly string[]> {
  return (await lab.listing(host)).filter((line) => !/^(?:file|process) /.test(line));
}

/** Keys of etcd with the revision that last changed them, without what Kubernetes writes by itself all the time. */
async function keysOf(): Promise<Readonly<Record<string, number>>> {
  const tls = '/var/lib/rancher/rke2/server/tls/etcd';
  const { stdout } = expectExit(
    await lab.exec('node1', [
      ...['env', 'ETCDCTL_API=3', '/usr/lib/rke2-standin/bin/etcdctl', '--endpoints=https://127.0.0.1:2379'],
      ...[
        `--cacert=${tls}/server-ca.crt`,
        `--cert=${tls}/server-client.crt`,
        `--key=${tls}/server-client.key`,
      ],
      ...['get', '', '--prefix', '-w', 'json'],
    ]),
  );
  const { kvs } = JSON.parse(stdout) as { readonly kvs: readonly { key: string; mod_revision: number }[] };
  const keys = kvs.map(({ key, mod_revision }): [string, number] => [
    Buffer.from(key, 'base64').toString(),
    mod_revision,
  ]);
  return Object.fromEntries(
    keys.filter(([key]) => !/^\/registry\/(?:leases|masterleases|events|minions)\//.test(key)),
  );
}

/** Of Nodes what nobody but a person or a tool sets; their status changes by itself. */
async function nodesOf(): Promise<unknown> {
  const { stdout } = expectExit(await project.kubectl('get', 'nodes', '-o', 'json'));
  const { items } = JSON.parse(stdout) as {
    readonly items: readonly {
      metadata: { name: string; labels: object; annotations: object };
      spec: object;
    }[];
  };
  return items.map(({ metadata: { name, labels, annotations }, spec }) => ({
    name,
    labels,
    annotations,
    spec,
  }));
}

const LOCAL_FILES = [
  'cluster.yml',
  'cluster.rkestate',
  'cluster.rkestate.history',
  'cluster.journal.ndjson',
  'cluster.log',
];

async function everything(): Promise<unknown> {
  const [files, settings] = await Promise.all([
    Promise.all(HOSTS.map(filesOf)),
    Promise.all(HOSTS.map(settingsOf)),
  ]);
  const here = await Promise.all(
    LOCAL_FILES.map(async (name) => [name, (await stat(project.path(name))).mtimeMs]),
  );
  return { files, settings, keys: await keysOf(), nodes: await nodesOf(), here };
}

let count = 0;

async function call(words: readonly string[]): Promise<void> {
  count += 1;
  const number = String(count);
  const args = words.map((word) =>
    word
      .replace('@n', number)
      .replace('@artifacts', lab.artifacts)
      .replace('@serial', serial)
      .replace('@snapshot', snapshot),
  );
  const name = args.join(' ');
  if (!ENDLESS.test(name)) {
    ran.push({ call: name, result: await project.rke2ctl(...args) });
    return;
  }
  const child = project.spawn(...args);
  setTimeout(() => child.kill('SIGINT'), LOOK_MS);
  const { exitCode, stdout, stderr } = await child;
  ran.push({
    call: name,
    result: { exitCode: exitCode ?? -1, stdout: String(stdout), stderr: String(stderr) },
  });
}

/** One after another: of two that write the same file here, one would be refused. */
async function callEach(calls: readonly (readonly string[])[]): Promise<void> {
  for (const words of calls) await call(words);
}

describe('looking', () => {
  it('changes nothing: no file or its times, no setting, no key of etcd, no Node, no state', async () => {
    const before = await everything();
    const semaphore = createSemaphore(3);
    const looking = LEAVES.filter(({ name }) => !CHANGING.has(name));
    await Promise.all([
      ...looking.map((leaf) => semaphore.run(() => callEach(callsOf(leaf)))),
      ...PLANS.map((words) => semaphore.run(() => call(words))),
    ]);
    expect(await everything()).toEqual(before);
    expect(ran.length).toBeGreaterThan(70);
  });

  it('went well: each bare command, and with no flag a defect', () => {
    const bare = new Set(Object.entries(LOOKING).map(([name, { words = [] }]) => [name, ...words].join(' ')));
    const bad = ran.filter(({ call: name, result }) => {
      if (/defect of rke2ctl|\bundefined\b/.test(result.stderr)) return true;
      const isBare = bare.has(name) || /^support-bundle --out \S+$/.test(name);
      // A state that is whole is not made again without --force.
      return isBare && result.exitCode !== (name.startsWith('state rebuild') ? 1 : 0);
    });
    expect(bad).toEqual([]);
    expect(ran.filter(({ result }) => result.exitCode === 0).length).toBeGreaterThan(ran.length * 0.8);
  });

  it('sent no command that changes anything', async () => {
    const sent = await sentCommands();
    expect(sent.length).toBeGreaterThan(200);
    expect([...new Set(sent.flatMap(findMutations))]).toEqual([]);
  });

  it('is what the recording would have told apart: a change is found by each of these means', async () => {
    const before = (await everything()) as { files: readonly string[][]; keys: object };
    await rm(project.path('record.ndjson'), { force: true });
    await appendFile(project.path('cluster.yml'), 'services: {kubelet: {extra_args: {max-pods: 99}}}\n');
    expectExit(await project.rke2ctl('up'));
    const after = (await everything()) as { files: readonly string[][]; keys: object };
    expect(after.files[0]).not.toEqual(before.files[0]);
    expect(after.keys).not.toEqual(before.keys);
    const found = (await sentCommands()).flatMap(findMutations).join('\n');
    expect(found).toMatch(/rm -f "\$temp"/);
    expect(found).toMatch(/systemctl/);
    expect(found).toMatch(/\bcreate\b|\breplace\b/);
  });
});
