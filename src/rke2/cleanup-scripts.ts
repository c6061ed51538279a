import { binaryCandidates, DATA_DIR } from './paths.ts';
import {
  TTL_BEGUN_PATH,
  TTL_DEADLINE_PATH,
  TTL_PATHS,
  TTL_SCRIPT_PATH,
  TTL_SERVICE_PATH,
  TTL_TIMER,
  TTL_TIMER_PATH,
} from './ttl-paths.ts';

/** What RKE2 and its CNIs leave in the file system, by their own scripts' account and by what those forget. */
const TREES = [
  '/var/lib/kubelet',
  '/etc/rancher/rke2',
  '/etc/rancher/node',
  '/etc/cni',
  '/opt/cni/bin',
  '/var/lib/cni',
  '/var/lib/calico',
  '/var/log/pods',
  '/var/log/containers',
  '/var/log/calico',
  '/run/k3s',
  '/run/flannel',
  '/run/calico',
];

/** Directories that only RKE2's files have filled: they go when they are empty. */
const EMPTIED = [
  '/etc/rancher',
  '/var/lib/rancher',
  '/opt/cni',
  '/run/netns',
  '/usr/local/lib/systemd/system',
  '/usr/local/lib/systemd',
];

/** Device names of the CNIs, as a pattern for whole names. */
const INTERFACES =
  'cni0|flannel[.-].*|vxlan[.]calico|vxlan-v6[.]calico|cali[0-9a-f]{11}|wireguard[.]cali|wg-v6[.]cali|cilium_.*|lxc_health|kube-ipvs0|nodelocaldns';

const WANTED_BY = '/etc/systemd/system/timers.target.wants';

/**
 * A function that takes the time to live off a host, its script last: a run that is cut off before that goes on by itself.
 * The service may be running it, so that is left to end.
 */
export const FORGET_TTL = `
forget_ttl() {
  for file in ${[...TTL_PATHS, TTL_BEGUN_PATH].join(' ')} ${TTL_TIMER_PATH}.d; do
    if [ -e "$file" ]; then
      systemctl disable --now ${TTL_TIMER} >/dev/null 2>&1
      rm -f ${WANTED_BY}/${TTL_TIMER} ${TTL_DEADLINE_PATH} ${TTL_TIMER_PATH} ${TTL_SERVICE_PATH}
      rmdir ${TTL_TIMER_PATH}.d ${WANTED_BY} 2>/dev/null
      systemctl daemon-reload 2>/dev/null
      rm -f ${TTL_BEGUN_PATH} ${TTL_SCRIPT_PATH}
      break
    fi
  done
}
`;

const RULES = 'KUBE-|CNI-|cali[-:]|CILIUM_|flannel';

/** $1: RKE2's prefix, or nothing; $2: its data directory. They are taken away, so that our own files are left in $@. */
const COMMON = `
# Whatever else may be wrong: nothing above is ever cleaned as if it were a data directory.
case $2 in /*/*/*) DD=$2 ;; *) DD=${DATA_DIR} ;; esac
RKE2_DATA_DIR=$DD
export RKE2_DATA_DIR
PREFIXES='${binaryCandidates()
  .map((path) => path.replace(/\/bin\/rke2$/, ''))
  .join(' ')}'
case " $PREFIXES " in *" $1 "*) ;; *) PREFIXES="$1 $PREFIXES" ;; esac
shift 2
TREES='${TREES.join(' ')}'
say() { echo "> $*"; }
# Processes that run a program of RKE2's or have its data directory in their arguments.
processes() {
  ls -l /proc/[0-9]*/exe 2>/dev/null | sed -nE "s#.* /proc/([0-9]+)/exe -> ($DD/.*|.*/bin/rke2)( [(]deleted[)])?\\$#\\1#p"
  # The bracket keeps grep from finding itself.
  grep -lE "\${DD}[/]" /proc/[0-9]*/cmdline 2>/dev/null | sed -nE 's#/proc/([0-9]+)/cmdline#\\1#p'
}
mounts() {
  awk -v dd="$DD" '
    index($2, "/run/k3s/") == 1 || index($2, "/var/lib/kubelet/") == 1 || index($2, "/run/netns/cni-") == 1 || index($2, dd "/") == 1 { print $2 }
  ' /proc/self/mounts | sort -r
}
interfaces() { ls /sys/class/net | grep -xE '${INTERFACES}'; }
rules() { "$1"-save 2>/dev/null | grep -cE '${RULES}'; }
units() {
  for place in /etc/systemd/system /etc/systemd/system/multi-user.target.wants $(printf '%s/lib/systemd/system ' $PREFIXES); do
    for unit in "$place"/rke2-server.service "$place"/rke2-agent.service; do
      if [ -e "$unit" ] || [ -L "$unit" ]; then echo "$unit"; fi
    done
  done
}
`;

/** Ends everything that RKE2 runs; data and configuration stay, and so does our marker. $1: prefix; $2: data directory. */
export const STOP_RKE2 = `
${COMMON}
for prefix in $PREFIXES; do
  if [ -x "$prefix/bin/rke2-killall.sh" ]; then
    say "running $prefix/bin/rke2-killall.sh"
    "$prefix/bin/rke2-killall.sh" </dev/null >&2
  fi
done
say 'ending what still runs'
systemctl stop rke2-server.service rke2-agent.service 2>/dev/null
for pid in $(processes | sort -un); do kill -KILL "$pid" 2>/dev/null; done
exit 0
`;

/**
 * Uninstalls RKE2 by its own script, then takes away what that left, or never came to, the time to live last. $1: prefix;
 * $2: data directory; $3…: our own files but for those of the time to live. Nothing below a mount that could not be taken down is deleted: it may be somebody's data on another machine.
 */
export const UNINSTALL_RKE2 = `
${COMMON}${FORGET_TTL}
for prefix in $PREFIXES; do
  if [ -x "$prefix/bin/rke2-uninstall.sh" ]; then
    say "running $prefix/bin/rke2-uninstall.sh"
    "$prefix/bin/rke2-uninstall.sh" </dev/null >&2 || say "$prefix/bin/rke2-uninstall.sh ended with code $?"
  fi
done
say 'removing what is left'
for pid in $(processes | sort -un); do kill -KILL "$pid" 2>/dev/null; done
for point in $(mounts); do umount "$point" 2>/dev/null || umount -l "$point" 2>/dev/null; done
for device in $(interfaces); do ip link delete "$device" 2>/dev/null; done
for tool in iptables ip6tables; do
  if command -v $tool-save >/dev/null 2>&1 && [ "$(rules $tool)" -gt 0 ]; then
    $tool-save | grep -vE '${RULES}' | $tool-restore
  fi
done
for unit in $(units); do rm -f "$unit"; done
for file in "$@"; do rm -f "$file"; done
for tree in "$DD" $TREES; do
  if [ -z "$(mounts | grep -F "$tree/")" ]; then rm -rf --one-file-system "$tree"; fi
done
for prefix in $PREFIXES; do
  if [ "$prefix" = /usr ]; then continue; fi
  rm -f "$prefix/bin/rke2" "$prefix/bin/rke2.previous" "$prefix/bin/rke2-killall.sh" "$prefix/bin/rke2-uninstall.sh" "$prefix"/lib/systemd/system/rke2-*.env
  rm -rf "$prefix/share/rke2"
done
for prefix in $PREFIXES; do
  case $prefix in /usr | /usr/local) continue ;; esac
  for dir in bin lib/systemd/system lib/systemd lib share; do rmdir "$prefix/$dir" 2>/dev/null; done
  rmdir "$prefix" 2>/dev/null
done
forget_ttl
for dir in ${EMPTIED.join(' ')}; do rmdir "$dir" 2>/dev/null; done
# Of a data directory elsewhere the way to it was made with it.
case $DD in
  */var/lib/rancher/*)
    dir=$DD
    for _ in rancher lib var; do
      dir=\${dir%/*}
      rmdir "$dir" 2>/dev/null
    done
    ;;
esac
systemctl daemon-reload 2>/dev/null
systemctl reset-failed rke2-server.service rke2-agent.service 2>/dev/null
exit 0
`;

/** Only looks; says one leftover a line. $1: prefix; $2: data directory; $3…: our own files. An empty directory on its own file system is no leftover. */
export const LOOK_FOR_LEFTOVERS = `
${COMMON}
for pid in $(processes | sort -un); do echo "process $pid ($(tr '\\0' ' ' <"/proc/$pid/cmdline" | cut -c 1-100))"; done
for point in $(mounts); do echo "mount $point"; done
for device in $(interfaces); do echo "network interface $device"; done
for tool in iptables ip6tables; do
  if command -v $tool-save >/dev/null 2>&1; then
    count=$(rules $tool)
    if [ "$count" -gt 0 ]; then echo "$count packet filter rules of Kubernetes in $tool"; fi
  fi
done
for unit in $(units); do echo "unit $unit"; done
for prefix in $PREFIXES; do if [ -e "$prefix/bin/rke2" ]; then echo "program $prefix/bin/rke2"; fi; done
for path in "$DD" $TREES "$@" ${[...TTL_PATHS, TTL_BEGUN_PATH].join(' ')}; do
  if [ -d "$path" ] && mountpoint -q "$path" && [ -z "$(ls -A "$path" | grep -vx lost+found)" ]; then continue; fi
  if [ -e "$path" ] || [ -L "$path" ]; then echo "$path"; fi
done
{
  grep -rlF rke2ctl /etc/firewalld/zones --include='*.xml' 2>/dev/null
  find /etc/firewalld/ipsets -name 'rke2ctl-*.xml' 2>/dev/null
} | sed 's/^/firewalld rules in /'
exit 0
`;
