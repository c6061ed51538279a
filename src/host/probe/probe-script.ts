import { MARKER_PATH } from '../../domain/marker.ts';
import { quoteWord, quoteWords } from '../../lib/shell-quote.ts';
import {
  binaryCandidates,
  CONFIG_DROPIN_DIR,
  DATA_DIR,
  MANIFEST_PREFIX,
  manifestsDir,
  OWN_FILES_DIR,
} from '../../rke2/paths.ts';
import { TTL_DEADLINE_PATH } from '../../rke2/ttl-paths.ts';
import { clusterQuestions } from './cluster-questions.ts';
import { textQuestions } from './text-questions.ts';
import { UNIT_QUESTIONS } from './unit-questions.ts';

export interface ProbeOptions {
  /** RKE2's data directory, `/var/lib/rancher/rke2` unless config.yaml says otherwise. */
  readonly dataDir?: string;
  /** Where the file wants the tarball unpacked, if it says so. */
  readonly prefix?: string | null;
  /** Files whose hash and mode are wanted, beside those that bear our name and those that the marker calls ours. */
  readonly files?: readonly string[];
  /** Names that must resolve on the host. */
  readonly names?: readonly string[];
  /** Ask the node's own API server, if it has one, for all Node objects, or for one: that tells whether it answers. */
  readonly nodes?: 'all' | 'one';
  /**
   * Measure synchronous writes where etcd will live: writes and deletes a small file, so only when asked, and only on a
   * host without our marker: one in service is left alone.
   */
  readonly fsync?: boolean;
}

/** Programs whose presence somebody asks about. */
export const PROBED_COMMANDS = [
  'apparmor_parser',
  'curl',
  'firewall-cmd',
  'firewall-offline-cmd',
  'flock',
  'iptables',
  'nft',
  'openssl',
  'python3',
  'rpm',
  'sha256sum',
  'ss',
  'tar',
  'timeout',
  'wget',
  'zstd',
] as const;

/** Directories whose file system matters; the data directory comes first. */
const DIRECTORIES = [
  '/usr/local',
  '/opt/rke2',
  '/etc',
  '/run',
  '/var/lib/rancher',
  '/var/lib/kubelet',
  '/var/log',
];

/** Traces of RKE1: its certificates and manifests, its etcd, its tools, its pods, its network. */
const RKE1_PATHS = [
  '/etc/kubernetes',
  '/var/lib/etcd',
  '/opt/rke',
  '/var/lib/rancher/rke',
  '/var/lib/kubelet/pods',
  '/etc/cni/net.d/*-canal.conflist',
  '/etc/cni/net.d/*-calico.conflist',
  '/etc/cni/net.d/*-flannel.conflist',
  '/etc/cni/net.d/*-weave.conflist',
  '/etc/cni/net.d/*-aci*.conf',
  '/etc/cni/net.d/calico-kubeconfig',
  '/var/lib/calico',
  '/var/lib/weave',
];

/** Interfaces that the networks of RKE1 made. */
const RKE1_INTERFACES = ['cni0', 'flannel.*', 'cali*', 'vxlan.calico', 'weave', 'vethwe-*', 'datapath'];

/**
 * The one script that finds out everything about a host. POSIX sh; reads /proc and files, forks little, writes nothing
 * unless `fsync` is asked for. Output is in sections, each begun by a line `<mark> <name>` and all ended by `<mark> end`,
 * so that a cut-off answer is noticed; `mark` must be unguessable, as files of the host are part of the output.
 */
export function probeScript(mark: string, options: ProbeOptions = {}): string {
  const {
    dataDir = DATA_DIR,
    prefix = null,
    files = [],
    names = [],
    nodes = 'none',
    fsync = false,
  } = options;
  const asked: Asked = { dataDir, prefix, names, nodes, fsync };
  const key = JSON.stringify(asked);
  const known = questions.get(key) ?? writeQuestions(asked);
  questions.set(key, known);
  return `M=${quoteWord(mark)} DD=${quoteWord(dataDir)}\nset -- ${quoteWords([...files, MARKER_PATH])}\n${known}`;
}

interface Asked extends Required<Omit<ProbeOptions, 'files' | 'nodes'>> {
  readonly nodes: 'all' | 'one' | 'none';
}

/** All but the mark and the files, which is the same for nearly all hosts of a run. */
const questions = new Map<string, string>();

function writeQuestions({ dataDir, prefix, names, nodes, fsync }: Asked): string {
  const directories = [dataDir, ...DIRECTORIES, ...(prefix === null ? [] : [prefix])];
  return [
    ownFiles(dataDir),
    FUNCTIONS,
    'm time; now=$(date +%s.%N); echo "$now"',
    UNIT_QUESTIONS,
    `filesystems ${quoteWords(directories)}`,
    textQuestions(dataDir),
    NETWORK,
    `m commands; for c in ${PROBED_COMMANDS.join(' ')}; do if command -v $c >/dev/null 2>&1; then echo $c; fi; done`,
    `m paths; for p in /run/systemd/system /sys/fs/selinux/enforce /usr/share/selinux/packages/rke2.pp* /var/lib/selinux/*/active/modules/*/rke2 "$DD/server/db/etcd/name"; do if [ -e "$p" ]; then echo "$p"; fi; done`,
    RKE1,
    RPM,
    FILES,
    TTL,
    `for b in ${quoteWords(binaryCandidates(prefix))}; do if [ -x "$b" ]; then binary "$b"; fi; done`,
    ...names.map((name) => `m resolve; echo ${quoteWord(name)}; lookup ${quoteWord(name)}`),
    ...(fsync ? [FSYNC] : []),
    ...(nodes === 'none' ? [] : [clusterQuestions(nodes)]),
    'm end',
  ].join('\n');
}

/** Adds to $@ what bears our name, what could stand in for it, and what the marker calls ours: its `files`, one a line, as JSON.stringify indents them. */
function ownFiles(dataDir: string): string {
  const manifests = `${quoteWord(manifestsDir(dataDir))}/${MANIFEST_PREFIX}`;
  return `
for f in ${manifests}*.yaml ${OWN_FILES_DIR}/* ${OWN_FILES_DIR}/*/* ${OWN_FILES_DIR}/*/*/*; do
  if [ -f "$f" ]; then set -- "$@" "$f"; fi
done
# What stands beside ours: drop-ins, and manifests that RKE2 did not bring.
for f in ${CONFIG_DROPIN_DIR}/*.yaml ${CONFIG_DROPIN_DIR}/*.yml ${quoteWord(manifestsDir(dataDir))}/*; do
  case $f in
    ${manifests}*) continue ;;
    */rke2-*-config.y*ml) ;;
    */manifests/rke2-* | */manifests/rancher-* | */manifests/harvester-*) continue ;;
    *.yaml | *.yml | *.json) ;;
    *) continue ;;
  esac
  if [ -f "$f" ]; then set -- "$@" "$f"; fi
done
if [ -f ${MARKER_PATH} ]; then
  within=0
  while IFS= read -r line; do
    case $line in
      *'"files": []'*) ;;
      *'"files": ['*) within=1 ;;
      *']'*) within=0 ;;
      *'"/'*'"'*) if [ $within = 1 ]; then line=\${line#*\\"}; set -- "$@" "\${line%\\"*}"; fi ;;
    esac
  done <${MARKER_PATH}
fi`;
}

const FUNCTIONS = `
m() { echo "$M $1"; }
filesystems() {
  m ask
  for p in "$@"; do
    echo "$p"; shift
    while [ ! -e "$p" ]; do p=\${p%/*}; [ -n "$p" ] || p=/; done
    set -- "$@" "$p"
  done
  DF=$(df -kP "$@" 2>/dev/null)
  m df; printf '%s\\n' "$DF"
}
# Starting an rke2 to ask its version costs more than all the rest. Not needed for the file that runs, or for one that has
# not changed since it was started: then the version is the one in the name of the running data directory.
binary() {
  m "binary $1"
  if [ -L "$DD/bin" ] && { [ "/proc/$MAIN/exe" -ef "$1" ] || [ "$RUNNING" -gt "$(stat -c %Z "$1")" ]; }; then
    # Where it points to, without a program to ask.
    if cd -P "$DD/bin"; then echo "running $PWD"; cd /; fi
  elif command -v timeout >/dev/null; then timeout 20 "$1" --version
  else "$1" --version
  fi 2>/dev/null
}
lookup() {
  if command -v timeout >/dev/null; then timeout 5 getent ahosts "$1"
  else getent ahosts "$1"
  fi
}`;

const NETWORK = `
m addresses; ip -o addr show scope global
# Who listens is asked of a host whose RKE2 does not run: there the ports must be free.
if [ "$RKE2" = 0 ]; then
  if command -v ss >/dev/null 2>&1; then m ss; ss -Hlntup
  else m sockets; grep -sHE ' (0A|07) ' /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6
  fi
fi`;

/** What another cluster left, asked of a host whose RKE2 does not run; iptables only where something else was found. */
const RKE1 = `
if [ "$RKE2" = 0 ]; then
  m rke1
  O=0
  for p in ${RKE1_PATHS.join(' ')}; do if [ -e "$p" ]; then echo "path $p"; O=1; fi; done
  for p in ${RKE1_INTERFACES.map((name) => `/sys/class/net/${name}`).join(' ')}; do
    if [ -e "$p" ]; then echo "interface \${p##*/}"; O=1; fi
  done
  if [ -d /var/lib/docker/containers ]; then
    O=1
    grep -shoE '"Name":"/[^"]+"' /var/lib/docker/containers/*/config.v2.json
  fi
  if [ $O = 1 ]; then
    echo "mounts $(grep -c ' /var/lib/kubelet/pods/' /proc/mounts)"
    if command -v iptables-save >/dev/null 2>&1; then
      echo "chains $(iptables-save 2>/dev/null | grep -cE '^:(KUBE-|cali-|FLANNEL|WEAVE)')"
    fi
  fi
fi`;

const RPM = `
if [ -x /usr/bin/rke2 ] && command -v rpm >/dev/null 2>&1 && rpm -q rke2-common >/dev/null 2>&1; then m rpm; fi`;

/** Hashes of the wanted files and of the server CA's certificates, then size and time of those, of image bundles and of snapshots. */
const FILES = `
set -- "$@" "$DD/server/tls/server-ca.crt" "$DD/agent/server-ca.crt"
for f in "$@"; do shift; if [ -f "$f" ]; then set -- "$@" "$f"; fi; done
if [ $# -gt 0 ]; then m sha256; sha256sum "$@"; fi
for f in "$DD"/agent/images/* "$DD"/server/db/snapshots/*; do if [ -f "$f" ]; then set -- "$@" "$f"; fi; done
if [ $# -gt 0 ]; then m stat; stat -c '%a %s %Y %n' "$@"; fi
RUNNING=0
if [ "$MAIN" -gt 0 ] && read -r up _ </proc/uptime && read -r line <"/proc/$MAIN/stat"; then
  set -- \${line##*) }
  RUNNING=$((\${now%.*} - \${up%.*} + \${20} / 100))
fi 2>/dev/null`;

/** The line in which the host has noted when its time is over, and its uptime. */
const TTL = `
if [ -f ${TTL_DEADLINE_PATH} ]; then m ttl; sed -n 's/^# rke2ctl: //p' ${TTL_DEADLINE_PATH}; cat /proc/uptime; fi`;

const FSYNC = `
if [ ! -e ${MARKER_PATH} ]; then
m fsync; d=$DD/server/db/etcd
while [ ! -d "$d" ]; do d=\${d%/*}; [ -n "$d" ] || d=/; done
for i in 1 2 3 4 5 6 7 8 9 10 11; do
  dd if=/dev/zero of="$d/.rke2ctl-fsync" bs=2300 count=4 oflag=dsync 2>&1
done
rm -f "$d/.rke2ctl-fsync"
fi`;
