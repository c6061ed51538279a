import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab, LabHost } from '../lab/lab.ts';

/** What one does with the stand-in in a lab host, in a test's words. */
export interface LabRke2 {
  /** Copies the release there and runs its install.sh; `keep` limits the image bundles put into agent/images. */
  install(host: string, options?: { readonly images?: readonly string[] }): Promise<void>;
  /** Writes /etc/rancher/rke2/config.yaml. */
  configure(host: string, config: Readonly<Record<string, unknown>>): Promise<void>;
  /** `systemctl start`; the exit code is systemctl's, 124 when it did not come up in time. */
  start(host: string, role: 'server' | 'agent', timeoutSeconds?: number): Promise<number>;
  /** The service's log lines. */
  log(host: string, role: 'server' | 'agent'): Promise<string>;
  /** A shell command as root; its stdout. A failing one throws with its stderr. */
  sh(host: string, command: string): Promise<string>;
  /** kubectl on a server. */
  kubectl(host: string, command: string): Promise<string>;
  /** The names of etcd's members by `etcdctl member list`: voters and learners. */
  members(
    host: string,
  ): Promise<{ readonly voters: readonly string[]; readonly learners: readonly string[] }>;
}

const BIN = '/usr/lib/rke2-standin/bin';
const ETCD_TLS = '/var/lib/rancher/rke2/server/tls/etcd';

export function useRke2(lab: Lab): LabRke2 {
  const sh = async (host: string, command: string): Promise<string> => {
    const result = await lab.exec(host, ['sh', '-c', command], { timeoutMs: 90_000 });
    if (result.exitCode !== 0)
      throw new Error(`${host}: ${command}: exit ${result.exitCode}\n${result.stdout}\n${result.stderr}`);
    return result.stdout;
  };
  return {
    sh,
    install: async (host, options = {}) => {
      await copyRelease(lab, findHost(lab, host), options.images ?? ['rke2-images.linux-amd64.tar.zst']);
      await sh(host, 'INSTALL_RKE2_ARTIFACT_PATH=/root/release sh /root/release/install.sh');
    },
    configure: async (host, config) => {
      await sh(
        host,
        `mkdir -p /etc/rancher/rke2 && cat > /etc/rancher/rke2/config.yaml <<'EOF'\n${JSON.stringify(config)}\nEOF`,
      );
    },
    start: async (host, role, timeoutSeconds = 40) =>
      (await lab.exec(host, ['timeout', String(timeoutSeconds), 'systemctl', 'start', `rke2-${role}`]))
        .exitCode,
    log: (host, role) => sh(host, `journalctl -u rke2-${role} -o cat --no-pager`),
    kubectl: (host, command) =>
      sh(host, `KUBECONFIG=/etc/rancher/rke2/rke2.yaml /var/lib/rancher/rke2/bin/kubectl ${command}`),
    members: async (host) => {
      const flags = `--endpoints https://127.0.0.1:2379 --cacert ${ETCD_TLS}/server-ca.crt --cert ${ETCD_TLS}/client.crt --key ${ETCD_TLS}/client.key`;
      const lines = (await sh(host, `ETCDCTL_API=3 ${BIN}/etcdctl ${flags} member list`))
        .split('\n')
        .map((line) => line.split(', '));
      const named = (isLearner: string): string[] =>
        lines
          .filter((line) => line[5] === isLearner)
          .map((line) => line[2] ?? '')
          .sort();
      return { voters: named('false'), learners: named('true') };
    },
  };
}

/** Opens the host's firewall for everything, for tests that are not about it. */
export async function openFirewall(lab: Lab, rke2: LabRke2): Promise<void> {
  for (const host of lab.hosts) await rke2.sh(host.name, 'firewall-cmd -q --set-default-zone=trusted');
}

async function copyRelease(lab: Lab, host: LabHost, images: readonly string[]): Promise<void> {
  const target = join(host.root, 'root/release');
  const names = ['install.sh', 'sha256sum-amd64.txt', 'rke2.linux-amd64.tar.gz', ...images];
  for (const name of names) await cp(join(lab.artifacts, name), join(target, name));
}

function findHost(lab: Lab, name: string): LabHost {
  const host = lab.hosts.find((entry) => entry.name === name);
  if (host === undefined) throw new Error(`the lab has no host ${name}`);
  return host;
}
