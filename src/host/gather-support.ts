import { binDir, DATA_DIR } from '../rke2/paths.ts';
import type { Host } from './host.ts';

/** Something to ask a host of, for somebody who looks for a fault there. */
export interface SupportQuestion {
  /** Under which name the answer is kept. */
  readonly name: string;
  /** POSIX sh that only reads; $1: the data directory, $2: RKE2's programs, $3: how many lines of a journal, $4: maxBytes. */
  readonly script: string;
  /** Only the end of a longer answer is kept. */
  readonly maxBytes: number;
}

const MEBIBYTE = 1 << 20;
const TIMEOUT_MS = 30_000;

const tail = (path: string) =>
  `if [ -f "${path}" ]; then tail -c "$4" "${path}"; else echo "no ${path}" >&2; return 44; fi`;

/** `==> FILE` and the end of each newest log of these pods of the control plane. */
const POD_LOGS = `
n=0
for d in /var/log/pods/kube-system_etcd-*/* /var/log/pods/kube-system_kube-apiserver-*/* \\
  /var/log/pods/kube-system_kube-controller-manager-*/* /var/log/pods/kube-system_kube-scheduler-*/*; do
  f=$(ls -t "$d"/*.log 2>/dev/null | head -n 1)
  if [ -n "$f" ]; then n=$((n + 1)); echo "==> $f"; tail -n 500 "$f"; echo; fi
done
if [ $n = 0 ]; then echo "no logs of the control plane's pods" >&2; return 44; fi`;

/**
 * Command lines of processes are left out: they may hold what is secret. Nothing is asked that systemd would start a
 * service for (timedatectl, hostnamectl): that leaves traces on the host.
 */
const QUESTIONS: readonly SupportQuestion[] = [
  {
    name: 'journal.txt',
    script:
      'journalctl --quiet --no-pager --output=short-iso --lines="$3" --unit=rke2-server.service --unit=rke2-agent.service',
    maxBytes: 4 * MEBIBYTE,
  },
  {
    name: 'kernel.txt',
    script: 'journalctl --quiet --no-pager --output=short-iso --dmesg --lines=1000',
    maxBytes: MEBIBYTE,
  },
  {
    name: 'units.txt',
    script: `systemctl --no-pager show -p Id,LoadState,ActiveState,SubState,UnitFileState,Result,NRestarts,ExecMainStatus,ActiveEnterTimestamp,InactiveEnterTimestamp,MemoryCurrent,FragmentPath,DropInPaths \\
  rke2-server.service rke2-agent.service firewalld.service NetworkManager.service
echo; systemctl --no-pager --plain list-units --state=failed`,
    maxBytes: MEBIBYTE,
  },
  {
    name: 'versions.txt',
    script: `for b in /usr/local/bin/rke2 /opt/rke2/bin/rke2 /usr/bin/rke2; do if [ -x "$b" ]; then echo "$b:"; timeout 20 "$b" --version 2>&1; fi; done
echo "running: $(readlink "$2")"
if command -v rpm >/dev/null 2>&1; then rpm -qa 'rke2*' 2>/dev/null; fi
uname -a; cat /etc/os-release; systemctl --version | head -n 1`,
    maxBytes: MEBIBYTE,
  },
  {
    name: 'host.txt',
    script: `run() { echo "==> $*"; "$@" 2>&1; echo; }
run uptime; run date -u; run cat /proc/meminfo /proc/loadavg; run df -h; run df -i
for p in cpu memory io; do if [ -r /proc/pressure/$p ]; then run cat /proc/pressure/$p; fi; done
run ip -o address; run ip route; run ip -6 route; run ss -Hlntu; run cat /etc/resolv.conf; run cat /etc/hosts
run systemctl is-active chronyd.service chrony.service systemd-timesyncd.service ntpd.service
if command -v getenforce >/dev/null 2>&1; then run getenforce; fi
run ls -lR /etc/rancher/rke2; run ls -l "$1" "$1/server/manifests" "$1/agent/images" "$1/server/db/snapshots"`,
    maxBytes: MEBIBYTE,
  },
  { name: 'kubelet.log', script: tail('$1/agent/logs/kubelet.log'), maxBytes: MEBIBYTE },
  { name: 'containerd.log', script: tail('$1/agent/containerd/containerd.log'), maxBytes: MEBIBYTE },
  { name: 'control-plane-pods.txt', script: POD_LOGS, maxBytes: 2 * MEBIBYTE },
  {
    name: 'containers.txt',
    script: `if [ ! -x "$2/crictl" ]; then echo "no $2/crictl" >&2; return 44; fi
CRI_CONFIG_FILE=$1/agent/etc/crictl.yaml "$2/crictl" --timeout 10s ps -a`,
    maxBytes: MEBIBYTE,
  },
];

/** What to ask of a host; `server`: it has a control plane or an etcd member. */
export function supportQuestions(server: boolean): readonly SupportQuestion[] {
  return QUESTIONS.filter(({ name }) => server || name !== 'control-plane-pods.txt');
}

/** The answer's end, as much of it as is kept. Rejects as `Host.run` does, also when the host has no answer. */
export async function askForSupport(
  host: Host,
  question: SupportQuestion,
  options: { readonly dataDir?: string; readonly lines: number; readonly signal: AbortSignal },
): Promise<{ readonly text: string; readonly truncated: boolean }> {
  const { dataDir = DATA_DIR, lines, signal } = options;
  const { name, script, maxBytes } = question;
  const { stdout } = await host.run(bounded(script), {
    args: [dataDir, binDir(dataDir), String(lines), String(maxBytes)],
    what: `Asking for ${name}`,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  return { text: stdout, truncated: Buffer.byteLength(stdout) >= maxBytes };
}

/** Runs the script with its own exit code and only the end of what it says, $4 bytes; cut on the host, so that nothing is sent in vain. */
function bounded(script: string): string {
  return `
ask() {
${script}
}
exec 3>&1
code=$({ { ask "$@"; echo $? >&4; } | tail -c "$4" >&3; } 4>&1)
exit "$code"`;
}
