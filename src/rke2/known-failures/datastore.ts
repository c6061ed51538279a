import type { KnownFailure } from './known-failure.ts';

/**
 * Failures of an etcd on other hosts (mostly an external datastore), as the etcd client in RKE2 words them; RKE2 itself
 * says nothing and waits for ever. Lines about the node's own etcd (127.0.0.1) are part of every start and none of these.
 */
export const DATASTORE_FAILURES: readonly KnownFailure[] = [
  {
    name: 'datastore-certificate',
    pattern: /"target":"etcd-endpoints:\/\/[^/"]*\/((?!127\.|\[::1\])[^"]+)".*?(x509: [^"\\]+|tls: [^"\\]+)/,
    cause: (found) => `TLS with the datastore at ${found[1]} fails: ${found[2]?.trim()}.`,
    mend: () =>
      'With an external datastore: the CA in cluster.yml must have signed its certificate, for the address in the endpoint, and its own CA our client certificate; certificate and key must belong together. Mend them and run the command again.',
  },
  {
    name: 'datastore-silent',
    pattern:
      /"target":"etcd-endpoints:\/\/[^/"]*\/((?!127\.|\[::1\])[^"]+)".*?(?:dial tcp (\S+?): |code = DeadlineExceeded)/,
    cause: (found) =>
      `The datastore does not answer at ${found[2] ?? found[1]}, and RKE2 waits for it without an end.`,
    mend: () =>
      'See that etcd runs there and has a leader, and that its port is open from every server of this cluster; then run the command again. If it is the address of an external datastore and wrong, mend it in cluster.yml.',
  },
];
