import { MARKER_PATH } from '../../domain/marker.ts';
import { quoteWord } from '../../lib/shell-quote.ts';
import { previousVersionPath } from '../../rke2/paths.ts';

/** Kernel parameters that the probe reads, by their paths below /proc/sys. */
export const PROBED_SYSCTLS = [
  'vm/panic_on_oom',
  'vm/overcommit_memory',
  'kernel/panic',
  'kernel/panic_on_oops',
];

/**
 * A part of the probe: text files of /proc, /sys and /etc (the path of each, then its lines with a colon before them), then
 * mount points and the server CA's certificates: all read by one awk, as starting a program costs more than what it reads.
 * firewalld's files only if it runs; of the mount points only those that df has named (in $DF).
 */
export function textQuestions(dataDir: string): string {
  const files = [
    '/proc/sys/kernel/hostname',
    '/etc/machine-id',
    '/proc/sys/kernel/random/boot_id',
    '/proc/sys/kernel/arch',
    '/proc/sys/kernel/osrelease',
    '/etc/os-release',
    '/sys/devices/system/cpu/online',
    '/sys/fs/cgroup/cgroup.controllers',
    '/proc/cgroups',
    '/proc/net/route',
    '/etc/resolv.conf',
    '/run/systemd/resolve/resolv.conf',
    '/sys/fs/selinux/enforce',
    '/sys/module/apparmor/parameters/enabled',
    '/proc/sys/fs/inotify/max_user_instances',
    '/proc/sys/fs/inotify/max_user_watches',
    ...PROBED_SYSCTLS.map((name) => `/proc/sys/${name}`),
    MARKER_PATH,
    quoteWord(previousVersionPath(dataDir)),
  ];
  return [
    'F=; if [ "$FIREWALLD" = 1 ]; then',
    "F='/etc/firewalld/firewalld.conf /etc/firewalld/zones/*.xml /etc/firewalld/ipsets/*.xml /usr/lib/firewalld/zones/*.xml'; fi",
    `m text; DF="$DF" awk -v M="$M" -v DD="$DD" '${READ_TEXT}' ${files.join(' ')} $F </dev/null`,
    "[ -d /etc/NetworkManager ] && { m unmanaged; grep -slE 'unmanaged-devices.*(cali|flannel)' /etc/NetworkManager/conf.d/*.conf; }",
    '[ -e /proc/sys/kernel/arch ] || { m arch; uname -m; }',
  ].join('\n');
}

/** Of files that are not there it says nothing; a last line without an end gets one. A mount point with a blank in it has a backslash. */
const READ_TEXT = `
  function read(file, wanted, unwanted, line, lead) {
    lead = file "\\n:"
    while ((getline line < file) > 0) if (line ~ wanted && (unwanted == "" || line !~ unwanted)) {
      print lead line
      lead = ":"
    }
    close(file)
  }
  BEGIN {
    for (i = 1; i < ARGC; i++) read(ARGV[i], "")
    read("/proc/net/ipv6_route", "", "^(fe8|ff)| lo$")
    read("/proc/meminfo", "^(MemTotal|SwapTotal):")
    read("/etc/passwd", "^etcd:")
    read("/etc/group", "^etcd:")
    count = split(ENVIRON["DF"], usage, "\\n")
    for (i = 1; i <= count; i++)
      if (match(usage[i], "[0-9] +([0-9]+%|-) +/")) wanted[substr(usage[i], RSTART + RLENGTH - 1)]
    print M " mounts"
    while ((getline line < "/proc/mounts") > 0) {
      split(line, field, " ")
      if (field[2] in wanted || index(field[2], "\\\\")) print line
    }
    if ((getline line < (ca = DD "/server/tls/server-ca.crt")) > 0 || (getline line < (ca = DD "/agent/server-ca.crt")) > 0) {
      print M " ca"
      do print line; while ((getline line < ca) > 0)
    }
  }
`;
