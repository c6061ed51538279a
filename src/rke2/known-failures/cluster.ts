import type { KnownFailure } from './known-failure.ts';

/** Failures of images, certificates, etcd's members and RKE2's own settings. */
export const CLUSTER_FAILURES: readonly KnownFailure[] = [
  {
    name: 'image-missing',
    pattern:
      /(?:failed to pull and unpack image|failed to pull image|get runtime image|Pulling runtime image)\b.*?((?:[\w.-]+(?::\d+)?\/)+[\w./-]+(?::[\w.-]+)?).*(?:dial tcp|i\/o timeout|no such host|connection refused|not found|unreachable)/i,
    cause: (found) =>
      `The image ${found[1]} is not on the host and its registry cannot be reached: an image bundle is missing, or belongs to another version.`,
    mend: () =>
      'Without a network to the registry the artifacts need all bundles of exactly this version: core, the CNI’s, and those of multus and of a second ingress controller. `rke2ctl check` names the missing ones. With a registry of your own, see that it holds the image.',
  },
  {
    name: 'apiserver-slow',
    pattern: /Failed to get request handlers from apiserver: timed out waiting for the condition/,
    cause: () =>
      'The API server was not up in time, mostly because importing the image bundles took longer than that.',
    mend: () =>
      'The service tries again by itself; run the command again and allow more time (`--timeout`). Slow disks are the usual reason; an empty .cache.json in the images directory makes later starts skip what is imported.',
  },
  {
    name: 'script-offline',
    pattern:
      /curl: \((6|7|28|35)\).*(?:rke2\.io|github\.com|rancher)|finding release for channel .*(?:timed out|Could not resolve)/i,
    cause: () => 'The install script could not reach its download site from here.',
    mend: () =>
      'Give the host a way out, set `install.fetch: operator` or `install.mirror`, or install offline: `install.method: airgap` with `install.artifacts`.',
  },
  {
    name: 'critical-configuration-mismatch',
    pattern: /critical configuration mismatched: (.+?)"?$/i,
    cause: (found) =>
      `This server's setting "${found[1]}" differs from that of the servers already in the cluster.`,
    mend: () =>
      'These settings are fixed when the cluster is made and must be the same on all servers. Put the old value back into cluster.yml; to change it, the cluster must be made anew.',
  },
  {
    name: 'critical-configuration-mismatch',
    pattern: /critical configuration value mismatch between servers/,
    cause: () =>
      'A setting that must be the same on all servers differs from the running ones: CIDRs, cluster DNS or domain, egress selector, secrets encryption, embedded registry or the like.',
    mend: () =>
      'The line before ("critical configuration mismatched: …") names it. Put the old value back into cluster.yml; it cannot be changed in a living cluster.',
  },
  {
    name: 'etcd-learner-stuck',
    pattern: /too many learner members in cluster/,
    cause: () => 'Another etcd member is still joining, or began to and died. etcd lets one join at a time.',
    mend: () =>
      'Wait five minutes, after which the dead learner is evicted, and run the command again. If it stays, see which server never became Ready and take it out or bring it up.',
  },
  {
    name: 'etcd-address-changed',
    pattern: /not a member of the etcd cluster\. Found \[(.+?)\], expect: (\S+?)"?$/,
    cause: (found) =>
      `This server's address changed: etcd knows ${found[1]}, and this server is ${found[2]} now.`,
    mend: () =>
      'Run `rke2ctl up`: where the file has its new address (or `follow: true` for a node that is reached by a name), it makes etcd anew under it, or lets this server leave and join anew while others live. If the old address was meant to stay, give it back (a fixed one, not DHCP).',
  },
  {
    name: 'etcd-member-removed',
    pattern:
      /member has been permanently removed from the cluster|data-dir used by this member must be removed/,
    cause: () =>
      'This server was taken out of etcd (its Node was deleted), but its old database is still on disk.',
    mend: () =>
      'Take RKE2 off this host (`rke2-killall.sh`, `rke2-uninstall.sh`) and run `rke2ctl up`: it joins as a new member. The other servers hold the data.',
  },
  {
    name: 'certificates-expired',
    pattern: /certificate has expired/,
    cause: () => 'A certificate has run out. RKE2 renews its own only when the service starts.',
    mend: () =>
      'See that the clock is right, then restart rke2-server on each server, one after the other, and then the agents; fetch the kubeconfig again afterwards.',
  },
  {
    name: 'certificate-name',
    pattern: /certificate is valid for .+, not ([^\s"\\]+)/,
    cause: (found) => `The cluster's certificate does not carry the name or address ${found[1]}.`,
    mend: (found) =>
      `Put ${found[1]} into \`authentication.sans\` (or make it the \`endpoint\`) and run \`rke2ctl up\`: the servers sign it anew.`,
  },
  {
    name: 'chart-needs-newer-kubernetes',
    pattern: /chart requires kubeVersion: (\S+(?: \S+)?)/,
    cause: (found) =>
      `A packaged chart wants Kubernetes ${found[1]}, and an older server was asked to install it.`,
    mend: () =>
      'Bring all servers to the same version, one minor version at a time; the chart’s job succeeds once the last one is up.',
  },
  {
    name: 'file-missing',
    pattern: /level=fatal.*\b(?:open|stat) (\/[^\s:"\\]+): (no such file or directory|permission denied)/,
    cause: (found) => `RKE2 is told to read ${found[1]} and cannot: ${found[2]}.`,
    mend: () =>
      'Files that cluster.yml brings along are put back by `rke2ctl up`. If the path stands in `rke2.server` or `rke2.agent`, put the file there on every node, or take the key out.',
  },
  {
    name: 'bad-settings',
    pattern:
      /(invalid flag use; .+?|Invalid value \S+ for --\S+ flag.*?|Failed to validate --cni flag: .+?|--\S+ must be true when using --profile=\S+|can't set node-external-ip while using cloud provider|--(?:token|server) is required)"?$/,
    cause: (found) => `RKE2 refuses its settings: ${found[1]}.`,
    mend: () =>
      'Mend the key under `rke2.server` or `rke2.agent` in cluster.yml. If something else wrote /etc/rancher/rke2/config.yaml.d on the host, look there too.',
  },
];
