import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLab, type Lab, type LabHost, openLab } from './lab.ts';
import { canConnect, sshDirectly, sshThroughBastion } from './reach.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await createLab({ hosts: 2, bastion: true, sudo: 'password', name: 'lab-test' });
});

afterAll(async () => {
  await lab?.destroy();
});

describe('a host', () => {
  test('runs commands as root, with their real exit codes and their input', async () => {
    const result = await lab.exec('node1', ['sh', '-c', 'whoami; cat; echo oops >&2; exit 7'], {
      stdin: 'in',
    });
    expect(result).toEqual({ exitCode: 7, stdout: 'root\nin', stderr: 'oops' });
  });

  test('ends a command that takes too long, inside the host too', async () => {
    const result = await lab.exec('node1', ['sleep', '4711'], { timeoutMs: 300 });
    expect(result.exitCode).toBe(137);
    expect((await lab.exec('node1', ['pgrep', '-f', 'sleep 4711'])).exitCode).toBe(1);
  });

  test('is a plain Debian with all units up and none of the stand-in programs on its PATH', async () => {
    expect((await lab.exec('node1', ['systemctl', 'is-system-running'])).stdout).toBe('running');
    expect((await lab.exec('node1', ['systemctl', 'is-active', 'firewalld'])).stdout).toBe('active');
    for (const program of ['etcd', 'etcdctl', 'kubectl', 'node', 'jq'])
      expect((await lab.exec('node1', ['sh', '-c', `command -v ${program}`])).stdout).toBe('');
    const version = await lab.exec('node1', ['/usr/lib/rke2-standin/bin/node', '--version']);
    expect(version.stdout).toBe(process.version);
  });

  test('differs from the others in machine id, host name and host key', async () => {
    for (const path of ['/etc/machine-id', '/etc/hostname', '/etc/ssh/ssh_host_ed25519_key.pub']) {
      const [one, two] = await Promise.all(['node1', 'node2'].map((host) => lab.exec(host, ['cat', path])));
      expect(one?.stdout).not.toBe(two?.stdout);
    }
  });

  test('takes SSH from the bastion only, and sudo wants the password', async () => {
    const host = first();
    expect((await lab.run(sshDirectly(host, 'true'))).exitCode).toBe(255);
    expect((await lab.run(sshThroughBastion(lab, host, 'sudo -n true'))).exitCode).toBe(1);
    const password = `${host.sudoPassword}\n`;
    const sudo = await lab.run(sshThroughBastion(lab, host, "sudo -S -p '' whoami"), { stdin: password });
    expect(sudo.stdout).toBe('root');
    const shell = await lab.run(sshDirectly(lab.bastion ?? host, 'id'));
    expect(shell.exitCode).toBe(1);
  });

  test('answers at its IPv6 address, and nothing beyond the lab does', async () => {
    const host = { ...first(), address: first().address6 };
    expect((await lab.run(sshThroughBastion(lab, host, 'hostname'))).stdout).toBe('node1');
    const routes = await lab.exec('node1', ['ip', 'route', 'get', '1.1.1.1']);
    expect(routes.stdout).toContain('via 198.18.0.1');
    expect(await canConnect(lab, 'node1', '1.1.1.1', 443)).toBe('refused');
  });
});

describe('power', () => {
  test('off kills everything at once; on boots the same host', async () => {
    await lab.exec('node2', ['sh', '-c', 'echo here >/root/kept; echo gone >/run/gone']);
    await lab.powerOff('node2');
    await expect(lab.exec('node2', ['true'])).rejects.toThrow('node2 is off');
    expect(await canConnect(lab, 'node1', '198.18.1.2', 22)).not.toBe('open');
    await lab.powerOn('node2');
    expect((await lab.exec('node2', ['cat', '/root/kept'])).stdout).toBe('here');
    expect((await lab.exec('node2', ['cat', '/run/gone'])).exitCode).toBe(1);
    expect((await lab.exec('node2', ['systemctl', 'is-system-running'])).stdout).toBe('running');
    await lab.exec('node2', ['rm', '/root/kept']);
  });
});

describe('the listing', () => {
  test('of an idle host does not change, and shows what somebody adds and takes away', async () => {
    const before = await lab.listing('node1');
    expect(await lab.listing('node1')).toEqual(before);
    expect(before.filter((line) => line.startsWith('process ')).length).toBeGreaterThan(4);
    const mess = `touch /etc/rancher-was-here; ip link add cni0 type bridge; firewall-cmd -q --add-port=6443/tcp;
      firewall-cmd -q --permanent --new-ipset=peers --type=hash:net; systemctl -q enable haproxy;
      systemd-run -q --unit=stray sleep 4712; nft add table inet stray; mount -t tmpfs stray /mnt`;
    await lab.exec('node1', ['sh', '-c', mess]);
    const added = (await lab.listing('node1')).filter((line) => !before.includes(line)).join('\n');
    for (const trace of [
      'file /etc/rancher-was-here',
      'link cni0',
      'ports: 6443/tcp',
      'peers',
      'haproxy.service enabled',
    ])
      expect(added).toContain(trace);
    for (const trace of ['process sleep', 'nft table inet stray', 'mount /mnt tmpfs rw'])
      expect(added).toContain(trace);
    const tidy = `rm /etc/rancher-was-here; ip link del cni0; firewall-cmd -q --remove-port=6443/tcp;
      firewall-cmd -q --permanent --delete-ipset=peers; rm /etc/firewalld/ipsets/peers.xml.old; systemctl -q disable haproxy; systemctl stop stray;
      nft delete table inet stray; umount /mnt`;
    await lab.exec('node1', ['sh', '-c', tidy]);
    expect(await lab.listing('node1')).toEqual(before);
  });

  test('is the same after a power cut', async () => {
    const before = await lab.listing('node2');
    await lab.powerOff('node2');
    await lab.powerOn('node2');
    expect(await lab.listing('node2')).toEqual(before);
  });
});

describe('a lab', () => {
  test('can be opened by its name and refuses a second of that name', async () => {
    const again = await openLab('lab-test');
    expect((await again.exec('node1', ['hostname'])).stdout).toBe('node1');
    await expect(createLab({ hosts: 1, name: 'lab-test' })).rejects.toThrow('exists already');
  });

  test('leaves nothing on this machine when it is destroyed', async () => {
    const straggler = lab.spawn(['sleep', '4713']);
    await lab.destroy();
    expect((await straggler).signal).toBe('SIGKILL');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(lab.directory);
    expect(readdirSync('/run/netns')).not.toContain(lab.namespace);
    expect(readdirSync('/var/lib/rke2ctl-lab')).not.toContain(lab.directory.split('/').at(-1));
    expect(readdirSync('/sys/fs/cgroup')).not.toContain(lab.namespace);
    for (const hierarchy of readdirSync('/sys/fs/cgroup', { withFileTypes: true }))
      if (hierarchy.isDirectory())
        expect(readdirSync(`/sys/fs/cgroup/${hierarchy.name}`)).not.toContain(lab.namespace);
    expect(commandLines().filter((line) => line.includes(lab.directory))).toEqual([]);
    await lab.destroy();
  });
});

function first(): LabHost {
  const host = lab.hosts[0];
  if (host === undefined) throw new Error('the lab has no host');
  return host;
}

function commandLines(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : [];
    } catch {
      return [];
    }
  });
}
