import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { mustRun, runCommand } from './command.ts';
import { type HostRecord, hostDirectory, type LabState } from './lab-state.ts';
import { haproxyConfig } from './load-balancer.ts';
import { gateway, gateway6, prefixLength, prefixLength6 } from './network.ts';

/** Mounts the host's tree: an overlay on the base tree, and /var/lib on a plain directory, as containerd cannot use an overlay. */
export async function mountHostTree(state: LabState, host: HostRecord): Promise<void> {
  const directory = hostDirectory(state, host);
  for (const part of ['upper', 'work', 'root', 'var-lib'])
    await mkdir(`${directory}/${part}`, { recursive: true });
  const overlay = `lowerdir=${state.baseTree},upperdir=${directory}/upper,workdir=${directory}/work`;
  await mustRun(['mount', '-t', 'overlay', 'overlay', '-o', overlay, `${directory}/root`]);
  await mustRun(['cp', '-a', `${state.baseTree}/var/lib/.`, `${directory}/var-lib`]);
  await mustRun(['mount', '--bind', `${directory}/var-lib`, `${directory}/root/var/lib`]);
}

/** Takes the host's mounts away, also those a crash left; a busy one goes as soon as nobody uses it. */
export async function unmountHostTree(state: LabState, host: HostRecord): Promise<void> {
  const directory = hostDirectory(state, host);
  for (const mountPoint of [`${directory}/root/var/lib`, `${directory}/root`])
    while ((await runCommand(['mountpoint', '-q', mountPoint])).exitCode === 0)
      if ((await runCommand(['umount', mountPoint])).exitCode !== 0)
        await mustRun(['umount', '--lazy', mountPoint]);
}

/** Writes what makes this host itself: name, keys, network, who may log in. The tree must be mounted and not booted. */
export async function writeHostFiles(state: LabState, host: HostRecord): Promise<void> {
  const root = `${hostDirectory(state, host)}/root`;
  await writeFile(`${root}/etc/hostname`, `${host.name}\n`);
  await writeFile(`${root}/etc/machine-id`, `${randomBytes(16).toString('hex')}\n`);
  await writeFile(`${root}/etc/resolv.conf`, `nameserver ${gateway}\n`);
  await writeFile(`${root}/etc/hosts`, renderHosts(state, host));
  await mkdir(`${root}/etc/systemd/network`, { recursive: true });
  await writeFile(`${root}/etc/systemd/network/10-host0.network`, renderNetwork(host));
  await makeSshHostKeys(`${root}/etc/ssh`);
  await writeAccount(root, host);
  if (host.role !== 'node') await disableUnit(root, 'firewalld.service');
  if (host.role === 'bastion') await writeBastionFiles(root, host);
  if (host.role === 'lb') await writeLoadBalancerFiles(root, state);
}

/** New host keys in place of any old ones in `directory`. */
export async function makeSshHostKeys(directory: string): Promise<void> {
  for (const type of ['ed25519', 'ecdsa']) {
    const path = `${directory}/ssh_host_${type}_key`;
    await rm(path, { force: true });
    await mustRun(['ssh-keygen', '-q', '-t', type, '-N', '', '-C', 'root@host', '-f', path]);
  }
}

function renderHosts(state: LabState, host: HostRecord): string {
  const others = state.hosts.filter((other) => other.name !== host.name);
  return [
    '127.0.0.1 localhost',
    `127.0.1.1 ${host.name}`,
    '::1 localhost ip6-localhost ip6-loopback',
    ...others.map((other) => `${other.address} ${other.name}`),
    '',
  ].join('\n');
}

function renderNetwork(host: HostRecord): string {
  return `[Match]
Name=host0
[Network]
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
[Address]
Address=${host.address}/${prefixLength}
[Address]
Address=${host.address6}/${prefixLength6}
DuplicateAddressDetection=none
[Route]
Gateway=${gateway}
[Route]
Gateway=${gateway6}
`;
}

async function writeAccount(root: string, host: HostRecord): Promise<void> {
  const home = host.user === 'root' ? '/root' : `/home/${host.user}`;
  if (host.role === 'bastion')
    await mustRun(['chroot', root, 'useradd', '--create-home', '--shell', '/usr/sbin/nologin', host.user]);
  await mkdir(`${root}${home}/.ssh`, { recursive: true, mode: 0o700 });
  await mustRun(['cp', `${host.keyPath}.pub`, `${root}${home}/.ssh/authorized_keys`]);
  await chmod(`${root}${home}/.ssh/authorized_keys`, 0o600);
  if (host.user === 'root') return;
  await mustRun(['chroot', root, 'chown', '-R', `${host.user}:${host.user}`, `${home}/.ssh`]);
  if (host.role === 'bastion') return;
  const rule = host.sudoPassword === undefined ? 'ALL=(ALL:ALL) NOPASSWD: ALL' : 'ALL=(ALL:ALL) ALL';
  await writeFile(`${root}/etc/sudoers.d/${host.user}`, `${host.user} ${rule}\n`, { mode: 0o440 });
  await chown(`${root}/etc/sudoers.d/${host.user}`, 0, 0);
  if (host.sudoPassword !== undefined)
    await mustRun(['chroot', root, 'chpasswd'], { stdin: `${host.user}:${host.sudoPassword}\n` });
}

/** The bastion's user can forward connections and nothing else. */
async function writeBastionFiles(root: string, host: HostRecord): Promise<void> {
  const match = `Match User ${host.user}
  PermitTTY no
  X11Forwarding no
  AllowAgentForwarding no
  AllowStreamLocalForwarding no
  AllowTcpForwarding local
  ForceCommand /usr/sbin/nologin
`;
  await writeFile(`${root}/etc/ssh/sshd_config.d/bastion.conf`, match);
}

async function writeLoadBalancerFiles(root: string, state: LabState): Promise<void> {
  const servers = state.hosts.filter((host) => host.role === 'node');
  await writeFile(`${root}/etc/haproxy/haproxy.cfg`, haproxyConfig(servers));
  const wants = `${root}/etc/systemd/system/multi-user.target.wants`;
  await symlink('/lib/systemd/system/haproxy.service', `${wants}/haproxy.service`);
}

async function disableUnit(root: string, unit: string): Promise<void> {
  const wants = `${root}/etc/systemd/system/multi-user.target.wants/${unit}`;
  await unlink(wants);
}
