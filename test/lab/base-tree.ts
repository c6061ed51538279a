import { createHash } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { mustRun } from './command.ts';
import { say } from './say.ts';

/** A plain Debian 12, read only for the hosts: each lays its own overlay on it. */
export interface BaseTree {
  readonly directory: string;
  /** Programs of the tree for the operator's side of tests; the machine's own may be others by these names. */
  readonly kubectl: string;
  readonly etcdctl: string;
}

export const cacheDirectory = '/var/cache/rke2ctl-lab';

/** Where a host keeps what only the stand-in release runs on: off the PATH, so that the product cannot lean on it. */
export const standinBin = '/usr/lib/rke2-standin/bin';

const suite = 'bookworm';

const packages = [
  ...[
    'systemd',
    'systemd-sysv',
    'dbus',
    'openssh-server',
    'sudo',
    'iproute2',
    'firewalld',
    'nftables',
    'iptables',
  ],
  ...['curl', 'ca-certificates', 'procps', 'tar', 'zstd', 'gzip', 'kmod', 'openssl', 'python3-minimal'],
  ...['etcd-server', 'etcd-client', 'kubernetes-client', 'haproxy', 'libfaketime'],
];

/**
 * Runs at boot in every host. It makes the cgroup mounts writable, as a real containerd needs, and lays plain files over
 * the four kernel settings of the CIS profile: all hosts share one kernel, and it is this machine's.
 */
const bootScript = `#!/bin/sh
for c in /sys/fs/cgroup /sys/fs/cgroup/*; do mountpoint -q "$c" && mount -o remount,rw,bind "$c"; done
mkdir -p /run/host-sysctl
for s in kernel/panic:0 kernel/panic_on_oops:0 vm/overcommit_memory:0 vm/panic_on_oom:0; do
  f=/run/host-sysctl/$(echo "\${s%:*}" | tr / .)
  echo "\${s#*:}" >"$f" && mount --bind "$f" "/proc/sys/\${s%:*}"
done
exit 0
`;

const bootUnit = `[Unit]
Description=Kernel settings and cgroups of this host
DefaultDependencies=no
Before=systemd-sysctl.service sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/host-setup
[Install]
WantedBy=sysinit.target
`;

/** Turns the fresh tree ($1) into the hosts' one. */
const customizeScript = `set -eu
root=$1
# A login after the last logout hangs for up to 105 s now and then with it.
sed -i /pam_systemd/d "$root/etc/pam.d/common-session"
mkdir -p "$root${standinBin}"
for program in etcd etcdctl kubectl; do mv "$root/usr/bin/$program" "$root${standinBin}/"; done
touch "$root${standinBin}/node"
# A host must look as if the stand-in's programs had never been installed.
chroot "$root" userdel etcd
rm -rf "$root/var/lib/etcd" "$root/etc/default/etcd" "$root/lib/systemd/system/etcd.service" "$root/etc/init.d/etcd"
find "$root/etc/systemd/system" -lname '*etcd.service' -delete
ln -sf /dev/null "$root/etc/systemd/system/etcd.service"
chroot "$root" systemctl --quiet disable haproxy.service
chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \\
  e2scrub_reap.service fstrim.timer systemd-pstore.service console-getty.service getty@.service
printf '%s' "$BOOT_SCRIPT" >"$root/usr/lib/host-setup"
chmod 755 "$root/usr/lib/host-setup"
printf '%s' "$BOOT_UNIT" >"$root/etc/systemd/system/host-setup.service"
chroot "$root" systemctl --quiet enable systemd-networkd.service host-setup.service
chroot "$root" useradd --create-home --shell /bin/bash ops
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id" "$root/etc/hostname"
: >"$root/etc/machine-id"
`;

/** The tree of the present recipe, made on first use (about half a minute). Two makers at once do not disturb each other. */
export async function provideBaseTree(): Promise<BaseTree> {
  const recipe = [suite, packages, bootScript, bootUnit, customizeScript, process.arch];
  const hash = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16);
  const directory = `${cacheDirectory}/${hash}`;
  if (!(await exists(directory))) await buildTree(directory);
  return {
    directory,
    kubectl: `${directory}${standinBin}/kubectl`,
    etcdctl: `${directory}${standinBin}/etcdctl`,
  };
}

async function buildTree(directory: string): Promise<void> {
  say(`building the hosts' Debian tree once, in ${directory} (about half a minute)`);
  const partial = `${directory}.partial-${process.pid}`;
  await mkdir(cacheDirectory, { recursive: true });
  try {
    const include = `--include=${packages.join(',')}`;
    await mustRun(['mmdebstrap', '--quiet', '--mode=root', '--variant=minbase', include, suite, partial]);
    const env = { BOOT_SCRIPT: bootScript, BOOT_UNIT: bootUnit };
    await mustRun(['sh', '-c', customizeScript, 'customize', partial], { env });
    await rename(partial, directory);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Somebody else may have finished the same tree in the meantime; theirs is as good.
    if (!(await exists(directory))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
