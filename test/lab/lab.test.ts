import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultKind } from './fault-records.ts';
import { createLab, type Lab, type LabHost, openLab } from './lab.ts';

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
    expect((await lab.run(ssh(host, 'true'))).exitCode).toBe(255);
    expect((await lab.run(sshThroughBastion(host, 'sudo -n true'))).exitCode).toBe(1);
    const password = `${host.sudoPassword}\n`;
    const sudo = await lab.run(sshThroughBastion(host, "sudo -S -p '' whoami"), { stdin: password });
    expect(sudo.stdout).toBe('root');
    const shell = await lab.run(ssh(lab.bastion ?? host, 'id'));
    expect(shell.exitCode).toBe(1);
  });

  test('answers at its IPv6 address, and nothing beyond the lab does', async () => {
    const host = { ...first(), address: first().address6 };
    expect((await lab.run(sshThroughBastion(host, 'hostname'))).stdout).toBe('node1');
    const routes = await lab.exec('node1', ['ip', 'route', 'get', '1.1.1.1']);
    expect(routes.stdout).toContain('via 198.18.0.1');
    expect(await canConnect('node1', '1.1.1.1', 443)).toBe('refused');
  });
});

describe('a fault', () => {
  test('link-down, partition and drop-port cut exactly what they say', async () => {
    await listen('node2', 7001);
    await listen('node2', 7002);
    const ports = async (): Promise<string[]> =>
      Promise.all([7001, 7002].map((port) => canConnect('node1', '198.18.1.2', port)));
    expect(await ports()).toEqual(['open', 'open']);
    await withFault('node2', 'drop-port', '7001', async () =>
      expect(await ports()).toEqual(['silent', 'open']),
    );
    await withFault('node2', 'partition', undefined, async () => {
      expect(await ports()).toEqual(['silent', 'silent']);
      expect((await lab.run(['bash', '-c', 'exec 3<>/dev/tcp/198.18.1.2/7002'])).exitCode).toBe(0);
    });
    await withFault('node2', 'link-down', undefined, async () => {
      expect((await lab.exec('node2', ['cat', '/sys/class/net/host0/carrier'])).stdout).toBe('0');
      expect(await ports()).not.toContain('open');
    });
    await expect.poll(ports, { timeout: 10_000 }).toEqual(['open', 'open']);
    for (const port of [7001, 7002]) await stopListening('node2', port);
  });

  test('slow limits the rate', async () => {
    const seconds = async (): Promise<number> => {
      const begin = Date.now();
      await lab.run(sshThroughBastion(first(), 'head -c 400000 /dev/urandom'));
      return (Date.now() - begin) / 1000;
    };
    await withFault('node1', 'slow', '1mbit', async () => expect(await seconds()).toBeGreaterThan(2.5));
    expect(await seconds()).toBeLessThan(2.5);
  });

  test('kill-sshd ends the sessions, and systemd brings the daemon back', async () => {
    const session = lab.spawn(sshThroughBastion(first(), 'sleep 60'));
    await expect
      .poll(async () => (await lab.exec('node1', ['pgrep', '-f', 'sleep 60'])).exitCode, { timeout: 10_000 })
      .toBe(0);
    await lab.fault('node1', 'kill-sshd');
    expect((await session).exitCode).toBe(255);
    await expect
      .poll(async () => (await lab.run(sshThroughBastion(first(), 'true'))).exitCode, { timeout: 10_000 })
      .toBe(0);
    await lab.exec('node1', ['pkill', '-f', 'sleep 60']);
  });

  test('freeze stops the host without closing anything', async () => {
    await withFault('node1', 'freeze', undefined, async () =>
      expect((await lab.run(['timeout', '2', ...sshThroughBastion(first(), 'true')])).exitCode).not.toBe(0),
    );
    expect((await lab.run(sshThroughBastion(first(), 'true'))).exitCode).toBe(0);
  });

  test('full-disk leaves no room, and what was written stays after it', async () => {
    const fill = 'echo kept >/var/lib/rancher/kept; head -c 3000000 /dev/zero >/var/lib/rancher/big';
    await withFault('node1', 'full-disk', '2m', async () => {
      const result = await lab.exec('node1', ['sh', '-c', fill]);
      expect(result.stderr).toContain('No space left on device');
    });
    expect((await lab.exec('node1', ['cat', '/var/lib/rancher/kept'])).stdout).toBe('kept');
    await lab.exec('node1', ['rm', '-r', '/var/lib/rancher']);
  });

  test('host-key changes what the host shows, and heal brings the old one back', async () => {
    const scan = async (): Promise<string> => {
      const command = ['ssh-keyscan', '-t', 'ed25519', '-T', '3', '198.18.1.1'];
      return (await lab.exec('bastion', command)).stdout;
    };
    const before = await scan();
    expect(before).toContain('ssh-ed25519');
    await withFault('node1', 'host-key', undefined, async () => {
      await expect.poll(scan).toContain('ssh-ed25519');
      expect(await scan()).not.toBe(before);
    });
    await expect.poll(scan).toBe(before);
  });

  test('readonly-usr-local refuses writing, over a power cut too', async () => {
    const write = ['touch', '/usr/local/x'];
    await withFault('node1', 'readonly-usr-local', undefined, async () => {
      expect((await lab.exec('node1', write)).stderr).toContain('Read-only file system');
      await lab.fault('node1', 'power-off');
      await lab.powerOn('node1');
      expect((await lab.exec('node1', write)).exitCode).toBe(1);
      expect((await lab.exec('node1', ['mountpoint', '/usr/local'])).exitCode).toBe(0);
    });
    expect((await lab.exec('node1', write)).exitCode).toBe(0);
    await lab.exec('node1', ['rm', '/usr/local/x']);
  });

  test('clock is wrong in SSH sessions, below sudo and in services', async () => {
    const offsets = async (): Promise<number[]> => {
      const [host, password] = [first(), `${first().sudoPassword}\n`];
      const begin = Date.now() / 1000;
      const plain = await lab.run(sshThroughBastion(host, 'date +%s'));
      const sudo = await lab.run(sshThroughBastion(host, "sudo -S -p '' date +%s"), { stdin: password });
      const service = await lab.exec('node1', ['systemd-run', '--quiet', '--wait', '--pipe', 'date', '+%s']);
      return [plain, sudo, service].map((result) => Math.floor(Number(result.stdout) - begin));
    };
    const near = (offset: number, expected: number): boolean =>
      offset >= expected - 1 && offset <= expected + 5;
    await withFault('node1', 'clock', '+1000s', async () =>
      expect(await offsets()).toSatisfy((all: number[]) => all.every((offset) => near(offset, 1000))),
    );
    expect(await offsets()).toSatisfy((all: number[]) => all.every((offset) => near(offset, 0)));
  });

  test('port-taken holds the port', async () => {
    const owner = async (): Promise<string> =>
      (await lab.exec('node1', ['ss', '-Hltnp', 'sport = :6443'])).stdout;
    await withFault('node1', 'port-taken', '6443', async () => expect(await owner()).toContain('python3'));
    expect(await owner()).toBe('');
  });

  test('with a wrong argument is refused and named', async () => {
    await expect(lab.fault('node1', 'drop-port')).rejects.toThrow("'drop-port' needs a port");
    await expect(lab.fault('node1', 'slow', 'very')).rejects.toThrow('a rate such as 512kbit');
    await expect(lab.fault('node9', 'slow')).rejects.toThrow('it has node1, node2, bastion');
  });
});

describe('power', () => {
  test('off kills everything at once; on boots the same host', async () => {
    await lab.exec('node2', ['sh', '-c', 'echo here >/root/kept; echo gone >/run/gone']);
    await lab.powerOff('node2');
    await expect(lab.exec('node2', ['true'])).rejects.toThrow('node2 is off');
    expect(await canConnect('node1', '198.18.1.2', 22)).not.toBe('open');
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

const options = [
  ...['-F', 'none', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=2', '-o', 'LogLevel=ERROR'],
  ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'ServerAliveInterval=2'],
];

function ssh(host: LabHost, command: string): string[] {
  return ['ssh', ...options, '-i', host.keyPath, `${host.user}@${host.address}`, command];
}

function sshThroughBastion(host: LabHost, command: string): string[] {
  const bastion = lab.bastion ?? host;
  const proxy = [
    'ssh',
    ...options,
    '-i',
    bastion.keyPath,
    '-W',
    '[%h]:%p',
    `${bastion.user}@${bastion.address}`,
  ];
  return [
    ...ssh(host, command).slice(0, -2),
    '-o',
    `ProxyCommand=${proxy.join(' ')}`,
    ...ssh(host, command).slice(-2),
  ];
}

async function withFault(
  host: string,
  kind: FaultKind,
  argument: string | undefined,
  body: () => Promise<unknown>,
): Promise<void> {
  await lab.fault(host, kind, argument);
  try {
    await body();
  } finally {
    await lab.heal(host, kind);
  }
}

async function listen(host: string, port: number): Promise<void> {
  await lab.fault(host, 'port-taken', String(port));
  await lab.exec(host, ['firewall-cmd', '--quiet', `--add-port=${port}/tcp`]);
}

async function stopListening(host: string, port: number): Promise<void> {
  await lab.exec(host, ['firewall-cmd', '--quiet', `--remove-port=${port}/tcp`]);
  await lab.heal(host, 'port-taken');
}

async function canConnect(
  from: string,
  address: string,
  port: number,
): Promise<'open' | 'refused' | 'silent'> {
  const command = ['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`];
  const { exitCode } = await lab.exec(from, command);
  return exitCode === 0 ? 'open' : exitCode === 124 ? 'silent' : 'refused';
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
