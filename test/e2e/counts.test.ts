import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { countTraffic, type HostTraffic } from './count-traffic.ts';
import { expectExit } from './expect-exit.ts';
import { listLoadedFiles } from './list-loaded-files.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';

const HOSTS = ['node1', 'node2', 'node3'] as const;

/** What one more round trip would add to. */
const FIRST_ON_ALL = [
  'Changing firewalld',
  'Reading what rke2ctl wrote',
  'Reading what rke2ctl wrote',
  'The first look',
  'The port check',
  'Unpacking RKE2',
  'Uploading /var/lib/rancher/rke2/agent/images/rke2-images.linux-amd64.tar.zst',
  'Uploading /var/lib/rancher/rke2/rke2ctl/rke2.linux-amd64.tar.gz',
  'Writing /etc/rancher/rke2/rke2ctl.json',
];
const FIRST_ON_SERVER = [
  ...FIRST_ON_ALL,
  'Putting an object into the cluster',
  'Reading /etc/rancher/rke2/rke2.yaml',
  'Reading /var/lib/rancher/rke2/server/tls/server-ca.crt',
  'Starting rke2-server',
  'Writing 4 files',
];
const FIRST_ON_WORKER = [...FIRST_ON_ALL, 'Starting rke2-agent', 'Writing 3 files'];
/** Asked again and again until the answer is the right one: how often is the cluster's to say. */
const REPEATED = ['Asking etcd for its members', 'Listing the Nodes'];

/** The files of the release that go to each host. */
const RELEASE_FILES = ['rke2.linux-amd64.tar.gz', 'rke2-images.linux-amd64.tar.zst'];
/**
 * Beside these: scripts, settings, what is read from files before. The first look's script goes out twice where sudo asks
 * for a password, as here: it is on its way before that is known, which spares all other hosts a round trip.
 */
const MOST_BYTES_FIRST = 76_000;
const MOST_BYTES_AGAIN = 25_000;

const EXAMPLE = fileURLToPath(new URL('../../examples/ha-endpoint/cluster.yml', import.meta.url));

let lab: Lab;
let project: Project;
/** The first `up` as it was seen: what the second is measured with must have shown something there. */
let first: { readonly traffic: readonly HostTraffic[]; readonly changed: readonly string[] };
/** What sshd on each host saw of it. */
let firstSeen: readonly SeenByHost[];

beforeAll(async () => {
  // A sudo password is the dearest way to become root: it must not cost a command either.
  lab = await createLab({ name: 'counts', hosts: 3, sudo: 'password' });
  project = await makeProject(lab, 'counts');
  await writeCluster('ssh2');
  await Promise.all(HOSTS.map(logSessions));
  await Promise.all(HOSTS.map(setStamp));
  const before = await lookAtSessions();
  expectExit(await project.rke2ctl('up', '--trace', 'trace.json'));
  firstSeen = await seenSince(before);
  first = { traffic: await traffic(), changed: await Promise.all(HOSTS.map(changedFiles)) };
});

afterAll(() => lab?.destroy());

const writeCluster = (client: string) =>
  project.write(clusterFile(lab, [SERVER, WORKER, WORKER], { ssh: { client } }));

/** A shell line as root inside a host, past everything under test. */
async function inside(host: string, line: string): Promise<string> {
  return expectExit(await lab.exec(host, ['sh', '-c', line])).stdout.trim();
}

const traffic = () =>
  countTraffic(
    project.path('trace.json'),
    lab.hosts.map(({ address }) => `${address}:22`),
  );

interface SeenByHost {
  readonly logins: number;
  /** How often it was asked whether it would take a key, before somebody signed with it. */
  readonly asked: number;
  readonly channels: number;
}

/** Has sshd tell every channel. */
const logSessions = (host: string) =>
  inside(
    host,
    `echo 'LogLevel VERBOSE' >/etc/ssh/sshd_config.d/counts.conf; systemctl reload ssh; sleep 0.5`,
  );

const lookAtSessions = (): Promise<readonly SeenByHost[]> =>
  Promise.all(
    HOSTS.map(async (host) => {
      const lines = (await inside(host, 'journalctl --sync; journalctl -t sshd -o cat')).split('\n');
      const count = (beginning: string) => lines.filter((line) => line.startsWith(beginning)).length;
      return {
        logins: count('Accepted publickey '),
        asked: count('Postponed publickey '),
        channels: count('Starting session: '),
      };
    }),
  );

async function seenSince(before: readonly SeenByHost[]): Promise<readonly SeenByHost[]> {
  const now = await lookAtSessions();
  return now.map(({ logins, asked, channels }, index) => ({
    logins: logins - (before[index]?.logins ?? 0),
    asked: asked - (before[index]?.asked ?? 0),
    channels: channels - (before[index]?.channels ?? 0),
  }));
}

const STAMP = '/run/counts-stamp';

const setStamp = (host: string) => inside(host, `touch ${STAMP}; sleep 0.1`);

/**
 * Files and directories that were made or touched since the stamp. Left out is what RKE2 and the system write by
 * themselves: etcd's database, what the agent knows of the servers, logs, pods, sudo's and systemd's own notes.
 */
const changedFiles = (host: string) =>
  inside(
    host,
    `find /etc /usr /opt /root /home /boot /var/lib /run/systemd/system /run/firewalld \
       \\( -path /var/lib/rancher/rke2/server/db -o -path /var/lib/rancher/rke2/agent/etc -o -path '/var/lib/rancher/rke2/*/logs' -o -path /var/lib/kubelet \
          -o -path /var/lib/sudo -o -path /var/lib/systemd \\) -prune -o -cnewer ${STAMP} -print 2>/dev/null | sort || true`,
  );

/** Changes with every start of a service and every reload of the firewall: that makes all rules anew, with new handles. */
const lifeSigns = (host: string) =>
  inside(
    host,
    `systemctl show rke2-server rke2-agent firewalld ssh -p Id,InvocationID,MainPID,NRestarts,StateChangeTimestampMonotonic
     nft -a list table inet firewalld`,
  );

describe('what a first `up` costs', () => {
  it('is one connection to each host, and these commands', () => {
    const once = first.traffic.map(({ commands }) => commands.filter((name) => !REPEATED.includes(name)));
    expect(once).toEqual([FIRST_ON_SERVER, FIRST_ON_WORKER, FIRST_ON_WORKER].map((list) => list.toSorted()));
    expect(first.traffic.map(({ connections }) => connections)).toEqual([1, 1, 1]);
  });

  it('is what sshd saw as well: one login, a channel for each command', () => {
    const told = first.traffic.map(({ connections, commands }) => ({
      logins: connections,
      asked: 0,
      channels: commands.length,
    }));
    expect(firstSeen).toEqual(told);
  });

  it('is the release once, and little beside it', async () => {
    const sizes = await Promise.all(RELEASE_FILES.map((name) => stat(join(lab.artifacts, name))));
    const release = sizes.reduce((sum, { size }) => sum + size, 0);
    for (const { sentBytes } of first.traffic) {
      expect(sentBytes).toBeGreaterThan(release);
      expect(sentBytes).toBeLessThan(release + MOST_BYTES_FIRST);
    }
  });
});

describe('what a second `up` costs', () => {
  it('is measured with something that sees the first', () => {
    for (const changed of first.changed) {
      expect(changed).toContain('/etc/rancher/rke2/config.yaml');
      expect(changed).toContain('/etc/rancher/rke2/rke2ctl.json');
    }
  });

  it('sees a reload of the firewall', async () => {
    const was = await lifeSigns('node3');
    await inside('node3', 'firewall-cmd --reload');
    expect(await lifeSigns('node3')).not.toBe(was);
  });

  it.each([
    ['ssh2', 0, 1],
    // The session that keeps OpenSSH's master alive takes a channel as well.
    ['openssh', 1, 2],
  ])(
    '%s: one connection and one command per host; no write, no restart, no reload',
    async (client, asked, channels) => {
      await writeCluster(client);
      // A changed word of the file is put into the state once, although no host has anything to do.
      expectExit(await project.rke2ctl('up'));
      const state = await project.read('cluster.rkestate');
      const was = await Promise.all(HOSTS.map(lifeSigns));
      await Promise.all(HOSTS.map(setStamp));

      const before = await lookAtSessions();

      const { stdout } = expectExit(await project.rke2ctl('up', '--trace', 'trace.json'));

      expect(stdout).toContain('Nothing to do');
      expect(await seenSince(before)).toEqual(HOSTS.map(() => ({ logins: 1, asked, channels })));
      for (const { connections, commands, sentBytes } of await traffic()) {
        expect({ connections, commands }).toEqual({ connections: 1, commands: ['The first look'] });
        expect(sentBytes).toBeLessThan(MOST_BYTES_AGAIN);
      }
      expect(await Promise.all(HOSTS.map(changedFiles))).toEqual(['', '', '']);
      expect(await Promise.all(HOSTS.map(lifeSigns))).toEqual(was);
      expect(await project.read('cluster.rkestate')).toBe(state);
    },
  );
});

describe('what it costs to start', () => {
  it.each([
    { words: ['--help'], files: 5, bytes: 250_000 },
    { words: ['validate', '--config', EXAMPLE], files: 16, bytes: 1_400_000 },
  ])('$words.0 is a few files, none of them a package of its own', async ({ words, files, bytes }) => {
    const loaded = await listLoadedFiles(project.directory, ...words);
    expect(loaded.length).toBeGreaterThan(1);
    expect(loaded.length).toBeLessThanOrEqual(files);
    expect(loaded.filter(({ path }) => path.includes('node_modules'))).toEqual([]);
    expect(loaded.reduce((sum, { bytes: size }) => sum + size, 0)).toBeLessThan(bytes);
  });
});
