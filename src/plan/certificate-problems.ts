import type {
  CertificateGap,
  CertificateProblem,
  CheckedAuthority,
  CheckedCertificate,
  KubeconfigCertificates,
  NodeCertificates,
} from '../domain/certificates.ts';
import type { Service } from '../domain/role.ts';
import { serviceOf } from '../rke2/roles.ts';
import { leadsToRoot } from './ended-authorities.ts';

export interface ProblemsInput {
  readonly nodes: readonly NodeCertificates[];
  readonly kubeconfig: KubeconfigCertificates | null;
  readonly certificates: readonly CheckedCertificate[];
  readonly authorities: readonly CheckedAuthority[];
  readonly gaps: readonly CertificateGap[];
  readonly warnDays: number;
  /** ms since the epoch. */
  readonly now: number;
}

/** RKE2 signs leaves for a year: an authority with less left will be outlived by what it signs. */
const AUTHORITY_DAYS = 365;

/** A clock that is off by less decides nothing; it is measured to a second or two only. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** What is wrong (error), then what should be known (warning), each in one sentence or two, with what to do. */
export function certificateProblems(input: ProblemsInput): readonly CertificateProblem[] {
  const all = [
    ...input.authorities.flatMap((authority) => ofAuthority(authority, input)),
    ...input.nodes.flatMap((node) => ofNode(input, node)),
    ...ofKubeconfig(input),
  ];
  return [...all.filter(isError), ...all.filter((problem) => !isError(problem))];
}

const isError = ({ severity }: CertificateProblem) => severity === 'error';
const error = (message: string): CertificateProblem => ({ severity: 'error', message });
const warning = (message: string): CertificateProblem => ({ severity: 'warning', message });

function ofAuthority(authority: CheckedAuthority, input: ProblemsInput): CertificateProblem[] {
  const { subject, status, daysLeft, notAfter, places } = authority;
  const names = [...new Set(places.flatMap(({ node }) => node ?? []))];
  const who = `The authority ${subject} (${names.length === 0 ? 'in the kubeconfig' : `on ${listed(names)}`})`;
  if (status === 'not-yet-valid') return [error(`${who} is not valid yet. ${CLOCKS}`)];
  if (isReplaced(authority, input)) return status === 'ends-soon' ? [warning(replaced(who, daysLeft))] : [];
  const mend = 'No restart renews an authority; `rke2ctl cert rotate --rotate-ca` makes new ones.';
  if (status === 'ended')
    return [
      error(
        `${who} ended ${ago(daysLeft)}, and with it all that it signed. No restart renews an authority; \`rke2ctl cert rotate\` says the way out.`,
      ),
    ];
  if (status === 'ends-soon') return [error(`${who} ends ${within(daysLeft)}. ${mend}`)];
  if (daysLeft >= AUTHORITY_DAYS) return [];
  return [
    warning(`${who} ends on ${notAfter.slice(0, 10)}, before what it signs from now on would. ${mend}`),
  ];
}

/** After a rotation an old authority lies beside the one that has taken its place, until the next rotation. */
function isReplaced({ fingerprint }: CheckedAuthority, { nodes, kubeconfig, now }: ProblemsInput): boolean {
  const lists = [
    ...nodes.flatMap(({ found }) => (found?.files ?? []).map(({ certificates }) => certificates)),
    kubeconfig?.authorities ?? [],
  ];
  const holding = lists.filter((list) => list.some((each) => each.fingerprint === fingerprint));
  return holding.every((list) => leadsToRoot(list, now, fingerprint));
}

function replaced(who: string, daysLeft: number): string {
  return `${who} ends ${within(daysLeft)}. Others have taken its place; who trusts it alone (a kubeconfig, or a pod that has run since then) is shut out from that day.`;
}

const CLOCKS =
  'See whether the clocks are right: `timedatectl set-ntp true` on the host, or `chronyc makestep`.';

function ofNode(input: ProblemsInput, node: NodeCertificates): CertificateProblem[] {
  const service = serviceOf(node.roles);
  const own = input.certificates.filter((each) => each.node === node.name);
  return [
    ...ofLeaves(own, node.name, service),
    ...ofDifferences(own, node.name, service),
    ...ofClock(node),
    ...ofGaps(input.gaps, node, service),
  ];
}

/** Of one node all that ended together is one sentence. */
function ofLeaves(own: readonly CheckedCertificate[], name: string, service: Service): CertificateProblem[] {
  const of = (status: CheckedCertificate['status']) => own.filter((each) => each.status === status);
  const mend = `A restart of ${service} renews what has less than 120 days; \`rke2ctl cert rotate --node ${name}\` renews all.`;
  const [ended, early, soon] = [of('ended'), of('not-yet-valid'), of('ends-soon')];
  const [first, next] = [ended[0], soon[0]];
  return [
    ...(first === undefined
      ? []
      : [error(`${name}: ${counted(ended)} past the end, the first ended ${ago(first.daysLeft)}. ${mend}`)]),
    ...(early.length === 0 ? [] : [error(`${name}: ${counted(early)} not valid yet. ${CLOCKS}`)]),
    ...(next === undefined
      ? []
      : [error(`${name}: ${counted(soon)} near the end, the first ends ${within(next.daysLeft)}. ${mend}`)]),
  ];
}

function ofDifferences(
  own: readonly CheckedCertificate[],
  name: string,
  service: Service,
): CertificateProblem[] {
  const other = own.filter(({ differsFrom }) => differsFrom !== null);
  return other.map(({ where, differsFrom }) =>
    warning(
      `${name}: port ${where} shows another certificate than lies in ${differsFrom}. If the file is newer, a restart of ${service} takes it; if RKE2 was given one of your own for that port, all is as it should be.`,
    ),
  );
}

function ofClock({ name, found }: NodeCertificates): CertificateProblem[] {
  const offset = found?.clockOffsetMs ?? 0;
  if (Math.abs(offset) <= CLOCK_TOLERANCE_MS) return [];
  const [side, sees] = offset > 0 ? ['ahead of', 'end earlier'] : ['behind', 'begin later'];
  return [
    warning(
      `${name}: its clock is ${spanText(Math.abs(offset))} ${side} the one here, so that it sees certificates ${sees}; they were judged by both. ${CLOCKS}`,
    ),
  ];
}

function ofGaps(
  gaps: readonly CertificateGap[],
  node: NodeCertificates,
  service: Service,
): CertificateProblem[] {
  const { name, failure } = node;
  if (node.found === null)
    return [error(`${name}: ${failure?.message ?? 'not asked.'} ${failure?.hint ?? ''}`.trim())];
  const own = gaps.filter((gap) => gap.node === name);
  const isPort = ({ where }: CertificateGap) => /^\d+$/.test(where);
  const silent = own.filter((gap) => isPort(gap) && gap.isError);
  const unasked = own.filter((gap) => isPort(gap) && !gap.isError);
  const broken = own.filter((gap) => !isPort(gap));
  return [
    ...broken.map(({ where, why }) =>
      where === 'files'
        ? error(
            `${name}: it has no certificates, as RKE2 has never run there; \`rke2ctl up\` brings it into the cluster.`,
          )
        : error(
            `${name}: ${where} ${why}. Move it away and restart ${service}, which makes it anew unless it is an authority.`,
          ),
    ),
    ...(silent.length === 0
      ? []
      : [
          error(
            `${name}: not asked on the wire: ${silent.map(({ why }) => why).join('; ')}. See \`rke2ctl status\` whether ${service} runs there.`,
          ),
        ]),
    ...(unasked.length === 0
      ? []
      : [
          warning(
            `${name}: not asked on the wire at ${listed(unasked.map(({ where }) => where))}: ${unasked[0]?.why ?? ''}. What is said of it is from its files.`,
          ),
        ]),
  ];
}

function ofKubeconfig({ kubeconfig, certificates, nodes }: ProblemsInput): CertificateProblem[] {
  if (kubeconfig === null) return [];
  const { path, complaint, authorities } = kubeconfig;
  const mend = '`rke2ctl kubeconfig` fetches a new one.';
  const own = certificates.filter(({ kind }) => kind === 'kubeconfig');
  const known = new Set(
    nodes.flatMap(({ found }) =>
      (found?.files ?? [])
        .filter((file) => file.path.endsWith('/server/tls/server-ca.crt'))
        .flatMap((file) => file.certificates.map(({ fingerprint }) => fingerprint)),
    ),
  );
  const isForeign =
    known.size > 0 &&
    authorities.length > 0 &&
    !authorities.some(({ fingerprint }) => known.has(fingerprint));
  return [
    ...(complaint === null ? [] : [error(`${path}: ${complaint}. ${mend}`)]),
    ...own.flatMap(({ status, daysLeft }) => {
      if (status === 'ended')
        return [error(`${path}: the admin’s certificate in it ended ${ago(daysLeft)}. ${mend}`)];
      if (status === 'not-yet-valid')
        return [error(`${path}: the admin’s certificate in it is not valid yet. ${CLOCKS}`)];
      if (status === 'ends-soon')
        return [
          error(
            `${path}: the admin’s certificate in it ends ${within(daysLeft)}. \`rke2ctl kubeconfig\` fetches the servers’ own once that is renewed.`,
          ),
        ];
      return [];
    }),
    ...(isForeign
      ? [
          warning(
            `${path}: it trusts an authority that is not the servers’ own, so that kubectl refuses them. ${mend}`,
          ),
        ]
      : []),
  ];
}

function counted({ length }: readonly unknown[]): string {
  return length === 1 ? '1 certificate is' : `${length} certificates are`;
}

function ago(daysLeft: number): string {
  const days = -daysLeft - 1;
  return days < 1 ? 'within the last day' : `${days} day${days === 1 ? '' : 's'} ago`;
}

function within(daysLeft: number): string {
  return daysLeft < 1 ? 'within a day' : `in ${daysLeft} day${daysLeft === 1 ? '' : 's'}`;
}

const MOST_NAMED = 5;

function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED;
  return rest > 0 ? `${names.slice(0, MOST_NAMED).join(', ')} and ${rest} more` : names.join(', ');
}

/** Coarse: a clock that is off is set anew, whatever the seconds. */
function spanText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minute${minutes === 1 ? '' : 's'}`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
