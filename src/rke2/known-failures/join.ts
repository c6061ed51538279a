import type { KnownFailure } from './known-failure.ts';

/** Failures of a node that joins: tokens, names, and servers that do not answer. The widest of all stand last. */
export const JOIN_FAILURES: readonly KnownFailure[] = [
  {
    name: 'ca-hash-mismatch',
    pattern: /token CA hash does not match the .*CA.* hash: (\S+) != ([^\s"]+)/,
    cause: () =>
      'The server that answered has another CA than the token was made for: another cluster is behind that address, or this cluster was made anew.',
    mend: () =>
      'See which host really answers there: `curl -k https://ADDRESS:9345/cacerts | sha256sum` must give the first hash of the line. Mend `endpoint` or the address, or the state file if it belongs to another cluster.',
  },
  {
    name: 'token-mismatch',
    pattern: /bootstrap data already found and encrypted with different token/,
    cause: () =>
      'The data in the datastore are encrypted with another server token: they are an older cluster’s, or the token changed.',
    mend: () =>
      'If the data are worth keeping, bring back the state file with their token. If not: from an external datastore delete what lies below /registry/ and /bootstrap/ (in a database: the table `kine`); otherwise take RKE2 off this host with its data (`rke2-uninstall.sh`). Then run the command again.',
  },
  {
    name: 'duplicate-name',
    pattern: /Node password rejected, duplicate hostname|duplicate node name found/,
    cause: () =>
      'The cluster already knows a node by this name with another password: two hosts share the name, or this host was reinstalled under its old one.',
    mend: () =>
      'Give each host its own name (`hostname_override`). If it is the same host reinstalled: `kubectl delete node NAME`, and `kubectl -n kube-system delete secret NAME.node-password.rke2` if that is still there, then run the command again.',
  },
  {
    name: 'not-authorized',
    pattern: /\bnot authorized\b|401 Unauthorized/,
    cause: () => 'The server refuses the token of this node.',
    mend: () =>
      'The token in the state file is not the one that the cluster uses: it was rotated outside of rke2ctl, or the state is an old copy. Compare with /var/lib/rancher/rke2/server/token on a server, or rebuild the state from the hosts with `rke2ctl state rebuild`.',
  },
  {
    name: 'blocked-by-firewall',
    pattern: /dial tcp (\S+): connect: (?:no route to host|permission denied)/,
    cause: (found) => `A firewall rejects connections from this host to ${found[1]}.`,
    mend: (found) =>
      `Open ${found[1]} for this node's address: firewalld on that host, or the security group or packet filter between. \`rke2ctl check\` shows every port that is needed.`,
  },
  {
    name: 'name-does-not-resolve',
    pattern: /lookup (\S+?)(?: on \S+)?: no such host/,
    cause: (found) => `The host cannot resolve the name ${found[1]}.`,
    mend: (found) => `Put ${found[1]} into DNS or into /etc/hosts of every node.`,
  },
  {
    name: 'server-silent',
    pattern:
      /dial tcp ((?!127\.|\[::1\])\S+:(?:9345|6443)): (?:i\/o timeout|connect: connection (?:refused|timed out))/,
    cause: (found) =>
      `Nothing answers at ${found[1]}: RKE2 is not running there, or packets to it are dropped.`,
    mend: () =>
      'Look at that server first: `systemctl status rke2-server` and `journalctl -u rke2-server`. If it is well, the port is closed on the way.',
  },
  {
    name: 'local-server-not-ready',
    pattern:
      /127\.0\.0\.1:(6444|9345)\/(?:cacerts|v1-rke2\/readyz)|server is not ready: https:\/\/127\.0\.0\.1/,
    cause: () =>
      '127.0.0.1 here is RKE2’s own load balancer in front of the servers: none of the servers behind it answers (yet).',
    mend: () =>
      'The fault is at a server, not here: look for the last fatal line of `journalctl -u rke2-server` on each server, and whether 9345 and 6443 of the servers are open from this host.',
  },
];
