import type { KnownFailure } from './known-failure.ts';

/** Failures whose cause lies on the host itself: disk, kernel, clock, routes, ports, leftovers. */
export const HOST_FAILURES: readonly KnownFailure[] = [
  {
    name: 'mixed-package-and-tarball',
    pattern: /Cannot perform (tar|rpm) install on host with existing (RKE2 RPMs|tarball installation)/,
    cause: (found) => `The host already has RKE2 as ${found[2]}, and the ${found[1]} method refuses to mix.`,
    mend: () =>
      'Set `install.package` to the kind that is there, or take the old installation away first (`rke2-uninstall.sh` on the host).',
  },
  {
    name: 'disk-full',
    // cgroup writes give the same words with a capital letter and mean something else.
    pattern: /^(?!.*cpuset).*no space left on device/i,
    cause: () => 'A file system of the host is full.',
    mend: () =>
      'Look with `df -h /var/lib/rancher /var/lib/kubelet /tmp`, make room, and run the command again; nothing half-written is kept.',
  },
  {
    name: 'inotify-exhausted',
    pattern: /(inotify_init|fsnotify watcher|inotify|watcher).*too many open files/,
    cause: () => 'The kernel has no inotify instances left: its limit is too low for what runs here.',
    mend: () =>
      'Raise fs.inotify.max_user_instances to 8192 and fs.inotify.max_user_watches to 524288 in /etc/sysctl.d, or let rke2ctl do it with `prepare: [inotify]`.',
  },
  {
    name: 'noexec',
    pattern: /fork\/exec (\/var\/lib\/\S+?): permission denied/,
    cause: (found) =>
      `The kernel will not run ${found[1]}: its file system is mounted noexec, or a policy forbids it.`,
    mend: () =>
      'Mount it without noexec (`findmnt -T /var/lib/rancher` shows the mount). If it is not noexec, look for denials of SELinux (`ausearch -m avc`) or fapolicyd.',
  },
  {
    name: 'wrong-architecture',
    pattern: /exec format error/i,
    cause: () => 'The rke2 on the host was built for another processor.',
    mend: () => 'Put the release for this host’s architecture into the artifacts and run the command again.',
  },
  {
    name: 'cgroup-controller-missing',
    pattern: /failed to find (\w+) cgroup/,
    cause: (found) => `The kernel does not offer the cgroup controller "${found[1]}", which RKE2 needs.`,
    mend: (found) =>
      `Switch it on in the boot loader (on Raspberry Pi and the like: cgroup_enable=${found[1]}; memory also wants cgroup_memory=1) and reboot.`,
  },
  {
    name: 'overlayfs-unusable',
    pattern: /overlayfs\\?" snapshotter cannot be enabled/,
    cause: () => 'containerd cannot use overlayfs where its data lies.',
    mend: () =>
      'Put /var/lib/rancher on ext4 or on XFS made with ftype=1 (`xfs_info` tells); overlay on overlay and NFS do not work.',
  },
  {
    name: 'no-default-route',
    pattern: /no default routes found in|unable to select an IP from default routes/,
    cause: () => 'The host has no default route, and RKE2 finds its own address by it.',
    mend: () =>
      'Add a default route, even one that leads nowhere: a dummy interface with a global (not 169.254.x.x) address and `ip route add default dev dummy0`; make it last over reboots.',
  },
  {
    name: 'clock-behind',
    pattern: /certificate has expired or is not yet valid: current time (\S+) is before (\S+)/,
    cause: (found) =>
      `The host's clock says ${found[1]}, which is before the certificate begins (${found[2]}).`,
    mend: () =>
      'Set the clocks of all nodes by the same source (`chronyc makestep` or `timedatectl set-ntp true`) and run the command again.',
  },
  {
    name: 'clock-unset',
    pattern: /server time isn't set properly/,
    cause: () => 'The host’s clock stands before 1980.',
    mend: () => 'Set it (`timedatectl set-ntp true`, or `date` by hand) and run the command again.',
  },
  {
    name: 'files-newer-than-datastore',
    pattern: /newer than datastore and could cause a cluster outage/,
    cause: () =>
      'Certificates on this server are newer than those in the cluster’s datastore. Mostly a clock went back by 3 seconds or more, or files were put there by hand.',
    mend: () =>
      'Set the clocks right first. Then do what the line asks: remove the files that it names on this one server and run the command again.',
  },
  {
    name: 'port-taken',
    pattern: /listen (tcp|udp)\S* (\S+): bind: address already in use/,
    cause: (found) => `Another program listens on ${found[2]} (${found[1]}).`,
    mend: () =>
      '`ss -lntup` on the host names it. Stop it, or if it is left over from an earlier RKE2 run `rke2-killall.sh` there.',
  },
  {
    name: 'cis-kernel-parameters',
    pattern: /invalid kernel parameter value (\S+)=(\S+) - expected ([^\s"]+)/,
    cause: (found) => `The CIS profile demands ${found[1]}=${found[3]}; the host has ${found[2]}.`,
    mend: () =>
      'Let rke2ctl set the four parameters with `prepare: [cis-sysctl]`, or copy rke2-cis-sysctl.conf to /etc/sysctl.d/60-rke2-cis.conf and restart systemd-sysctl.',
  },
  {
    name: 'cis-etcd-user',
    pattern: /missing required: (user|group)/,
    cause: () => 'The CIS profile runs etcd as user etcd, and the host has no such user or group.',
    mend: () =>
      'Let rke2ctl make it with `prepare: [cis-user]`, or run `useradd -r -c "etcd user" -s /sbin/nologin -M etcd -U`.',
  },
  {
    name: 'pod-addresses-exhausted',
    pattern: /no IP addresses available in range set/,
    cause: () =>
      'The node has no pod address left: they leak when the iptables program is missing, or lock files were left behind.',
    mend: () =>
      'Install the package iptables. Then drain the node, run `rke2-killall.sh`, start the service and uncordon it.',
  },
];
