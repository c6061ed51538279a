import { NO_RKE1 } from '../../domain/no-rke1.ts';
import type { Rke1Facts } from '../../domain/observed.ts';
import type { ProbeOutput } from './probe-output.ts';

/** Containers that RKE1 itself starts; those of pods begin with `k8s_`. */
const OWN =
  /^(etcd|kubelet|kube-(proxy|apiserver|scheduler|controller-manager)|nginx-proxy|service-sidekick|etcd-rolling-snapshots|etcd-(restore|download-backup|extract-backup|checksum-checker)|cluster-state-deployer|share-mnt|rke-.*|cert-deployer|rancher-agent|kubeadmin)$/;

/** What the section `rke1` of the probe says; nothing where the probe left it out, since RKE2 runs there. */
export function parseRke1(output: ProbeOutput, docker: boolean): Rke1Facts {
  const lines = output.lines('rke1');
  if (lines.length === 0) return { ...NO_RKE1, docker };
  const after = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const names = lines.flatMap((line) => /"\/([^"]+)"$/.exec(line)?.[1] ?? []);
  return {
    docker,
    containers: [...new Set(names.filter((name) => OWN.test(name)))],
    podContainers: names.filter((name) => name.startsWith('k8s_')).length,
    paths: after('path'),
    interfaces: after('interface'),
    chains: Number(after('chains')[0] ?? 0),
    mounts: Number(after('mounts')[0] ?? 0),
  };
}
