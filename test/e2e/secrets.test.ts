import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExecResult } from '../lab/command.ts';
import { type FileServer, startFileServer } from '../lab/file-server.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { sentInAll } from './count-traffic.ts';
import { expectExit } from './expect-exit.ts';
import { makeLargeRelease } from './large-release.ts';
import { type Sampler, startSampler } from './process-sampler.ts';
import { clusterFile, makeProject, nodeEntry, type Project, SERVER, WORKER } from './project.ts';

const HOSTS = ['node1', 'node2'] as const;
const COPY_BYTES = 10 << 20;
const BUNDLE = '/var/lib/rancher/rke2/agent/images/rke2-images.linux-amd64.tar.zst';
/** Planted where they must be found, to prove that the sampler finds them. */
const PLANTED = {
  argv: `planted-${randomBytes(8).toString('hex')}`,
  environment: randomBytes(12).toString('hex'),
};

let lab: Lab;
let project: Project;
let mirror: FileServer;
let release: string;
/** SHA-256 of its image bundle. */
let hash: string;
/** Every secret of the run by its name; the tokens join once there is a state. */
const secrets: Record<string, string> = {
  passphrase: `pp-${randomBytes(9).toString('hex')}`,
  wrongPassphrase: `wp-${randomBytes(9).toString('hex')}`,
  registryPassword: `rp-${randomBytes(9).toString('hex')}`,
  laterRegistryPassword: `lp-${randomBytes(9).toString('hex')}`,
  s3Key: `s3-${randomBytes(9).toString('hex')}`,
  addonSecret: `as-${randomBytes(9).toString('hex')}`,
  mirrorPassword: `mp-${randomBytes(9).toString('hex')}`,
};
const samplers = new Map<string, Sampler>();
const runs: { readonly what: string; readonly result: ExecResult }[] = [];

beforeAll(async () => {
  lab = await createLab({ name: 'secrets', hosts: 2, sudo: 'password' });
  project = await makeProject(lab, 'secrets');
  secrets['sudoPassword'] = lab.hosts[0]?.sudoPassword ?? '';
  await giveEncryptedKey();
  await provideMirror();
  for (const host of HOSTS)
    samplers.set(
      host,
      startSampler((command, options) => lab.exec(host, command, options), 'all', '/run/needles.json'),
    );
  samplers.set(
    'controller',
    startSampler((command, options) => lab.run(command, options), 'own', project.path('needles.json')),
  );
});

afterAll(async () => {
  await mirror?.stop();
  await lab?.destroy();
});

/** The hosts take a key that has a passphrase, and no longer the lab's own. */
async function giveEncryptedKey(): Promise<void> {
  const path = project.path('key');
  expectExit(
    await lab.run([
      'ssh-keygen',
      '-q',
      '-t',
      'ed25519',
      '-N',
      secrets['passphrase'] ?? '',
      '-C',
      'encrypted',
      '-f',
      path,
    ]),
  );
  const line = await readFile(`${path}.pub`, 'utf8');
  for (const host of HOSTS)
    expectExit(await lab.exec(host, ['sh', '-c', 'cat > /home/ops/.ssh/authorized_keys'], { stdin: line }));
  await writeFile(project.path('passphrase'), `${secrets['passphrase']}\n`, { mode: 0o600 });
  await writeFile(project.path('wrong-passphrase'), `${secrets['wrongPassphrase']}\n`, { mode: 0o600 });
  project.environment['RKE2CTL_KEY_PASSPHRASE_FILE'] = project.path('passphrase');
}

/** A release that the hosts fetch from a mirror with a login, and the operator has as well. */
async function provideMirror(): Promise<void> {
  const login = `fetcher:${secrets['mirrorPassword']}`;
  release = project.path('release');
  hash = await makeLargeRelease(lab, release, COPY_BYTES);
  mirror = await startFileServer(lab, { directory: release, login });
  await writeFile(project.path('mirror-login'), `${login}\n`, { mode: 0o600 });
}

/** As both know it: by URL while the client is ssh2, from a directory by way of the nodes with OpenSSH. */
async function installBy(client: 'ssh2' | 'openssh'): Promise<Readonly<Record<string, unknown>>> {
  if (client === 'openssh') return { artifacts: release };
  const list = await readFile(join(release, 'sha256sum-amd64.txt'));
  return {
    artifacts: `${mirror.url}/rke2`,
    checksums: { amd64: createHash('sha256').update(list).digest('hex') },
    login: 'file:./mirror-login',
  };
}

/** A Secret of Kubernetes that a file beside cluster.yml brings into the cluster. */
const ADDON = `apiVersion: v1
kind: Secret
metadata: {name: planted}
stringData: {key: ${secrets['addonSecret']}}
`;

/** A cluster.yml with a registry whose password is as nasty as passwords are, a key for S3, an addon with a Secret. */
async function writeCluster(password: string, client: 'ssh2' | 'openssh', key = 'password'): Promise<void> {
  const roles = [SERVER, WORKER];
  await writeFile(project.path('s3-key'), `${secrets['s3Key']}\n`, { mode: 0o600 });
  await writeFile(project.path('planted.yaml'), ADDON, { mode: 0o600 });
  return project.write({
    ...clusterFile(lab, []),
    nodes: lab.hosts.map((host, index) =>
      nodeEntry(host, roles[index] ?? [], { ssh_key_path: project.path('key') }),
    ),
    private_registries: [{ url: 'registry.example.com', user: 'puller', [key]: `${password}'"$ #:` }],
    services: {
      etcd: {
        backup_config: {
          enabled: true,
          interval_hours: 12,
          s3backupconfig: {
            endpoint: 's3.example.com',
            bucket_name: 'snapshots',
            access_key: 'somebody',
            secret_key: 'file:./s3-key',
          },
        },
      },
    },
    addons_include: ['./planted.yaml'],
    install: await installBy(client),
    ssh: { client },
  });
}

async function run(what: string, exitCode: number, ...args: string[]): Promise<void> {
  const result = await project.rke2ctl(...args);
  runs.push({ what: `${what}: rke2ctl ${args.join(' ')}`, result });
  expectExit(result, exitCode);
}

async function learnTokens(): Promise<void> {
  const state = JSON.parse(await project.read('cluster.rkestate')) as {
    readonly secrets: Record<string, string>;
  };
  for (const name of ['serverToken', 'agentToken']) {
    secrets[name] = state.secrets[name] ?? '';
    expect(secrets[name]?.length).toBeGreaterThanOrEqual(32);
  }
}

/** Names of the secrets that stand in a text, plain or as base64. */
function secretsIn(text: string): readonly string[] {
  return Object.entries(secrets).flatMap(([name, value]) =>
    text.includes(value) ||
    text.includes(Buffer.from(value).toString('base64').replace(/=*$/, '').slice(0, -1))
      ? [name]
      : [],
  );
}

/** `600 root /path` of every file of a host that holds one of these. */
async function filesWith(host: string, values: readonly string[]): Promise<readonly string[]> {
  const places = '/etc /root /home /tmp /var/tmp /var/log /var/lib/rancher /run';
  const { stdout } = await lab.exec(
    host,
    ['sh', '-c', `grep -rlF -f - ${places} 2>/dev/null | xargs -r stat -c '%a %U %n'; true`],
    { stdin: values.join('\n') },
  );
  return stdout.split('\n').filter((line) => line !== '');
}

/** Every file below a folder, with its mode. */
async function filesBelow(
  folder: string,
): Promise<readonly { readonly path: string; readonly mode: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return { path, mode: ((await stat(path)).mode & 0o777).toString(8) };
      }),
  );
}

describe('the life of a cluster with secrets everywhere', () => {
  const first = secrets['registryPassword'] ?? '';
  const later = secrets['laterRegistryPassword'] ?? '';

  it('is refused for a slip of the pen beside a password', async () => {
    await writeCluster(first, 'ssh2', 'pasword');
    await run('misspelled key', 3, 'validate');
    await run('misspelled key', 3, 'up', '--output', 'json');
  });

  it('is refused for a wrong passphrase', async () => {
    await writeCluster(first, 'ssh2');
    project.environment['RKE2CTL_KEY_PASSPHRASE_FILE'] = project.path('wrong-passphrase');
    await run('wrong passphrase', 4, 'up', '--verbose');
    project.environment['RKE2CTL_KEY_PASSPHRASE_FILE'] = project.path('passphrase');
  });

  it('is planned, checked, brought up and planned again', async () => {
    await run('before', 2, 'plan');
    await run('before', 2, 'plan', '--output', 'json');
    await run('before', 0, 'check');
    await run('first', 0, 'up', '--verbose', '--trace', 'first.json');
    expect(await sentInAll(project.path('first.json'))).toBeLessThan(COPY_BYTES / 2);
    await learnTokens();
    await run('afterwards', 0, 'plan', '--output', 'json');
  });

  it('fails to take another password on one host, through the OpenSSH client', async () => {
    await writeCluster(later, 'openssh');
    const path = '/etc/rancher/rke2/registries.yaml';
    expectExit(await lab.exec('node2', ['sh', '-c', `mv ${path} ${path}.kept; mkdir -p ${path}/in-the-way`]));
    await run('changed', 2, 'plan');
    await run('failing', 4, 'up', '--verbose', '--output', 'json');
    expectExit(await lab.exec('node2', ['sh', '-c', `rm -r ${path}; mv ${path}.kept ${path}`]));
    expectExit(await lab.exec('node2', ['rm', BUNDLE]));
    await run('mended', 0, 'up', '--verbose', '--trace', 'mended.json');
    // From the other node, through the OpenSSH client and a sudo that asks for a password.
    expect(await sentInAll(project.path('mended.json'))).toBeLessThan(COPY_BYTES / 2);
    expect((await lab.exec('node2', ['sha256sum', BUNDLE])).stdout).toContain(hash);
  });
});

describe('its secrets', () => {
  it('are on the hosts where they must be, in files of root alone', async () => {
    const found = await Promise.all(HOSTS.map((host) => filesWith(host, Object.values(secrets))));
    for (const line of found.flat()) expect(line).toMatch(/^600 root /);
    const [server, agent] = found.map((lines) => lines.map((line) => line.split(' ')[2]));
    const ours = (names: readonly string[]) => names.map((name) => `/etc/rancher/rke2/${name}`);
    expect(server).toEqual(
      expect.arrayContaining([
        ...ours(['server-token', 'agent-token', 'registries.yaml', 'config.yaml.d/20-rke2ctl-secrets.yaml']),
        '/var/lib/rancher/rke2/server/manifests/rke2ctl-planted.yaml',
      ]),
    );
    expect(agent).toEqual(expect.arrayContaining(ours(['agent-token', 'registries.yaml'])));
    // What an agent does not need it does not get; and nobody needs ours.
    const servers = ['serverToken', 's3Key', 'addonSecret'].map((name) => secrets[name] ?? '');
    expect(await filesWith('node2', servers)).toEqual([]);
    const mine = ['passphrase', 'wrongPassphrase', 'sudoPassword', 'mirrorPassword'].map(
      (name) => secrets[name] ?? '',
    );
    for (const host of HOSTS) expect(await filesWith(host, mine)).toEqual([]);
  });

  it('are in nothing that was shown: results, progress, errors, plans, as text and as JSON', () => {
    expect(runs.length).toBeGreaterThan(10);
    for (const { what, result } of runs) {
      expect(result.stdout.length + result.stderr.length, what).toBeGreaterThan(100);
      expect([what, ...secretsIn(result.stdout + result.stderr)]).toEqual([what]);
    }
  });

  it('are in no file beside cluster.yml but in the state and where they were put by hand', async () => {
    const holders: Record<string, readonly string[]> = {};
    for (const { path, mode } of await filesBelow(project.directory)) {
      const names = secretsIn(await readFile(path, 'utf8'));
      if (names.length === 0) continue;
      const name = path.slice(project.directory.length + 1).replace(/history\/.*/, 'history');
      holders[name] = names;
      if (name !== 'cluster.yml') expect([path, mode]).toEqual([path, '600']);
    }
    expect(holders).toEqual({
      'cluster.yml': ['laterRegistryPassword'],
      'cluster.rkestate': ['serverToken', 'agentToken'],
      'cluster.rkestate.history': ['serverToken', 'agentToken'],
      passphrase: ['passphrase'],
      'wrong-passphrase': ['wrongPassphrase'],
      'sudo-password': ['sudoPassword'],
      's3-key': ['s3Key'],
      'mirror-login': ['mirrorPassword'],
      'planted.yaml': ['addonSecret'],
    });
    for (const name of ['cluster.log', 'cluster.journal.ndjson'])
      expect([name, (await project.read(name)).length > 2_000]).toEqual([name, true]);
  });

  it('are in no journal of a host, where sudo writes down what it runs', async () => {
    for (const host of HOSTS) {
      const { stdout } = await lab.exec(host, ['journalctl', '--quiet', '--no-pager', '--output=export']);
      expect(stdout).toContain('rke2ctl: Unpacking RKE2');
      expect([host, ...secretsIn(stdout)]).toEqual([host]);
    }
  });

  it('leave with the cluster', async () => {
    await run('end', 0, 'remove', '--yes', '--verbose', '--output', 'json');
    const { what, result } = runs.at(-1) ?? { what: '', result: { stdout: '', stderr: '' } };
    expect([what, ...secretsIn(result.stdout + result.stderr)]).toEqual([what]);
    for (const host of HOSTS) expect(await filesWith(host, Object.values(secrets))).toEqual([]);
  });

  it('were in no command line and no environment of any process', async () => {
    const plant = `exec env SECRET=${PLANTED.environment} sh -c 'sleep 0.4' x ${PLANTED.argv}`;
    for (const host of HOSTS) await lab.exec(host, ['sh', '-c', plant]);
    await lab.run(['sh', '-c', plant]);
    for (const [place, sampler] of samplers) {
      const { samples, processes, hits } = await sampler.stop({ ...secrets, ...PLANTED });
      expect([place, samples > 500, processes > 30]).toEqual([place, true, true]);
      const where = (needle: string) => hits.filter((hit) => hit.needle === needle).map((hit) => hit.where);
      expect(where('argv')).toContain('cmdline');
      expect(where('environment')).toContain('environ');
      const leaks = hits.filter((hit) => !Object.hasOwn(PLANTED, hit.needle));
      expect([place, ...leaks]).toEqual([place]);
    }
  });
});
