import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CertificateReport } from '../../src/domain/certificates.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { signCertificate } from '../standin/rke2/certificate.ts';
import { chartsSettled } from './charts-settled.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, nodeEntry, type Project, SERVER, WORKER } from './project.ts';

const BIN = fileURLToPath(new URL('../../bin/rke2ctl', import.meta.url));
const HOSTS = ['node1', 'node2'] as const;

let lab: Lab;
let project: Project;

const plant = (name: string) => `${name}-${randomBytes(9).toString('hex')}`;

/** Secrets that cluster.yml names, and some that lie on hosts and that nobody told us of. */
const secrets: Record<string, string> = {
  registryPassword: plant('rp'),
  s3Key: plant('s3'),
  addonSecret: plant('as'),
  argument: plant('ar'),
  proxyPassword: plant('pp'),
  handToken: plant('ht'),
  handPassword: plant('hp'),
  environment: plant('en'),
  privateKey: randomBytes(48).toString('base64'),
  logged: plant('lo'),
  bearer: plant('be'),
};

beforeAll(async () => {
  lab = await createLab({ name: 'looking', hosts: 2, bastion: true });
  project = await makeProject(lab, 'looking');
  await writeFile(project.path('s3-key'), `${secrets['s3Key']}\n`, { mode: 0o600 });
  const [server, worker] = lab.hosts;
  if (server === undefined || worker === undefined) throw new Error('the lab has two hosts');
  await project.write({
    ...clusterFile(lab, []),
    nodes: [
      nodeEntry(server, SERVER, { labels: { zone: 'a' } }),
      nodeEntry(worker, WORKER, { labels: { zone: 'b' } }),
    ],
    ssh: { connect_timeout: '5s' },
    private_registries: [{ url: 'reg.example.com', user: 'puller', password: secrets['registryPassword'] }],
    proxy: { https: `http://proxy:${secrets['proxyPassword']}@198.18.9.9:3128` },
    services: {
      'kube-api': { extra_args: { 'oidc-client-secret': secrets['argument'] } },
      etcd: {
        backup_config: {
          s3backupconfig: {
            endpoint: 's3.example.com',
            bucket_name: 'snapshots',
            access_key: 'AKIA',
            secret_key: 'file:./s3-key',
          },
        },
      },
    },
    addons: `apiVersion: v1\nkind: Secret\nmetadata: {name: planted}\nstringData: {key: ${secrets['addonSecret']}}\n`,
  });
  expectExit(await project.rke2ctl('up'));
  await chartsSettled(project);
  const state = JSON.parse(await project.read('cluster.rkestate')) as { secrets: Record<string, string> };
  Object.assign(secrets, state.secrets);
});

afterAll(() => lab?.destroy());

const sh = (host: string, line: string, stdin = '') => lab.exec(host, ['sh', '-c', line], { stdin });

describe('exec', () => {
  it('runs on all nodes, as root, with a table of exit codes', async () => {
    const { stdout, stderr } = expectExit(
      await project.rke2ctl('exec', '--shell', 'id -un; hostname; echo odd >&2; test $(hostname) = node1'),
      4,
    );
    expect(stdout.trim().split('\n').sort()).toEqual(
      ['node1 | node1', 'node1 | root', 'node2 | node2', 'node2 | root'].sort(),
    );
    expect(stderr).toMatch(/^node1 \| odd$/m);
    expect(stderr).toMatch(/^node1 +0 /m);
    expect(stderr).toMatch(/^node2 +1 /m);
    expect(stderr).toContain('Not exit code 0 on 1 of 2 nodes.');
  });

  it('selects by role and label, and gives words as they are', async () => {
    const words = ['a b', "c'd", '$HOME', '*', '', 'ä;\\'];
    for (const more of [[], ['--no-sudo']]) {
      const { stdout } = expectExit(
        await project.rke2ctl('exec', 'zone=b', ...more, '-o', 'json', '--', 'printf', '[%s]', ...words),
      );
      const { nodes } = JSON.parse(stdout) as { nodes: readonly { node: string; stdout: string }[] };
      expect(nodes.map(({ node, stdout: said }) => [node, said])).toEqual([
        ['node2', words.map((word) => `[${word}]`).join('')],
      ]);
    }
    expectExit(await project.rke2ctl('exec', 'etcd', '--', 'kubectl', 'get', 'nodes'));
    const { stdout } = expectExit(await project.rke2ctl('exec', 'worker', '--no-sudo', '--', 'id', '-un'));
    expect(stdout).toBe('node2 | ops');
  });

  it('refuses what means no node and what is no command, before anything is run', async () => {
    expect(expectExit(await project.rke2ctl('exec', 'wroker', '--', 'id'), 3).stderr).toContain(
      'Did you mean worker?',
    );
    expect(expectExit(await project.rke2ctl('exec', 'node1'), 3).stderr).toContain('not said what to run');
    const both = await project.rke2ctl('exec', '--shell', 'id', '--', 'id');
    expect(expectExit(both, 3).stderr).toContain('only one of them');
  });

  it('says lines as they come', async () => {
    const child = project.spawn('exec', 'node1', '--', 'sh', '-c', 'echo first; sleep 3; echo second');
    const seen: [string, number][] = [];
    child.stdout?.on('data', (chunk: Buffer) => seen.push([chunk.toString(), Date.now()]));
    expect((await child).exitCode).toBe(0);
    expect(seen.map(([text]) => text)).toEqual(['node1 | first\n', 'node1 | second\n']);
    expect((seen[1]?.[1] ?? 0) - (seen[0]?.[1] ?? 0)).toBeGreaterThan(2_000);
  });

  it.each([[[]], [['--no-sudo']]])(
    'is ended on the hosts, with all it started, by Ctrl-C %j',
    async (more) => {
      const running = async () =>
        (await Promise.all(HOSTS.map((host) => sh(host, 'pgrep -cfx "sleep 777"; true')))).map(({ stdout }) =>
          Number(stdout),
        );
      const before = await running();
      const child = project.spawn(
        'exec',
        'all',
        ...more,
        '--',
        'sh',
        '-c',
        'sleep 777 & sleep 777; echo over',
      );
      await vi.waitFor(async () => expect(await running()).toEqual(before.map((count) => count + 2)), {
        timeout: 15_000,
        interval: 300,
      });
      child.kill('SIGINT');
      const { exitCode, stdout, stderr } = await child;
      expect([exitCode, stdout]).toEqual([130, '']);
      expect(stderr).toContain('Ending the command on the hosts.');
      expect(await running()).toEqual(before);
    },
  );
});

describe('ssh', () => {
  it('runs a command through the bastion and passes its exit code and its words on', async () => {
    const ran = await project.rke2ctl('ssh', 'zone=b', '--', 'sh', '-c', 'hostname; id -un; exit 7');
    expect([ran.exitCode, ran.stdout.trim().split('\n')]).toEqual([7, ['node2', 'ops']]);
  });

  it('gives a shell at a terminal', async () => {
    const command = [process.execPath, BIN, 'ssh', 'node1'].join(' ');
    const { stdout } = await lab.run(['script', '-qec', command, '/dev/null'], {
      cwd: project.directory,
      env: project.environment,
      stdin: 'tty; echo at-$(hostname)-$((6*7))\nexit 5\n',
      timeoutMs: 30_000,
    });
    expect(stdout).toMatch(/\/dev\/pts\/\d/);
    expect(stdout).toContain('at-node1-42');
  });

  it('goes to one node only, and leaves nothing behind', async () => {
    expect(expectExit(await project.rke2ctl('ssh', 'all'), 3).stderr).toContain('Name one of node1, node2');
    await mkdir(project.path('tmp'));
    project.environment['TMPDIR'] = project.path('tmp');
    expectExit(await project.rke2ctl('ssh', 'node1', '--', 'true'));
    expect(await readdir(project.path('tmp'))).toEqual([]);
  });

  it('says so where there is no OpenSSH client', async () => {
    await mkdir(project.path('empty'));
    const words = [
      'env',
      `PATH=${project.path('empty')}`,
      process.execPath,
      BIN,
      'ssh',
      'node1',
      '--',
      'true',
    ];
    const ran = await lab.run(words, { cwd: project.directory, env: project.environment });
    const { stderr } = expectExit(ran, 1);
    expect(stderr).toContain('could not be started on this machine');
    expect(stderr).toContain('openssh-client');
  });
});

describe('logs', () => {
  it('merges the journals of several nodes in the order of time', async () => {
    const { stdout } = expectExit(await project.rke2ctl('logs', '--lines', '6', '--output', 'json'));
    const entries = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { node: string; time: string; unit: string });
    expect(entries).toHaveLength(12);
    expect(new Set(entries.map(({ node, unit }) => `${node} ${unit}`))).toEqual(
      new Set(['node1 rke2-server.service', 'node2 rke2-agent.service']),
    );
    const times = entries.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
    const text = expectExit(await project.rke2ctl('logs', 'node2', '--since', '1h')).stdout;
    expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} .*rke2 agent is up and running/m);
    const none = expectExit(await project.rke2ctl('logs', 'node2', '--unit', 'no-such.service'));
    expect([none.stdout, none.stderr]).toEqual(['', 'node2: nothing in the journal of no-such.service']);
  });

  it('follows until Ctrl-C, and leaves no reader on the hosts', async () => {
    const child = project.spawn('logs', '--follow', '--lines', '1');
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await vi.waitFor(() => expect(said).toMatch(/^node1 [\s\S]*^node2 |^node2 [\s\S]*^node1 /m), {
      timeout: 15_000,
      interval: 100,
    });
    await sh('node2', 'systemctl restart rke2-agent');
    await vi.waitFor(() => expect(said).toMatch(/^node2 .*agent is up and running/m), {
      timeout: 20_000,
      interval: 100,
    });
    child.kill('SIGINT');
    expect((await child).exitCode).toBe(130);
    for (const host of HOSTS) expect((await sh(host, 'pgrep -x journalctl; true')).stdout).toBe('');
  });
});

describe('cert check', () => {
  const TLS = '/var/lib/rancher/rke2/server/tls';

  async function look(exitCode: number, ...words: readonly string[]): Promise<CertificateReport> {
    const ran = await project.rke2ctl('cert', 'check', ...words, '--output', 'json');
    return JSON.parse(expectExit(ran, exitCode).stdout) as CertificateReport;
  }

  /** A leaf of the cluster's own authority that ended yesterday. */
  async function endedLeaf(): Promise<string> {
    const [certificate, key] = await Promise.all(
      ['crt', 'key'].map(async (end) => (await sh('node1', `cat ${TLS}/server-ca.${end}`)).stdout),
    );
    const issuer = { certificate: `${certificate}\n`, key: key ?? '' };
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return signCertificate({ commonName: 'kube-apiserver', usages: ['server'], publicKey, issuer, days: -1 });
  }

  it('reads every file and asks every port, through the bastion, as a user with sudo', async () => {
    const report = await look(0);
    expect([report.gaps, report.problems]).toEqual([[], []]);
    const ports = report.certificates.filter(({ kind }) => kind === 'port');
    expect(ports.map(({ node, where }) => `${node} ${where}`).sort()).toEqual(
      ['node1 10250', 'node1 2379', 'node1 6443', 'node1 9345', 'node2 10250'].sort(),
    );
    const fileOf = (node: string, path: string) =>
      report.certificates.find((each) => each.node === node && each.where.endsWith(path))?.serial;
    const portOf = (node: string, port: string) =>
      ports.find((each) => each.node === node && each.where === port)?.serial;
    expect(portOf('node1', '6443')).toBe(fileOf('node1', '/serving-kube-apiserver.crt'));
    expect(portOf('node1', '9345')).toBe(fileOf('node1', '/dynamic-cert.json'));
    expect(portOf('node1', '2379')).toBe(fileOf('node1', '/etcd/server-client.crt'));
    expect(portOf('node2', '10250')).toBe(fileOf('node2', '/agent/serving-kubelet.crt'));
    expect(report.certificates.filter(({ kind }) => kind === 'kubeconfig')).toHaveLength(1);
    expect(report.authorities).toHaveLength(5);
    for (const { daysLeft } of report.certificates) expect(daysLeft).toBeGreaterThanOrEqual(363);
    const text = expectExit(await project.rke2ctl('cert', 'check')).stdout;
    expect(text).toMatch(/^node2 +ok +36\dd +\d{4}-\d\d-\d\d +\d in files and on ports$/m);
    expect(text).not.toContain('PRIVATE');
  });

  it('names what has ended, what differs and what is near, with exit code 4', async () => {
    const api = `${TLS}/serving-kube-apiserver.crt`;
    await sh('node1', `cp -p ${api} /root/kept.crt; cat >${api}`, await endedLeaf());
    try {
      const report = await look(4, 'node1');
      const bad = report.certificates.filter(({ status }) => status !== 'ok');
      expect(bad.map(({ where, status, differsFrom }) => [where, status, differsFrom])).toEqual([
        [api, 'ended', null],
        ['6443', 'differs', api],
      ]);
      expect(report.problems.map(({ message }) => message).join()).toContain('cert rotate --node node1');
    } finally {
      await sh('node1', `cat /root/kept.crt >${api}; rm /root/kept.crt`);
    }
    const near = await look(4, '--node', 'node2', '--warn-days', '366');
    // Another node's certificates are none of theirs.
    expect(new Set(near.certificates.map(({ node, status }) => `${node} ${status}`))).toEqual(
      new Set(['node2 ends-soon']),
    );
  });
});

/** Puts secrets where hosts and operators have them, each beside a word that shows that the place was looked at. */
async function plantOnHosts(): Promise<void> {
  const files: Readonly<Record<string, string>> = {
    '/etc/rancher/rke2/config.yaml.d/99-hand.yaml': `# ${secrets['handPassword']}\ntoken: ${secrets['handToken']}\nkubelet-arg: ["seen-dropin=1", "x-password=${secrets['handPassword']}"]\n`,
    '/etc/default/rke2-agent': `SEEN_FILE=/seen-environment\nMYSQL_PWD=${secrets['environment']}\n`,
    '/etc/rancher/rke2/rke2ctl/by-hand.key': `-----BEGIN PRIVATE KEY-----\n${secrets['privateKey']}\n-----END PRIVATE KEY-----\n`,
    '/etc/rancher/rke2/rke2ctl/odd.conf': `anything ${secrets['handPassword']}\n`,
    // What a drop-in calls a token stands here without a word of warning.
    '/var/lib/rancher/rke2/agent/logs/kubelet.log': `seen-kubelet ${secrets['handToken']} ${btoa(secrets['handToken'] ?? '')}\n{"password":"${secrets['logged']}"}\nagain ${secrets['logged']}, and ${secrets['serverToken']}\n-----BEGIN RSA PRIVATE KEY-----\n${secrets['privateKey']}\n`,
  };
  for (const host of HOSTS)
    for (const [path, text] of Object.entries(files))
      expectExit(await sh(host, `mkdir -p "$(dirname ${path})"; cat >>${path}`, text));
  const log = `${await project.read('cluster.log')}{"msg":"seen-log","authorization":"Bearer ${secrets['bearer']}"}\n`;
  await writeFile(project.path('cluster.log'), log);
}

describe('support-bundle', () => {
  async function unpack(file: string): Promise<ReadonlyMap<string, string>> {
    const folder = project.path(`${file}.d`);
    await mkdir(folder);
    expectExit(await lab.run(['tar', '-xzf', project.path(file), '-C', folder]));
    const [top = ''] = await readdir(folder);
    const entries = await readdir(join(folder, top), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    return new Map(
      await Promise.all(
        files.map(
          async (path): Promise<[string, string]> => [
            path.slice(join(folder, top).length + 1),
            await readFile(path, 'utf8'),
          ],
        ),
      ),
    );
  }

  const leaks = (text: string) =>
    Object.entries(secrets).flatMap(([name, value]) => {
      const forms = [value, btoa(value), JSON.stringify(value).slice(1, -1), encodeURIComponent(value)];
      return forms.some((form) => text.includes(form)) ? [name] : [];
    });

  it('has what is needed and nothing secret, wherever that stood', async () => {
    await plantOnHosts();
    const { stdout } = expectExit(await project.rke2ctl('support-bundle', '--out', 'all.tar.gz'));
    expect(stdout).toContain('2 of 2 nodes');
    expect((await stat(project.path('all.tar.gz'))).mode & 0o777).toBe(0o600);
    const files = await unpack('all.tar.gz');
    for (const [path, text] of files) expect([path, ...leaks(text)]).toEqual([path]);
    expect(leaks(stdout)).toEqual([]);
    const at = (path: string) => files.get(path) ?? `no ${path}`;
    for (const host of HOSTS) {
      const of = (path: string) => at(`nodes/${host}/${path}`);
      expect(of('files/etc/rancher/rke2/config.yaml')).toContain(`node-name: "${host}"`);
      expect(of('files/etc/rancher/rke2/config.yaml.d/99-hand.yaml')).toContain('seen-dropin=1');
      expect(of('files/etc/rancher/rke2/registries.yaml')).toContain('puller');
      expect(of('files/etc/default/rke2-agent')).toContain('seen-environment');
      expect(of('kubelet.log')).toContain('seen-kubelet');
      expect(of('journal.txt')).toMatch(/up and running/);
      expect(of('versions.txt')).toContain('stand-in');
      expect(of('units.txt')).toContain('ActiveState=active');
      expect(JSON.parse(of('facts.json'))).toMatchObject({ rke2: { marker: { name: host } } });
      expect(of('files/etc/rancher/rke2/rke2ctl.json')).toContain('"clusterName": "lab"');
    }
    expect(JSON.parse(at('nodes/node1/etcd.json'))).toMatchObject({ quorate: true });
    expect(at('cluster/nodes.txt')).toMatch(/^node2 +Ready/m);
    expect(at('cluster/pods.txt')).toContain('etcd-node1');
    expect(at('cluster/status.txt')).toContain('node2');
    expect(at('here/cluster.yml')).toContain('reg.example.com');
    expect(JSON.parse(at('here/state.json'))).toMatchObject({ secrets: { serverToken: '[secret]' } });
    expect(at('here/log.ndjson')).toContain('seen-log');
    const { missing, files: listed } = JSON.parse(at('manifest.json')) as {
      missing: readonly { node: string; what: string; why: string }[];
      files: readonly { path: string }[];
    };
    expect([...files.keys()].sort()).toEqual([...listed.map(({ path }) => path), 'manifest.json'].sort());
    const gaps = missing.filter(({ node }) => node === 'node2').map(({ what }) => what);
    expect(gaps).toEqual(
      expect.arrayContaining(['/etc/rancher/rke2/rke2ctl/by-hand.key', '/etc/rancher/rke2/rke2ctl/odd.conf']),
    );
    expect([...files.keys()].join()).not.toMatch(
      /server-token|agent-token|20-rke2ctl-secrets|rke2\.yaml,|\.key/,
    );
  });

  it('never takes the place of a file that is there', async () => {
    const { stderr } = expectExit(await project.rke2ctl('support-bundle', '--out', 'all.tar.gz'), 3);
    expect(stderr).toContain('all.tar.gz is there already');
  });

  it('is made, as far as it goes, with a state that is damaged and a host that is off', async () => {
    await lab.powerOff('node2');
    await writeFile(project.path('cluster.rkestate'), '{');
    await chmod(project.path('cluster.rkestate'), 0o600);
    const began = Date.now();
    const ran = await project.rke2ctl('support-bundle', '--out', 'half.tar.gz', '--output', 'json');
    expect(Date.now() - began).toBeLessThan(30_000);
    const { missing } = JSON.parse(expectExit(ran, 4).stdout) as {
      missing: readonly { node: string | null; what: string }[];
    };
    expect(missing).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ node: 'node2', what: 'everything' }),
        expect.objectContaining({ node: null, what: 'here/state.json' }),
      ]),
    );
    const files = await unpack('half.tar.gz');
    for (const [path, text] of files) expect([path, ...leaks(text)]).toEqual([path]);
    expect(files.get('nodes/node1/journal.txt')).toMatch(/up and running/);
  });

  it('beside it exec, logs and cert check say which node they could not reach', async () => {
    const checking = project.rke2ctl('cert', 'check');
    const ran = expectExit(await project.rke2ctl('exec', '--', 'hostname'), 4);
    expect(ran.stdout).toBe('node1 | node1');
    expect(ran.stderr).toMatch(/^node2 +- .*node2|^node2 +- .*198\.18/m);
    expect(expectExit(await project.rke2ctl('logs', '--lines', '1'), 4).stderr).toMatch(/^node2: /m);
    const check = expectExit(await checking, 4).stdout;
    expect(check).toMatch(/^lab: \d+ certificates of 1 of 2 nodes, not well$/m);
    expect(check).toMatch(/^✗ node2: /m);
  });
});
