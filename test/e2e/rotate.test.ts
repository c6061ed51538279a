import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { type AcknowledgedWrites, startWrites } from './acknowledged-writes.ts';
import { endCertificates } from './end-certificates.ts';
import { expectExit } from './expect-exit.ts';
import { ALL, clusterFile, makeProject, type Project, WORKER } from './project.ts';
import { chooseStepCuts, runUntilCut } from './step-cuts.ts';
import { callTrusting, keepCalling } from './tls-callers.ts';

/*
 * What is renewed in a living cluster: certificates, tokens, the key of Secrets. Each verb is killed at its steps and run again in one life of
 * the cluster, while a writer puts ConfigMaps through the load balancer. `npm run test:long` cuts at every step, `npm test`
 * at some.
 */
const IS_WHOLE = process.env['RKE2CTL_LONG'] === '1';
const SEED = process.env['RKE2CTL_CUT_SEED'] ?? '1';
// One rotation that is cut at all its steps, with nodes that restart in between, takes more than ten minutes on a busy machine.
if (IS_WHOLE) vi.setConfig({ testTimeout: 45 * 60_000 });

let lab: Lab;
let project: Project;
let writes: AcknowledgedWrites;
/** Of before anything was renewed. */
let snapshot: string;

const SERVERS = ['node1', 'node2', 'node3'] as const;
const ROLES = IS_WHOLE ? [ALL, ALL, ALL, WORKER, WORKER] : [ALL, ALL, ALL, WORKER];
const PORTS = [6443, 9345, 10250, 2379] as const;

beforeAll(async () => {
  lab = await createLab({ name: 'rotate', hosts: ROLES.length, lb: true });
  project = await makeProject(lab, 'rotate');
  await project.write(file());
  expectExit(await project.rke2ctl('up'));
  expectExit(await project.kubectl('create', 'configmap', 'of-before'));
  expectExit(await project.rke2ctl('etcd', 'snapshot-save', '--name', 'gold', '--yes'));
  snapshot = /gold-node\d-\d+/.exec((await snapshots()).stdout)?.[0] ?? '';
  writes = startWrites(lab, project);
});

afterAll(async () => {
  writes?.kill();
  await lab?.destroy();
});

/** The cluster behind its load balancer, with these names more in its certificates. */
function file(...sans: readonly string[]): Readonly<Record<string, unknown>> {
  const firewall = { public: ['api', 'ingress', 'nodeports', '9345/tcp'] };
  return { ...clusterFile(lab, ROLES), endpoint: endpoint(), firewall, authentication: { sans } };
}

function endpoint(): string {
  return lab.lb?.address ?? '';
}

function snapshots(): ReturnType<Project['rke2ctl']> {
  return project.rke2ctl('etcd', 'snapshot-list', '--output', 'json');
}

/** Does something and prints for how long nobody could write meanwhile. */
async function measured<T>(what: string, work: () => Promise<T>): Promise<T> {
  const since = Date.now();
  const result = await work();
  const gap = await writes.longestGapSince(since);
  console.log(`${what}: ${Date.now() - since} ms, longest time without a write ${gap} ms`);
  return result;
}

/** SHA-256 of what each port of each node shows, as openssl on the host sees it; agents have one port. */
async function shown(): Promise<ReadonlyMap<string, string>> {
  const all = lab.hosts
    .slice(0, ROLES.length)
    .flatMap(({ name }, index) => (ROLES[index] === ALL ? PORTS : [10250]).map((port) => ({ name, port })));
  const entries = await Promise.all(
    all.map(async ({ name, port }) => {
      const line = `openssl s_client -connect 127.0.0.1:${port} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256`;
      const { stdout } = await lab.exec(name, ['sh', '-c', line]);
      expect(stdout, `${name}:${port}`).toContain('Fingerprint=');
      return [`${name}:${port}`, stdout.trim()] as const;
    }),
  );
  return new Map(entries);
}

/** A Node is not Ready for a moment after its kubelet has started anew. */
function nothingLeft(): Promise<unknown> {
  return vi.waitFor(async () => expectExit(await project.rke2ctl('plan'), 0), {
    timeout: 60_000,
    interval: 1_000,
  });
}

/** Runs a verb with kills at its steps until it comes to its end, and `atCut` after each; gives how often it was killed. */
async function runKilled(words: readonly string[], atCut?: () => Promise<void>): Promise<number> {
  const cuts = chooseStepCuts({
    seed: SEED,
    change: words.join(' '),
    ends: IS_WHOLE,
    within: IS_WHOLE ? 0.5 : 0.1,
  });
  for (let killed = 0; ; ) {
    const run = await runUntilCut(project, [...words, '--yes'], cuts);
    if (run.cut === null) return killed;
    if (run.killed) killed += 1;
    // Cut off after its end there is nothing left to go on with: run again it would begin anew.
    if ((await readState()).operation === undefined) return killed;
    await atCut?.();
  }
}

async function readState(): Promise<{
  readonly operation?: unknown;
  readonly secrets: {
    readonly serverToken: string;
    readonly agentToken: string;
    readonly next?: unknown;
    readonly former?: readonly { readonly serverToken: string }[];
  };
}> {
  return JSON.parse(await readFile(project.path('cluster.rkestate'), 'utf8'));
}

describe('certificates', () => {
  it('are shown as they are, with exit code 0 while none ends soon', async () => {
    expectExit(await project.rke2ctl('cert', 'check'), 0);
  });

  it('a plan says what would happen, and a terminal that is none gets no answer', async () => {
    const { stdout } = expectExit(await project.rke2ctl('cert', 'rotate', '--plan'), 2);
    expect(stdout).toContain('take the old certificates out of use');
    const refused = await project.rke2ctl('cert', 'rotate');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('--yes');
    expect((await readState()).operation).toBeUndefined();
  });

  it('are all renewed, wherever it is killed, and every port shows new ones', async () => {
    const before = await shown();
    const kills = await measured('cert rotate', () => runKilled(['cert', 'rotate']));
    console.log(`cert rotate: killed ${kills} times`);
    const after = await shown();
    for (const [port, fingerprint] of after) expect(fingerprint, port).not.toBe(before.get(port));
    expect((await readState()).operation).toBeUndefined();
    expectExit(await project.kubectl('get', 'nodes'));
    await nothingLeft();
  });

  it('of one service alone are renewed in RKE1’s words', async () => {
    const before = await shown();
    expectExit(
      await project.rke2ctl('cert', 'rotate', '--service', 'kube-apiserver', '--node', 'node2', '--yes'),
    );
    const after = await shown();
    const changed = [...after].flatMap(([port, each]) => (each === before.get(port) ? [] : [port]));
    expect(changed).toContain('node2:6443');
    expect(changed.filter((port) => !port.startsWith('node2:'))).toEqual([]);
    expect(changed).not.toContain('node2:2379');
    const unknown = await project.rke2ctl('cert', 'rotate', '--service', 'scheduler,etcd', '--yes');
    expect(unknown.exitCode).toBe(3);
    expect(unknown.stderr).toContain('kube-scheduler');
  });

  it('of the servers’ ports bear a new name of the file at once, on all servers', async () => {
    await project.write(file('api.example.org'));
    await measured('a name more', async () => expectExit(await project.rke2ctl('up')));
    for (const host of SERVERS)
      for (const port of [6443, 9345]) {
        const line = `openssl s_client -connect 127.0.0.1:${port} </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName`;
        const { stdout } = await lab.exec(host, ['sh', '-c', line]);
        expect(stdout, `${host}:${port}`).toContain('DNS:api.example.org');
      }
  });
});

describe('certificates that have ended', () => {
  const check = async () => {
    const { exitCode, stdout } = await project.rke2ctl('cert', 'check');
    return { exitCode, stdout };
  };

  it('keep clients out, are told with exit code 4, and are mended', async () => {
    // On all nodes nobody but their hosts can be asked; one server and one agent show it as well, sooner.
    const servers = IS_WHOLE ? SERVERS : SERVERS.slice(0, 1);
    const names = [...servers, 'node4'];
    for (const host of names) {
      const isMeant = (path: string) => !/ca\.crt$|\/etcd\//.test(path);
      const ended = await endCertificates(lab, { host, server: 'node1' }, isMeant);
      expect(ended.length, host).toBeGreaterThan(host === 'node4' ? 2 : 10);
    }
    const there = ['--server', `https://${lab.hosts[0]?.address}:6443`, '--request-timeout=3s'];
    const get = () => project.kubectl('get', 'nodes', ...there);
    await vi.waitFor(async () => expect((await get()).stderr).toContain('expired'), 10_000);
    const { exitCode, stdout } = await check();
    expect(exitCode).toBe(4);
    for (const host of names)
      expect(stdout).toMatch(
        new RegExp(`${host}: \\d+ certificates are past the end, the first ended 1 day ago`),
      );
    const nodes = IS_WHOLE ? [] : ['--node', ...names];
    expectExit(await project.rke2ctl('cert', 'rotate', ...nodes, '--yes'));
    expectExit(await get());
    expect(await check()).toMatchObject({ exitCode: 0 });
  });

  it('of etcd itself leave no server that could come up alone: all start together', async () => {
    const before = await shown();
    for (const host of SERVERS) {
      const ended = await endCertificates(lab, { host }, (path) =>
        /\/etcd\/(peer-)?(server-)?client\.crt$/.test(path),
      );
      expect(ended, host).toHaveLength(3);
    }
    expect((await check()).exitCode).toBe(4);
    const rotated = expectExit(await project.rke2ctl('cert', 'rotate', '--yes'));
    expect(rotated.stdout + rotated.stderr).toContain('all are stopped and start together');
    const after = await shown();
    for (const host of SERVERS) expect(after.get(`${host}:2379`)).not.toBe(before.get(`${host}:2379`));
    expect(await check()).toMatchObject({ exitCode: 0 });
  });

  it('are another matter where a CA has ended: nothing is touched, and the way is told', async () => {
    const ca = '/var/lib/rancher/rke2/server/tls/server-ca.crt';
    expectExit(await lab.exec('node1', ['cp', '-p', ca, '/run/server-ca.crt']));
    try {
      const isCa = (path: string) => path === 'server/tls/server-ca.crt';
      expect(await endCertificates(lab, { host: 'node1' }, isCa)).toHaveLength(1);
      const { exitCode, stdout } = await check();
      expect(exitCode).toBe(4);
      expect(stdout).toMatch(/The authority CN=rke2-server-ca@\d+ \(on node1\) ended 1 day ago/);
      for (const words of [[], ['--rotate-ca', '--force']]) {
        const refused = await project.rke2ctl('cert', 'rotate', ...words, '--yes');
        expect(refused.exitCode).toBe(1);
        expect(refused.stderr).toContain('[authority-ended]');
        expect(refused.stderr).toContain('date -u -s');
      }
      expect((await readState()).operation).toBeUndefined();
    } finally {
      expectExit(await lab.exec('node1', ['cp', '-p', '/run/server-ca.crt', ca]));
    }
    expect(await check()).toMatchObject({ exitCode: 0 });
  });
});

describe('authorities', () => {
  const TLS = '/var/lib/rancher/rke2/server/tls';
  const state = async () => JSON.parse(await project.read('cluster.rkestate')) as { readonly caHash: string };

  /** What of the servers' CA signs itself, as a file here. */
  async function rootsInto(name: string, known = ''): Promise<string> {
    const { stdout } = await lab.exec('node1', ['cat', `${TLS}/server-ca.crt`]);
    const roots = stdout
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .filter((pem) => pem.includes('BEGIN') && !known.includes(pem.trim()))
      .filter((pem) => new X509Certificate(pem).checkIssued(new X509Certificate(pem)));
    expect(roots, name).toHaveLength(1);
    await writeFile(project.path(name), roots.join(''));
    return project.path(name);
  }

  /** Who trusts this file alone, at the endpoint and at every server. */
  async function trusting(caFile: string): Promise<readonly string[]> {
    const addresses = [endpoint(), ...SERVERS.map((_name, index) => lab.hosts[index]?.address)];
    const urls = addresses.flatMap((address) =>
      [6443, 9345].map((port) => `https://${address}:${port}/ping`),
    );
    return Promise.all(urls.map((url) => callTrusting(lab, caFile, url)));
  }

  it('are replaced, wherever it is killed; who trusts only the old ones still gets in, nodes pin the new ones', async () => {
    const before = await state();
    const old = await project.read('kube_config_cluster.yml');
    await writeFile(project.path('old-kubeconfig.yml'), old, { mode: 0o600 });
    const oldRoot = await rootsInto('old-root.pem');
    const client = keepCalling(lab, oldRoot, `https://${endpoint()}:6443/ping`);
    const kills = await measured('cert rotate --rotate-ca', () =>
      runKilled(['cert', 'rotate', '--rotate-ca']),
    ).finally(() => client.stop());
    const calls = await client.stop();
    console.log(
      `cert rotate --rotate-ca: killed ${kills} times; who trusts the old: ${JSON.stringify(calls)}`,
    );
    expect(calls.distrusted).toBe(0);
    expect(calls.answered).toBeGreaterThan(10);
    const newRoot = await rootsInto('new-root.pem', await project.read('old-root.pem'));
    for (const trusted of [oldRoot, newRoot])
      expect(new Set(await trusting(trusted)), trusted).toEqual(new Set(['answered']));
    const after = await state();
    expect(after.caHash).not.toBe(before.caHash);
    const authority = /certificate-authority-data: (\S+)/;
    const now = await project.read('kube_config_cluster.yml');
    expect(authority.exec(now)?.[1]).not.toBe(authority.exec(old)?.[1]);
    expectExit(await project.kubectl('get', 'nodes'));
    expectExit(await project.kubectl('--kubeconfig', project.path('old-kubeconfig.yml'), 'get', 'nodes'));
    const pins = await lab.exec('node4', ['cat', '/etc/rancher/rke2/agent-token']);
    expect(pins.stdout).toContain(`K10${after.caHash}::`);
    expectExit(await lab.exec('node4', ['systemctl', 'restart', 'rke2-agent']));
    await nothingLeft();
  });

  it.runIf(IS_WHOLE)(
    'are replaced without the word of the old ones by force, on all servers at once',
    async () => {
      const words = ['cert', 'rotate', '--rotate-ca', '--force'];
      const before = await state();
      const kills = await measured('cert rotate --rotate-ca --force', () => runKilled(words));
      console.log(`cert rotate --rotate-ca --force: killed ${kills} times`);
      expect((await state()).caHash).not.toBe(before.caHash);
      expectExit(await project.kubectl('get', 'nodes'));
      expect(new Set(await trusting(project.path('new-root.pem')))).toEqual(new Set(['distrusted']));
      expect((await project.rke2ctl('cert', 'check')).exitCode).toBe(0);
      await nothingLeft();
    },
  );
});

/** Whether the state has the token that opens the snapshot of before. */
async function opens(): Promise<boolean | null | undefined> {
  const { snapshots: listed } = JSON.parse((await snapshots()).stdout) as {
    readonly snapshots: readonly { readonly name: string; readonly opens: boolean | null }[];
  };
  return listed.find(({ name }) => name === snapshot)?.opens;
}

describe('tokens', () => {
  it('are replaced, wherever it is killed; the state keeps the old one, and the new ones let in', async () => {
    const before = (await readState()).secrets;
    // RKE2 knows one token at a time: who restarts between the cluster's change and its own waits for the verb to go on.
    const waited: string[] = [];
    const restart = async (host: string, unit: string): Promise<void> => {
      const { exitCode } = await lab.exec(host, ['timeout', '15', 'systemctl', 'restart', unit]);
      if (exitCode !== 0) waited.push(host);
    };
    const kills = await measured('token rotate', () =>
      runKilled(['token', 'rotate'], async () => {
        await Promise.all([restart('node3', 'rke2-server'), restart('node4', 'rke2-agent')]);
        expect(await opens()).toBe(true);
      }),
    );
    console.log(
      `token rotate: killed ${kills} times; restarted then, and waited for it: ${waited.join(', ') || 'nobody'}`,
    );
    expect(await opens()).toBe(true);
    const { secrets, operation } = await readState();
    expect(operation).toBeUndefined();
    expect(secrets.next).toBeUndefined();
    expect(secrets.serverToken).not.toBe(before.serverToken);
    expect(secrets.agentToken).not.toBe(before.agentToken);
    expect(secrets.former?.map(({ serverToken }) => serverToken)).toEqual([before.serverToken]);
    const tokens = await lab.exec('node2', [
      'cat',
      '/etc/rancher/rke2/server-token',
      '/var/lib/rancher/rke2/server/token',
    ]);
    expect(tokens.stdout.match(new RegExp(secrets.serverToken, 'g'))).toHaveLength(2);
    // Whoever restarts by itself gets in.
    for (const [host, unit] of [
      ['node3', 'rke2-server'],
      ['node4', 'rke2-agent'],
    ] as const)
      expectExit(await lab.exec(host, ['systemctl', 'restart', unit]));
    await nothingLeft();
  });

  it('for a while let agents in until they end, and are told once', async () => {
    const token = expectExit(
      await project.rke2ctl('token', 'create', '--ttl', '10m', '--description', 'two more'),
    ).stdout.trim();
    const [, id = '', secret = ''] = /^K10[0-9a-f]{64}::([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? [];
    expect(id).not.toBe('');
    const letsIn = async (): Promise<string> => {
      const url = 'https://127.0.0.1:9345/v1-rke2/config';
      const line = [
        'curl',
        '-sk',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-H',
        `Authorization: Bearer ${id}.${secret}`,
        url,
      ];
      return (await lab.exec('node2', line)).stdout;
    };
    expect(await letsIn()).toBe('200');
    const { stdout } = expectExit(await project.rke2ctl('token', 'list', '--output', 'json'));
    expect(JSON.parse(stdout).tokens).toMatchObject([{ id, description: 'two more' }]);
    expect(stdout).not.toContain(secret);
    expect(expectExit(await project.rke2ctl('token', 'list')).stdout).toMatch(
      new RegExp(`${id} +\\d+ minutes`),
    );
    expectExit(await project.rke2ctl('token', 'delete', id));
    expect(await letsIn()).toBe('401');
    expect((await project.rke2ctl('token', 'delete', id)).exitCode).toBe(4);
    expect((await project.rke2ctl('token', 'delete', 'not-a-token')).exitCode).toBe(3);
    expect((await project.read('cluster.log')).includes(secret)).toBe(false);
  });

  it('are in no line that was said or logged', async () => {
    const { secrets } = await readState();
    const told = await project.read('cluster.log');
    for (const secret of [secrets.serverToken, secrets.agentToken, secrets.former?.[0]?.serverToken ?? ''])
      expect(told.includes(secret)).toBe(false);
  });
});

describe('Secrets', () => {
  it('lie in etcd under a new key, wherever it is killed, and none that was written meanwhile is lost', async () => {
    const before = await encryption();
    expect(before.problems).toEqual([]);
    const names: string[] = [];
    let goOn = true;
    const writing = (async () => {
      for (let index = 0; goOn; index += 1) {
        const name = `written-${index}`;
        const args = ['create', 'secret', 'generic', name, `--from-literal=word=${name}`];
        if ((await project.kubectl(...args)).exitCode === 0) names.push(name);
        await sleep(500);
      }
    })();
    const kills = await runKilled(['encrypt', 'rotate-key']).finally(() => {
      goOn = false;
    });
    await writing;
    console.log(`encrypt rotate-key: killed ${kills} times, ${names.length} Secrets written meanwhile`);
    const after = await encryption();
    expect(after.problems).toEqual([]);
    expect(after.key).not.toBe(before.key);
    expect(names.length).toBeGreaterThan(0);
    for (const [name, text] of await storedSecrets())
      expect(text.startsWith(`k8s:enc:aescbc:v1:${after.key}:`), name).toBe(true);
    for (const host of ['node1', 'node2', 'node3']) {
      const kubectl = '/var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml';
      const line = `${kubectl} get secrets -n default -o jsonpath='{range .items[*]}{.metadata.name} {.data.word}{"\\n"}{end}'`;
      const { stdout } = expectExit(await lab.exec(host, ['sh', '-c', line]));
      for (const name of names)
        expect(stdout.split('\n'), host).toContain(`${name} ${Buffer.from(name).toString('base64')}`);
    }
    expect((await readState()).operation).toBeUndefined();
    await nothingLeft();
  });
});

/** What `encrypt status` says: what is wrong, and the one key that all servers write with. */
async function encryption(): Promise<{ readonly problems: readonly string[]; readonly key: string }> {
  const { stdout } = await project.rke2ctl('encrypt', 'status', '--output', 'json');
  const { problems, servers } = JSON.parse(stdout) as {
    readonly problems: readonly string[];
    readonly servers: readonly { readonly status: { readonly active: { readonly name: string } } | null }[];
  };
  const keys = [...new Set(servers.map(({ status }) => status?.active.name ?? 'none'))];
  expect(keys).toHaveLength(1);
  return { problems, key: keys.join() };
}

/** The Secrets' values as they lie in the etcd of a node. */
async function storedSecrets(): Promise<ReadonlyMap<string, string>> {
  const tls = '/var/lib/rancher/rke2/server/tls/etcd';
  const body = JSON.stringify({
    key: Buffer.from('/registry/secrets/').toString('base64'),
    range_end: Buffer.from('/registry/secrets0').toString('base64'),
  });
  const { stdout } = await lab.exec('node3', [
    'curl',
    '-sS',
    '--cacert',
    `${tls}/server-ca.crt`,
    '--cert',
    `${tls}/server-client.crt`,
    '--key',
    `${tls}/server-client.key`,
    '-d',
    body,
    'https://127.0.0.1:2379/v3/kv/range',
  ]);
  const { kvs } = JSON.parse(stdout) as {
    readonly kvs: readonly { readonly key: string; readonly value: string }[];
  };
  const text = (base64: string) => Buffer.from(base64, 'base64').toString('latin1');
  return new Map(kvs.map(({ key, value }) => [text(key), text(value)]));
}

it('no write that was acknowledged is missing', async () => {
  const { written, missing, longestGapMs } = await writes.stop();
  console.log(`${written} writes, longest gap ${longestGapMs} ms`);
  expect(missing).toEqual([]);
  expect(written).toBeGreaterThan(50);
});

it('a snapshot of before all of this is restored: its CAs, tokens and keys are those of its time', async () => {
  const now = await readState();
  expectExit(await project.rke2ctl('etcd', 'snapshot-restore', snapshot, '--yes'));
  const { secrets } = await readState();
  expect(secrets.serverToken).toBe(now.secrets.former?.at(-1)?.serverToken);
  expectExit(await project.kubectl('get', 'configmap', 'of-before'));
  expect((await project.kubectl('get', 'configmap', 'written-0')).exitCode).toBe(1);
  for (const [host, unit] of [
    ['node2', 'rke2-server'],
    ['node4', 'rke2-agent'],
  ] as const)
    expectExit(await lab.exec(host, ['systemctl', 'restart', unit]));
  await nothingLeft();
});
