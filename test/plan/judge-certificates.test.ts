import { describe, expect, it } from 'vitest';
import type {
  CertificateFacts,
  CertificateFile,
  NodeCertificates,
  ServedCertificate,
} from '../../src/domain/certificates.ts';
import { type CertificatesInput, judgeCertificates } from '../../src/plan/judge-certificates.ts';
import { renderCertificates } from '../../src/ui/certificates-view.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const DAY = 86_400_000;
const DATA = '/var/lib/rancher/rke2';
const TLS = `${DATA}/server/tls`;

/** A certificate that ends in so many days; one of the same name and days is the same one. */
function certificate(name: string, days: number, more: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    subject: `CN=${name}`,
    issuer: 'CN=ca',
    usages: ['ServerAuth'],
    serial: `0${Math.abs(days)}`,
    fingerprint: `${name}/${days}`,
    isAuthority: false,
    notBefore: NOW - 10 * DAY,
    notAfter: NOW + days * DAY + 3_600_000,
    ...more,
  };
}

const authority = (name: string, days = 3650) =>
  certificate(name, days, { isAuthority: true, usages: ['CertSign'] });
const file = (path: string, ...certificates: readonly CertificateFacts[]): CertificateFile => ({
  path: `${DATA}/${path}`,
  certificates,
  unreadable: 0,
});
const shows = (port: number, facts: CertificateFacts) => ({
  port,
  answer: { asked: true, certificate: facts } as ServedCertificate,
});

const CA = authority('rke2-server-ca@1');

function server(name: string, days = 364, more: Partial<NodeCertificates> = {}): NodeCertificates {
  const api = certificate('kube-apiserver', days);
  const kubelet = certificate(name, days);
  return {
    key: `${name}:22`,
    name,
    roles: ['controlplane', 'etcd'],
    found: {
      clockOffsetMs: 400,
      files: [
        file('server/tls/server-ca.crt', CA),
        file('server/tls/serving-kube-apiserver.crt', api, CA),
        file('agent/serving-kubelet.crt', kubelet, CA),
      ],
    },
    served: [shows(6443, api), shows(10250, kubelet)],
    failure: null,
    ...more,
  };
}

const judge = (nodes: readonly NodeCertificates[], more: Partial<CertificatesInput> = {}) =>
  judgeCertificates({
    clusterName: 'lab',
    nodes,
    kubeconfig: null,
    dataDir: DATA,
    warnDays: 30,
    now: NOW,
    ...more,
  });
const show = (report: ReturnType<typeof judge>, all = false) =>
  renderCertificates(report, { all, dataDir: DATA });
const messages = (report: ReturnType<typeof judge>, severity = 'error') =>
  report.problems.filter((problem) => problem.severity === severity).map(({ message }) => message);

describe('certificates that are fine', () => {
  it('are one line a node, and their authorities one together', () => {
    const report = judge([server('n1'), server('n2', 300)]);
    expect([report.healthy, report.problems, report.gaps]).toEqual([true, [], []]);
    expect(report.certificates).toHaveLength(8);
    expect(report.authorities).toHaveLength(1);
    expect(report.authorities[0]?.places).toHaveLength(6);
    expect(show(report)).toBe(
      [
        'lab: 8 certificates of 2 nodes, all well',
        '',
        'NODE  STATUS  LEFT  ENDS        WHERE',
        'n1    ok      364d  2027-11-20  4 in files and on ports',
        'n2    ok      300d  2027-09-17  4 in files and on ports',
        '',
        '1 authority: ok, the first ends 2036-11-18 (3650d)',
        '',
      ].join('\n'),
    );
  });

  it('have a line each with --all', () => {
    const text = show(judge([server('n1')]), true);
    expect(text).toMatch(
      /^n1 +ok +364d +2027-11-20 +kube-apiserver +server\/tls\/serving-kube-apiserver.crt$/m,
    );
    expect(text).toMatch(/^n1 +ok +364d +2027-11-20 +kube-apiserver +port 6443$/m);
    expect(text).toMatch(/^rke2-server-ca@1 +ok +3650d +2036-11-18 +all nodes$/m);
  });
});

describe('certificates near their end', () => {
  it('come first, by urgency, and say what to do', () => {
    const report = judge([server('n1'), server('n2', 29), server('n3', -3)]);
    expect(report.healthy).toBe(false);
    expect(report.certificates.map(({ node, status }) => `${node} ${status}`)).toEqual([
      ...Array(4).fill('n3 ended'),
      ...Array(4).fill('n2 ends-soon'),
      ...Array(4).fill('n1 ok'),
    ]);
    expect(messages(report)).toEqual([
      'n2: 4 certificates are near the end, the first ends in 29 days. A restart of rke2-server renews what has less than 120 days; `rke2ctl cert rotate --node n2` renews all.',
      'n3: 4 certificates are past the end, the first ended 2 days ago. A restart of rke2-server renews what has less than 120 days; `rke2ctl cert rotate --node n3` renews all.',
    ]);
    expect(show(report)).toMatch(/^lab: 12 certificates of 3 nodes, 4 ended, 4 ends soon, not well$/m);
  });

  it('are what --warn-days says', () => {
    expect(judge([server('n1', 30)]).healthy).toBe(true);
    expect(judge([server('n1', 30)], { warnDays: 31 }).healthy).toBe(false);
    expect(judge([server('n1', 0)], { warnDays: 0 }).healthy).toBe(true);
    expect(judge([server('n1', -1)], { warnDays: 0 }).healthy).toBe(false);
  });
});

describe('authorities', () => {
  const withCa = (ca: CertificateFacts) =>
    judge([
      server('n1', 364, { found: { clockOffsetMs: 0, files: [file('server/tls/server-ca.crt', ca)] } }),
    ]);

  it('are reckoned apart, with another way out', () => {
    const report = withCa(authority('rke2-server-ca@1', 20));
    expect(report.certificates.filter(({ kind }) => kind === 'file')).toEqual([]);
    expect(report.healthy).toBe(false);
    expect(messages(report)).toEqual([
      'The authority CN=rke2-server-ca@1 (on n1) ends in 20 days. No restart renews an authority; `rke2ctl cert rotate --rotate-ca` makes new ones.',
    ]);
    expect(show(report)).toMatch(/^rke2-server-ca@1 +ends soon +20d +2026-12-11 +all nodes$/m);
    expect(messages(withCa(authority('rke2-server-ca@1', -1)))[0]).toContain(
      'ended within the last day, and',
    );
  });

  it('are warned of in their last year, as leaves are signed for one', () => {
    const report = withCa(authority('rke2-server-ca@1', 364));
    expect([report.healthy, messages(report, 'warning').length]).toEqual([true, 1]);
    expect(withCa(authority('rke2-server-ca@1', 365)).problems).toEqual([]);
  });

  it('are no error any more where a rotation has put others in their place', () => {
    const self = (name: string, days: number) =>
      certificate(name, days, { isAuthority: true, issuer: `CN=${name}`, fingerprint: `${name} root` });
    const rotated = (days: number) => {
      const cross = certificate('root', days, { isAuthority: true, issuer: 'CN=old' });
      const bundle = [
        certificate('new', 3650, { isAuthority: true, issuer: 'CN=root' }),
        cross,
        self('root', 3650),
        self('old', days),
      ];
      const leaf = certificate('kube-apiserver', 364, { issuer: 'CN=new' });
      const files = [
        file('server/tls/server-ca.crt', ...bundle),
        file('server/tls/serving-kube-apiserver.crt', leaf, ...bundle),
      ];
      return judge([server('n1', 364, { found: { clockOffsetMs: 0, files }, served: [] })]);
    };
    expect(rotated(-3).problems).toEqual([]);
    expect(rotated(20).healthy).toBe(true);
    expect(messages(rotated(20), 'warning')).toContain(
      'The authority CN=old (on n1) ends in 20 days. Others have taken its place; who trusts it alone (a kubeconfig, or a pod that has run since then) is shut out from that day.',
    );
    expect(rotated(200).problems).toEqual([]);
  });
});

describe('what a port shows', () => {
  it('differs when the file holds another certificate', () => {
    const old = certificate('kube-apiserver', 200);
    const report = judge([server('n1', 364, { served: [shows(6443, old)] })]);
    expect(report.certificates[0]).toMatchObject({
      kind: 'port',
      where: '6443',
      status: 'differs',
      differsFrom: `${TLS}/serving-kube-apiserver.crt`,
    });
    // What is shown is good for long: that is for the person to know, and no ill of the cluster.
    expect(report.healthy).toBe(true);
    expect(messages(report, 'warning').join()).toContain(
      'n1: port 6443 shows another certificate than lies in',
    );
  });

  it('that has ended is the worse of the two', () => {
    const report = judge([server('n1', 364, { served: [shows(6443, certificate('kube-apiserver', -5))] })]);
    expect(report.certificates[0]).toMatchObject({ kind: 'port', status: 'ended' });
    expect(report.certificates[0]?.differsFrom).not.toBeNull();
    expect(report.healthy).toBe(false);
  });

  it('is an error when nobody answers, and a warning when there is nothing to ask with', () => {
    const silent = (reason: 'refused' | 'no-tool', words: string) =>
      judge([server('n1', 364, { served: [{ port: 6443, answer: { asked: false, reason, words } }] })]);
    const refused = silent('refused', 'nothing listens on port 6443');
    expect(messages(refused)).toEqual([
      'n1: not asked on the wire: nothing listens on port 6443. See `rke2ctl status` whether rke2-server runs there.',
    ]);
    const bare = silent('no-tool', 'the host has no bash to ask with');
    expect([bare.healthy, bare.gaps.length, messages(bare, 'warning').length]).toEqual([true, 1, 1]);
  });
});

describe('what could not be looked at', () => {
  it('is told with the others judged', () => {
    const failure = { code: 'x', message: 'root@n2:22 did not answer.', hint: 'Is it on?' };
    const report = judge([server('n1'), server('n2', 0, { found: null, served: [], failure })]);
    expect(report.healthy).toBe(false);
    expect(report.nodes.map(({ reached }) => reached)).toEqual([true, false]);
    expect(report.gaps).toEqual([
      { node: 'n2', where: 'everything', why: 'root@n2:22 did not answer.', isError: true },
    ]);
    expect(messages(report)).toEqual(['n2: root@n2:22 did not answer. Is it on?']);
    expect(show(report)).toMatch(/^lab: 4 certificates of 1 of 2 nodes, not well$/m);
  });

  it('names a host without RKE2, and a file that holds none', () => {
    const empty = server('n1', 0, { found: { clockOffsetMs: 0, files: [] }, served: [] });
    expect(messages(judge([empty])).join()).toContain('RKE2 has never run there; `rke2ctl up`');
    const broken = { path: `${TLS}/client-admin.crt`, certificates: [], unreadable: 1 };
    const report = judge([server('n1', 0, { found: { clockOffsetMs: 0, files: [broken] }, served: [] })]);
    expect(messages(report).join()).toContain(`${TLS}/client-admin.crt holds no certificate.`);
  });
});

describe('clocks', () => {
  const off = (days: number, offsetMs: number, more: Partial<CertificateFacts> = {}) => {
    const files = [file('agent/serving-kubelet.crt', certificate('n1', days, more))];
    return judge([server('n1', 0, { found: { clockOffsetMs: offsetMs, files }, served: [] })]);
  };

  it('that are right, or nearly so, decide nothing', () => {
    const started = { notBefore: NOW + 30_000 };
    expect(off(364, 50_000).problems).toEqual([]);
    expect(off(364, 0, started).problems).toEqual([]);
  });

  it('that run ahead see certificates end, and those that lag see them not begun', () => {
    expect(off(2, 3 * DAY).certificates[0]).toMatchObject({ status: 'ended', daysLeft: -1 });
    expect(off(364, -11 * DAY).certificates[0]?.status).toBe('not-yet-valid');
    expect(messages(off(364, 3 * DAY), 'warning')[0]).toContain(
      'n1: its clock is 3 days ahead of the one here',
    );
    // Ours is as good a judge as the host's.
    expect(off(-1, -3 * DAY).certificates[0]?.status).toBe('ended');
  });
});

describe('the kubeconfig', () => {
  const path = 'kube_config_cluster.yml';
  const admin = (days: number) => certificate('system:admin', days);
  const look = (days: number, authorities: readonly CertificateFacts[], complaint: string | null = null) =>
    judge([server('n1')], { kubeconfig: { path, client: [admin(days)], authorities, complaint } });

  it('is looked at with its own way out', () => {
    expect(look(364, [CA]).problems).toEqual([]);
    expect(messages(look(-5, [CA]))).toEqual([
      `${path}: the admin’s certificate in it ended 4 days ago. \`rke2ctl kubeconfig\` fetches a new one.`,
    ]);
    expect(look(-5, [CA]).certificates[0]).toMatchObject({ node: null, kind: 'kubeconfig', where: path });
    expect(show(look(364, [CA]))).toMatch(/^\(here\) +ok +364d +\S+ +kube_config_cluster.yml$/m);
    expect(messages(look(364, [CA], 'it is no kubeconfig'))[0]).toContain('it is no kubeconfig.');
  });

  it('is warned of when it trusts another authority than the servers', () => {
    const report = look(364, [authority('rke2-server-ca@0')]);
    expect(messages(report, 'warning').join()).toContain('trusts an authority that is not the servers’ own');
  });
});

it('neither order of nodes nor of files changes what is said of each certificate', () => {
  const nodes = [server('n1', 10), server('n2'), server('n3', -2)];
  const turned = nodes.toReversed().map((node) => ({
    ...node,
    found: node.found && { ...node.found, files: node.found.files.toReversed() },
  }));
  const essence = (report: ReturnType<typeof judge>) =>
    report.certificates.map(({ node, where, status }) => `${node} ${where} ${status}`).sort();
  expect(essence(judge(turned))).toEqual(essence(judge(nodes)));
});
