import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { expectExit } from './expect-exit.ts';
import { clusterFile, makeProject, type Project, SERVER, WORKER } from './project.ts';

const MOST_COMMANDS = 2;
const HOSTS = ['node1', 'node2', 'node3'] as const;

let lab: Lab;
let project: Project;
/** The first `up` as it was seen: what the second is measured with must have shown something there. */
let first: { readonly commands: readonly number[]; readonly changed: readonly string[] };

beforeAll(async () => {
  // A sudo password is the dearest way to become root: it must not cost a command either.
  lab = await createLab({ name: 'counts', hosts: 3, sudo: 'password' });
  project = await makeProject(lab, 'counts');
  await writeCluster('ssh2');
  await Promise.all(HOSTS.map(setStamp));
  const { stderr } = expectExit(await project.rke2ctl('up', '--verbose'));
  first = { commands: countCommands(stderr), changed: await Promise.all(HOSTS.map(changedFiles)) };
});

afterAll(() => lab?.destroy());

const writeCluster = (client: string) =>
  project.write(clusterFile(lab, [SERVER, WORKER, WORKER], { ssh: { client } }));

/** A shell line as root inside a host, past everything under test. */
async function inside(host: string, line: string): Promise<string> {
  return expectExit(await lab.exec(host, ['sh', '-c', line])).stdout.trim();
}

/** How many commands the recording transport saw on each host, from the lines that --verbose prints of it. */
function countCommands(stderr: string): readonly number[] {
  const lines = stderr.split('\n');
  return lab.hosts.map(
    ({ address }) =>
      lines.filter((line) => line.startsWith(`${address}:22 $ `) && /\((\d+|cut off), \d+ ms\)/.test(line))
        .length,
  );
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

describe('what a second `up` costs', () => {
  it('is measured with something that sees the first', () => {
    for (const commands of first.commands) expect(commands).toBeGreaterThan(MOST_COMMANDS);
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

  it.each(['ssh2', 'openssh'])(
    '%s: at most 2 commands per host; no write, no restart, no reload',
    async (client) => {
      await writeCluster(client);
      // A changed word of the file is put into the state once, although no host has anything to do.
      expectExit(await project.rke2ctl('up'));
      const state = await project.read('cluster.rkestate');
      const was = await Promise.all(HOSTS.map(lifeSigns));
      await Promise.all(HOSTS.map(setStamp));

      const { stdout, stderr } = expectExit(await project.rke2ctl('up', '--verbose'));

      expect(`${stdout}${stderr}`).toContain('Nothing to do');
      for (const commands of countCommands(stderr)) {
        expect(commands).toBeGreaterThan(0);
        expect(commands).toBeLessThanOrEqual(MOST_COMMANDS);
      }
      expect(await Promise.all(HOSTS.map(changedFiles))).toEqual(['', '', '']);
      expect(await Promise.all(HOSTS.map(lifeSigns))).toEqual(was);
      expect(await project.read('cluster.rkestate')).toBe(state);
    },
  );
});
