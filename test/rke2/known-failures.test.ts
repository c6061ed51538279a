import { describe, expect, it } from 'vitest';
import { explainFailure, KNOWN_FAILURES } from '../../src/rke2/known-failures.ts';

const fatal = (message: string) => `time="2026-11-20T10:00:00Z" level=fatal msg="${message}"`;
const error = (message: string) => `time="2026-11-20T10:00:00Z" level=error msg="${message}"`;

/** As the etcd client in RKE2 logs, which is JSON. */
const etcdClient = (message: string) =>
  `{"level":"warn","ts":"2026-11-20T10:00:00.000000Z","logger":"etcd-client","caller":"v3@v3.6.7-k3s1/retry_interceptor.go:68","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0xc000a3c1e0/etcd.example:2379","method":"/etcdserverpb.KV/Range","attempt":0,"error":"${message}"}`;

/** Lines as RKE2, k3s' code in it, etcd, curl and the install script print them. */
const LINES: readonly (readonly [name: string, line: string, cause: RegExp])[] = [
  [
    'mixed-package-and-tarball',
    '[ERROR]  Cannot perform tar install on host with existing RKE2 RPMs - please run rke2-uninstall.sh first',
    /already has RKE2 as RKE2 RPMs/,
  ],
  ['disk-full', fatal('extracting: write /var/lib/rancher/rke2/data/x: no space left on device'), /full/],
  ['inotify-exhausted', error('failed to create fsnotify watcher: too many open files'), /inotify/],
  [
    'noexec',
    fatal(
      'fork/exec /var/lib/rancher/rke2/data/v1.36.4-rke2r1-0123456789ab/bin/containerd: permission denied',
    ),
    /noexec/,
  ],
  [
    'wrong-architecture',
    'rke2-server.service: Failed at step EXEC spawning /usr/local/bin/rke2: Exec format error',
    /another processor/,
  ],
  ['cgroup-controller-missing', fatal('failed to find memory cgroup (v2)'), /"memory"/],
  [
    'overlayfs-unusable',
    fatal('\\"overlayfs\\" snapshotter cannot be enabled for \\"/var/lib/rancher/rke2/agent/containerd\\"'),
    /overlayfs/,
  ],
  [
    'no-default-route',
    fatal(
      'starting kubernetes: preparing server: init cluster datastore and https: no default routes found in \\"/proc/net/route\\" or \\"/proc/net/ipv6_route\\"',
    ),
    /no default route/,
  ],
  ['no-default-route', fatal('unable to select an IP from default routes.'), /no default route/],
  [
    'clock-behind',
    error(
      'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-20T09:00:00Z is before 2026-11-20T10:00:00Z',
    ),
    /clock says 2026-11-20T09:00:00Z/,
  ],
  ['clock-unset', fatal("server time isn't set properly"), /before 1980/],
  [
    'files-newer-than-datastore',
    fatal(
      '/var/lib/rancher/rke2/server/tls/server-ca.crt newer than datastore and could cause a cluster outage. Remove the file(s) from disk and restart to be recreated from datastore.',
    ),
    /newer than those/,
  ],
  ['port-taken', fatal('listen tcp :9345: bind: address already in use'), /listens on :9345/],
  [
    'cis-kernel-parameters',
    fatal('invalid kernel parameter value vm.overcommit_memory=0 - expected 1'),
    /demands vm.overcommit_memory=1; the host has 0/,
  ],
  ['cis-etcd-user', fatal('missing required: user: unknown user etcd'), /user etcd/],
  [
    'pod-addresses-exhausted',
    'failed to allocate for range 0: no IP addresses available in range set: 10.42.0.1-10.42.0.254',
    /no pod address/,
  ],
  [
    'image-missing',
    error(
      'failed to pull and unpack image \\"docker.io/rancher/klipper-helm:v0.9.8\\": failed to do request: Head: dial tcp 3.2.1.4:443: i/o timeout',
    ),
    /docker\.io\/rancher\/klipper-helm:v0\.9\.8/,
  ],
  [
    'image-missing',
    fatal(
      'failed to get runtime image index.docker.io/rancher/rke2-runtime:v1.36.4-rke2r1: Get \\"https://index.docker.io/v2/\\": dial tcp: lookup index.docker.io: no such host',
    ),
    /rke2-runtime/,
  ],
  [
    'apiserver-slow',
    fatal('Failed to get request handlers from apiserver: timed out waiting for the condition'),
    /bundles took longer/,
  ],
  ['script-offline', 'curl: (6) Could not resolve host: update.rke2.io', /could not reach/],
  [
    'script-offline',
    'curl: (28) Failed to connect to github.com port 443 after 130000 ms: Connection timed out',
    /could not reach/,
  ],
  [
    'critical-configuration-mismatch',
    'time="2026-11-20T10:00:00Z" level=warning msg="critical configuration mismatched: ClusterIPRanges"',
    /"ClusterIPRanges" differs/,
  ],
  [
    'critical-configuration-mismatch',
    fatal(
      'starting kubernetes: preparing server: failed to validate server configuration: critical configuration value mismatch between servers',
    ),
    /must be the same/,
  ],
  [
    'etcd-learner-stuck',
    fatal('ETCD join failed: etcdserver: too many learner members in cluster'),
    /still joining/,
  ],
  [
    'etcd-address-changed',
    fatal(
      'this server is a not a member of the etcd cluster. Found [n1-0a1b2c3d=https://10.0.0.9:2380], expect: n1-0a1b2c3d=https://10.0.0.1:2380',
    ),
    /etcd knows n1-0a1b2c3d=https:\/\/10\.0\.0\.9:2380, and this server is n1-0a1b2c3d=https:\/\/10\.0\.0\.1:2380 now/,
  ],
  [
    'etcd-member-removed',
    '{"level":"warn","msg":"the member has been permanently removed from the cluster"}',
    /old database/,
  ],
  [
    'etcd-member-removed',
    '{"level":"warn","msg":"data-dir used by this member must be removed"}',
    /old database/,
  ],
  [
    'certificates-expired',
    error(
      'CA cert validation failed: Get \\"https://127.0.0.1:9345/cacerts\\": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-20T10:00:00Z is after 2026-01-01T00:00:00Z',
    ),
    /run out/,
  ],
  [
    'certificate-name',
    error(
      'Get \\"https://lb.example:9345/cacerts\\": tls: failed to verify certificate: x509: certificate is valid for localhost, n1, not lb.example',
    ),
    /lb\.example/,
  ],
  [
    'chart-needs-newer-kubernetes',
    'Error: UPGRADE FAILED: chart requires kubeVersion: >= v1.36.0 which is incompatible with Kubernetes v1.35.7',
    />= v1\.36\.0/,
  ],
  [
    'datastore-silent',
    etcdClient(
      'rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 10.0.9.1:2379: connect: connection refused\\"',
    ),
    /at 10\.0\.9\.1:2379/,
  ],
  [
    'datastore-silent',
    etcdClient('rpc error: code = DeadlineExceeded desc = context deadline exceeded'),
    /at etcd\.example:2379/,
  ],
  [
    'datastore-certificate',
    etcdClient(
      'rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \\"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority\\"',
    ),
    /etcd\.example:2379 fails: .*unknown authority\./,
  ],
  [
    'datastore-certificate',
    etcdClient(
      'rpc error: code = Unavailable desc = connection error: desc = \\"error reading server preface: remote error: tls: bad certificate\\"',
    ),
    /fails: tls: bad certificate\./,
  ],
  [
    'file-missing',
    fatal(
      'Error: preparing server: bootstrap: open /etc/rancher/rke2/rke2ctl/ca.crt: no such file or directory',
    ),
    /read \/etc\/rancher\/rke2\/rke2ctl\/ca\.crt and cannot/,
  ],
  ['bad-settings', fatal('invalid flag use; --server is required with --disable-etcd'), /--disable-etcd/],
  ['bad-settings', fatal('Failed to validate --cni flag: must specify 1 or 2 values'), /1 or 2 values/],
  [
    'ca-hash-mismatch',
    error(
      'token CA hash does not match the Cluster CA certificate hash: f08676bf4f7418e4 != 8e7d49c6991960d1',
    ),
    /another CA/,
  ],
  [
    'token-mismatch',
    fatal('bootstrap data already found and encrypted with different token'),
    /another server token/,
  ],
  [
    'duplicate-name',
    error(
      "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag",
    ),
    /by this name/,
  ],
  [
    'duplicate-name',
    fatal('duplicate node name found, please use a unique name for this node'),
    /by this name/,
  ],
  [
    'not-authorized',
    error('Failed to validate connection to cluster at https://10.0.0.1:9345: not authorized'),
    /refuses the token/,
  ],
  [
    'not-authorized',
    error('Failed to retrieve agent config: https://127.0.0.1:6444/v1-rke2/config: 401 Unauthorized'),
    /refuses the token/,
  ],
  [
    'blocked-by-firewall',
    error(
      'Failed to validate connection to cluster at https://10.0.0.1:9345: failed to get CA certs: Get \\"https://10.0.0.1:9345/cacerts\\": dial tcp 10.0.0.1:9345: connect: no route to host',
    ),
    /rejects connections from this host to 10\.0\.0\.1:9345/,
  ],
  [
    'name-does-not-resolve',
    error(
      'failed to get CA certs: Get \\"https://k8s.example:9345/cacerts\\": dial tcp: lookup k8s.example on 10.0.0.53:53: no such host',
    ),
    /resolve the name k8s\.example/,
  ],
  [
    'server-silent',
    error('Get \\"https://10.0.0.1:9345/cacerts\\": dial tcp 10.0.0.1:9345: connect: connection refused'),
    /Nothing answers at 10\.0\.0\.1:9345/,
  ],
  [
    'local-server-not-ready',
    error(
      'failed to get CA certs: Get \\"https://127.0.0.1:6444/cacerts\\": read tcp 127.0.0.1:1->127.0.0.1:6444: connection reset by peer',
    ),
    /own load balancer/,
  ],
  [
    'local-server-not-ready',
    error(
      'Waiting to retrieve agent configuration; server is not ready: https://127.0.0.1:9345/v1-rke2/readyz: 500 Internal Server Error',
    ),
    /own load balancer/,
  ],
];

describe('explainFailure', () => {
  it.each(LINES)('knows %s from: %s', (name, line, cause) => {
    const explanation = explainFailure(['INFO starting', line, 'systemd[1]: Failed with result exit-code.']);
    expect(explanation?.name).toBe(name);
    expect(explanation?.cause).toMatch(cause);
    expect(explanation?.cause).not.toContain('undefined');
    expect(explanation?.mend).not.toContain('undefined');
  });

  it('has a line for every entry', () => {
    for (const failure of KNOWN_FAILURES) {
      expect(LINES.some(([name, line]) => name === failure.name && failure.pattern.test(line))).toBe(true);
    }
  });

  it('says nothing of lines that every start shows', () => {
    const normal = [
      'Failed to test etcd connection: failed to get etcd status: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:2379: connect: connection refused"',
      etcdClient(
        'rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 127.0.0.1:2379: connect: connection refused\\"',
      ).replace('etcd.example', '127.0.0.1'),
      'Polling for API server readiness: GET /readyz failed: the server is currently unable to handle the request',
      'Pod for etcd not synced (no current running pod found), retrying',
      'cri-containerd-e48b.scope: Failed to set cpuset.cpus: No space left on device',
      'not running in CIS mode',
      'Starting rke2 v1.36.4+rke2r1 (abc)',
    ];
    expect(explainFailure(normal)).toBeNull();
    expect(explainFailure([])).toBeNull();
  });

  it('prefers the narrow cause to the wide one, wherever they stand', () => {
    const wide = 'server is not ready: https://127.0.0.1:9345/v1-rke2/readyz: 500';
    const narrow = fatal('critical configuration mismatched: ClusterDomain');
    expect(explainFailure([narrow, wide])?.name).toBe('critical-configuration-mismatch');
    expect(explainFailure([wide, narrow])?.cause).toContain('ClusterDomain');
  });

  it('quotes the latest of several lines', () => {
    const lines = [
      'listen tcp :6443: bind: address already in use',
      'listen tcp :9345: bind: address already in use',
    ];
    expect(explainFailure(lines)?.cause).toContain(':9345');
  });
});
