import { RemoteCommandError } from '../domain/errors.ts';
import { CIS_SYSCTL_PATH, DATA_DIR, NETWORK_MANAGER_PATH, PREFIXES, RPM_PREFIX } from '../rke2/paths.ts';
import type { Host } from './host.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface CleanOptions extends CallOptions {
  /** Where RKE2 was unpacked, if our marker says so; the usual places are looked at anyway. */
  readonly prefix: string | null;
  /** Files outside RKE2's own directories that are ours to take away. */
  readonly files: readonly string[];
  readonly onWords?: (words: string) => void;
}

const OUR_FILES = [NETWORK_MANAGER_PATH, CIS_SYSCTL_PATH, '/etc/sysctl.d/60-rke2ctl-inotify.conf'];

/** Finds a script of RKE2 ($1) below the prefixes that follow, and runs it; says nothing when there is none. */
const RUN_SCRIPT = `
name=$1; shift
for prefix in "$@"; do
  if [ -x "$prefix/bin/$name" ]; then RKE2_DATA_DIR=${DATA_DIR} "$prefix/bin/$name" 2>&1; exit $?; fi
done
exit 0
`;

/** Stops RKE2 on the host with everything that it left running: containers, mounts, interfaces, rules. Data stays. */
export async function killRke2(host: Host, options: CleanOptions): Promise<void> {
  await runScript(host, 'rke2-killall.sh', options);
}

/**
 * Takes RKE2 and our own files off the host; RKE2 must have been stopped. Then looks: gives a line for everything of
 * RKE2's that still stands there. May be run on a host that is half clean, or wholly.
 */
export async function cleanHost(host: Host, options: CleanOptions): Promise<readonly string[]> {
  const files = options.files.filter((file) => OUR_FILES.includes(file));
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  if (files.length > 0)
    await host.run('rm -f -- "$@"', { args: files, what: 'Removing our files', ...signal });
  await runScript(host, 'rke2-uninstall.sh', options);
  const { stdout } = await host.run(`${SWEEP}\n${LOOK}`, {
    args: [options.prefix ?? ''],
    what: 'Looking at what is left',
    ...signal,
  });
  return stdout.split('\n').filter((line) => line !== '');
}

async function runScript(host: Host, name: string, options: CleanOptions): Promise<void> {
  const prefixes = new Set([...(options.prefix === null ? [] : [options.prefix]), ...PREFIXES, RPM_PREFIX]);
  const tail: string[] = [];
  const result = await host.run(RUN_SCRIPT, {
    args: [name, ...prefixes],
    allowFailure: true,
    what: name,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onStdout: (chunk) => {
      tail.push(
        ...chunk
          .toString()
          .split('\n')
          .filter((line) => line.trim() !== ''),
      );
      tail.splice(0, tail.length - 10);
      options.onWords?.(tail.at(-1) ?? name);
    },
  });
  if (result.exitCode === 0) return;
  throw new RemoteCommandError({
    code: 'uninstall-failed',
    message: [`${name} on ${host.target} ended with exit code ${result.exitCode}:`, ...tail.slice(-5)].join(
      '\n',
    ),
    hint: 'Run `rke2ctl remove` again; if it ends the same way, run the script on the host and look at what it says.',
    exitStatus: result.exitCode,
    stderr: tail.join('\n'),
  });
}

/**
 * What the uninstall script leaves, or never came to (staged files of a host on which nothing was installed yet, a run
 * that was cut off): our directories, empty directories of the prefix ($1), interfaces of Calico.
 */
const SWEEP = `
rm -rf /etc/rancher/rke2 /etc/rancher/node ${DATA_DIR}
rmdir /etc/rancher /var/lib/rancher 2>/dev/null
for prefix in /usr/local /opt/rke2 "$1"; do
  [ -n "$prefix" ] || continue
  rmdir "$prefix/lib/systemd/system" "$prefix/lib/systemd" "$prefix/share/rke2" 2>/dev/null
  case $prefix in /usr/local|/usr) ;; *) rmdir "$prefix/lib" "$prefix/share" "$prefix/bin" "$prefix" 2>/dev/null ;; esac
done
for link in /sys/class/net/*; do
  case \${link##*/} in cali*|wireguard.cali|wg-v6.cali) ip link delete "\${link##*/}" 2>/dev/null ;; esac
done
`;

/** A line for everything of RKE2's that is still there. */
const LOOK = `
for path in /etc/rancher/rke2 /etc/rancher/node ${DATA_DIR} /var/lib/kubelet /etc/cni /opt/cni/bin /var/lib/cni /run/k3s; do
  [ -d "$path" ] && [ -n "$(ls -A "$path" 2>/dev/null)" ] && echo "directory $path"
done
for path in /usr/local/bin/rke2 /opt/rke2/bin/rke2 /usr/bin/rke2 "$1/bin/rke2"; do
  [ "$path" != /bin/rke2 ] && [ -e "$path" ] && echo "file $path"
done
for unit in rke2-server rke2-agent; do
  [ "$(systemctl show -p LoadState --value $unit.service)" = loaded ] && echo "unit $unit.service"
done
while read -r _ mountpoint _; do
  case $mountpoint in /run/k3s*|/var/lib/kubelet/*|${DATA_DIR}*|/run/netns/cni-*) echo "mount $mountpoint" ;; esac
done </proc/mounts
for link in /sys/class/net/*; do
  name=\${link##*/}
  case $name in cni0|flannel.*|flannel-*|cali*|vxlan.calico|vxlan-v6.calico|cilium_*|kube-ipvs0|nodelocaldns) echo "interface $name" ;; esac
done
for entry in /proc/[0-9]*; do
  exe=$(readlink "$entry/exe" 2>/dev/null) || continue
  case $exe in ${DATA_DIR}/*) echo "process \${entry#/proc/} $exe" ;; esac
done
if command -v iptables-save >/dev/null 2>&1; then
  rules=$(iptables-save 2>/dev/null | grep -cE '^:(KUBE-|CNI-|cali-|CILIUM_|FLANNEL)')
  [ "$rules" = 0 ] || echo "$rules iptables chains of Kubernetes or its CNI"
fi
true
`;
