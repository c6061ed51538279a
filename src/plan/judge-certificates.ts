import type {
  CertificateFacts,
  CertificateFile,
  CertificateGap,
  CertificateReport,
  CertificateStatus,
  CheckedAuthority,
  CheckedCertificate,
  JudgedCertificate,
  KubeconfigCertificates,
  NodeCertificates,
} from '../domain/certificates.ts';
import { CLOCK_TOLERANCE_MS, certificateProblems } from './certificate-problems.ts';

export interface CertificatesInput {
  readonly clusterName: string;
  readonly nodes: readonly NodeCertificates[];
  /** null when it is not looked at, or not there. */
  readonly kubeconfig: KubeconfigCertificates | null;
  readonly dataDir: string;
  /** Fewer days than these are too few. */
  readonly warnDays: number;
  /** By the operator's clock, ms since the epoch. */
  readonly now: number;
}

const DAY_MS = 86_400_000;

/** The file below the data directory whose certificate each port of RKE2's is to show. */
export const SERVED_FILES: Readonly<Record<number, string>> = {
  6443: 'server/tls/serving-kube-apiserver.crt',
  9345: 'server/tls/dynamic-cert.json',
  10250: 'agent/serving-kubelet.crt',
  2379: 'server/tls/etcd/server-client.crt',
};

/** The most urgent first. */
const URGENCY: readonly CertificateStatus[] = ['ended', 'not-yet-valid', 'ends-soon', 'differs', 'ok'];

/** What is to be said of every certificate that was found, of files and ports alike, and of what was not found. */
export function judgeCertificates(input: CertificatesInput): CertificateReport {
  const certificates = [...input.nodes.flatMap((node) => leavesOf(node, input)), ...clientLeaves(input)];
  const authorities = listAuthorities(input);
  const gaps = findGaps(input);
  const sorted = { certificates: byUrgency(certificates), authorities: byUrgency(authorities), gaps };
  const problems = certificateProblems({ ...input, ...sorted });
  return {
    clusterName: input.clusterName,
    checkedAt: iso(input.now),
    warnDays: input.warnDays,
    healthy: problems.every(({ severity }) => severity !== 'error'),
    nodes: input.nodes.map(({ key, name, found }) => ({
      key,
      name,
      reached: found !== null,
      clockOffsetSeconds: found === null ? null : Math.round(found.clockOffsetMs / 1000),
    })),
    ...sorted,
    problems,
  };
}

/** A certificate by the clocks of those who look at it: whichever of them finds fault first is right. */
function judge(
  facts: CertificateFacts,
  offsets: readonly number[],
  input: CertificatesInput,
): JudgedCertificate {
  const { subject, issuer, usages, serial, fingerprint, notBefore, notAfter } = facts;
  const clocks = offsets.filter((offset) => Math.abs(offset) > CLOCK_TOLERANCE_MS);
  const earliest = input.now + Math.min(0, ...clocks);
  const latest = input.now + Math.max(0, ...clocks);
  const daysLeft = Math.floor((notAfter - latest) / DAY_MS);
  const status =
    notAfter < latest
      ? 'ended'
      : notBefore > earliest + CLOCK_TOLERANCE_MS
        ? 'not-yet-valid'
        : daysLeft < input.warnDays
          ? 'ends-soon'
          : 'ok';
  const times = { notBefore: iso(notBefore), notAfter: iso(notAfter) };
  return { subject, issuer, usages, serial, fingerprint, ...times, daysLeft, status };
}

function leavesOf(node: NodeCertificates, input: CertificatesInput): readonly CheckedCertificate[] {
  const { found, name, served } = node;
  if (found === null) return [];
  const offsets = [found.clockOffsetMs];
  const inFiles = found.files.flatMap(({ path, certificates }) =>
    certificates
      .filter(({ isAuthority }) => !isAuthority)
      .map((facts): CheckedCertificate => {
        const place = { node: name, kind: 'file', where: path } as const;
        return { ...judge(facts, offsets, input), ...place, differsFrom: null };
      }),
  );
  const onPorts = served.flatMap(({ port, answer }): CheckedCertificate[] => {
    if (!answer.asked) return [];
    const judged = judge(answer.certificate, offsets, input);
    const differsFrom = otherFile(found.files, port, answer.certificate, input.dataDir);
    const status = judged.status === 'ok' && differsFrom !== null ? 'differs' : judged.status;
    return [{ ...judged, status, node: name, kind: 'port', where: String(port), differsFrom }];
  });
  return [...inFiles, ...onPorts];
}

/** The file that should hold what the port shows, where it holds something else. */
function otherFile(
  files: readonly CertificateFile[],
  port: number,
  shown: CertificateFacts,
  dataDir: string,
): string | null {
  const file = files.find(({ path }) => path === `${dataDir}/${SERVED_FILES[port]}`);
  const leaf = file?.certificates[0];
  return file === undefined || leaf === undefined || leaf.fingerprint === shown.fingerprint
    ? null
    : file.path;
}

/** The kubeconfig is used here: the hosts' clocks do not matter to it. */
function clientLeaves(input: CertificatesInput): readonly CheckedCertificate[] {
  const { kubeconfig } = input;
  if (kubeconfig === null) return [];
  const place = { node: null, kind: 'kubeconfig', where: kubeconfig.path } as const;
  const leaves = kubeconfig.client.filter(({ isAuthority }) => !isAuthority);
  return leaves.map((facts) => ({ ...judge(facts, [], input), ...place, differsFrom: null }));
}

/** Each authority once: it lies in many files, behind every leaf that it signed. */
function listAuthorities(input: CertificatesInput): readonly CheckedAuthority[] {
  const seen = [
    ...input.nodes.flatMap(({ name, found }) =>
      (found?.files ?? []).flatMap(({ path, certificates }) =>
        certificates.map((facts) => ({
          facts,
          offset: found?.clockOffsetMs ?? 0,
          place: { node: name, kind: 'file', where: path } as const,
        })),
      ),
    ),
    ...(input.kubeconfig?.authorities ?? []).map((facts) => ({
      facts,
      offset: 0,
      place: { node: null, kind: 'kubeconfig', where: input.kubeconfig?.path ?? '' } as const,
    })),
  ].filter(({ facts }) => facts.isAuthority);
  const groups = new Map<string, (typeof seen)[number][]>();
  for (const each of seen) {
    const { fingerprint } = each.facts;
    groups.set(fingerprint, [...(groups.get(fingerprint) ?? []), each]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const offsets = group.map(({ offset }) => offset);
    return { ...judge(first.facts, offsets, input), places: group.map(({ place }) => place) };
  });
}

function findGaps({ nodes, kubeconfig }: CertificatesInput): readonly CertificateGap[] {
  const ofNodes = nodes.flatMap(({ name, found, failure, served }): CertificateGap[] => {
    if (found === null)
      return [
        { node: name, where: 'everything', why: failure?.message ?? 'it was not asked', isError: true },
      ];
    if (found.files.length === 0)
      return [{ node: name, where: 'files', why: 'there are none: RKE2 has never run there', isError: true }];
    const broken = found.files.flatMap(({ path, certificates, unreadable }): CertificateGap[] => {
      if (unreadable === 0 && certificates.length > 0) return [];
      const why = certificates.length === 0 ? 'holds no certificate' : 'holds one that cannot be read';
      return [{ node: name, where: path, why, isError: true }];
    });
    const silent = served.flatMap(({ port, answer }): CertificateGap[] =>
      answer.asked
        ? []
        : [{ node: name, where: String(port), why: answer.words, isError: answer.reason !== 'no-tool' }],
    );
    return [...broken, ...silent];
  });
  const complaint = kubeconfig?.complaint ?? null;
  if (kubeconfig === null || complaint === null) return ofNodes;
  return [...ofNodes, { node: null, where: kubeconfig.path, why: complaint, isError: true }];
}

/** Of the same urgency, what ends first comes first. */
function byUrgency<T extends JudgedCertificate>(list: readonly T[]): readonly T[] {
  const rank = ({ status }: T) => URGENCY.indexOf(status);
  return list.toSorted((a, b) => rank(a) - rank(b) || a.notAfter.localeCompare(b.notAfter));
}

/** To the second, as certificates are. */
function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
