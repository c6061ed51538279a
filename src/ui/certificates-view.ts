import type {
  CertificateReport,
  CertificateStatus,
  CheckedCertificate,
  JudgedCertificate,
} from '../domain/certificates.ts';
import { cleanLine } from './clean-text.ts';
import { wrapText } from './fit-text.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { type Column, countText, renderTable } from './table.ts';

const STATUS: Readonly<Record<CertificateStatus, string>> = {
  ok: 'ok',
  'ends-soon': 'ends soon',
  ended: 'ended',
  'not-yet-valid': 'not yet valid',
  differs: 'differs',
};

export interface CertificatesViewOptions {
  /** Every certificate has its line; otherwise those of a node that are fine have one together. */
  readonly all: boolean;
  /** Files below it are named without it. */
  readonly dataDir: string;
  readonly style?: Style;
}

/** The report of `cert check` for people: what is urgent first, authorities apart, what to do last. */
export function renderCertificates(report: CertificateReport, options: CertificatesViewOptions): string {
  const { style = PLAIN_STYLE } = options;
  const parts = [
    `${report.clusterName}: ${verdict(report, style)}\n`,
    leafTable(report, options),
    authorityTable(report, options),
  ].filter((part) => part !== '');
  const problems = report.problems.map(({ severity, message }) => {
    const mark = severity === 'error' ? style.red(style.symbols.failed) : style.yellow(style.symbols.warning);
    const [first = '', ...more] = wrapText(cleanLine(message), style.width === null ? null : style.width - 2);
    return [`${mark} ${first}\n`, ...more.map((line) => `  ${line}\n`)].join('');
  });
  return [...parts, ...(problems.length === 0 ? [] : [problems.join('')])].join('\n');
}

function verdict(report: CertificateReport, style: Style): string {
  const { certificates, nodes, healthy } = report;
  const asked = nodes.filter(({ reached }) => reached).length;
  const of =
    asked === nodes.length ? countText(asked, 'node') : `${asked} of ${countText(nodes.length, 'node')}`;
  const counts = (['ended', 'not-yet-valid', 'ends-soon', 'differs'] as const).flatMap((status) => {
    const { length } = certificates.filter((each) => each.status === status);
    return length === 0 ? [] : [`${length} ${STATUS[status]}`];
  });
  const words = counts.length === 0 ? [] : [counts.join(', ')];
  const well = healthy ? style.green('all well') : style.red('not well');
  return [`${countText(certificates.length, 'certificate')} of ${of}`, ...words, well].join(', ');
}

function leafTable(
  report: CertificateReport,
  { all, dataDir, style = PLAIN_STYLE }: CertificatesViewOptions,
): string {
  const { certificates } = report;
  const single = all ? certificates : certificates.filter(({ status }) => status !== 'ok');
  const hasSubject = single.length > 0;
  const row = (each: CheckedCertificate, subject: string, where: string) => [
    cleanLine(each.node ?? '(here)'),
    ...judgement(each),
    ...(hasSubject ? [subject] : []),
    where,
  ];
  const rows = single.map((each) => row(each, commonName(each), placeText(each, dataDir)));
  const calm = all ? [] : certificates.filter(({ status }) => status === 'ok');
  const owners = [...report.nodes.map(({ name }) => name), null];
  const together = owners.flatMap((owner) => {
    const own = calm.filter(({ node }) => node === owner);
    const [first] = own;
    if (first === undefined) return [];
    return [
      row(first, '', owner === null ? placeText(first, dataDir) : `${own.length} in files and on ports`),
    ];
  });
  if (rows.length + together.length === 0) return '';
  const subject = hasSubject ? [{ heading: 'SUBJECT' }] : [];
  const columns = [{ heading: 'NODE' }, ...judgementColumns(style), ...subject, { heading: 'WHERE' }];
  return renderTable(columns, [...rows, ...together], style);
}

function authorityTable(
  { authorities, nodes }: CertificateReport,
  { all, style = PLAIN_STYLE }: CertificatesViewOptions,
): string {
  const rows = authorities
    .filter(({ status }) => all || status !== 'ok')
    .map((each) => {
      const names = new Set(each.places.flatMap(({ node }) => node ?? []));
      const where =
        names.size === 0 ? 'kubeconfig' : names.size === nodes.length ? 'all nodes' : [...names].join(', ');
      return [commonName(each), ...judgement(each), cleanLine(where)];
    });
  const calm = authorities.filter(({ status }) => status === 'ok');
  const [first] = calm;
  const rest =
    all || first === undefined
      ? ''
      : `${calm.length}${rows.length > 0 ? ' more' : ''} ${calm.length === 1 ? 'authority' : 'authorities'}: ok, the first ends ${first.notAfter.slice(0, 10)} (${first.daysLeft}d)\n`;
  if (rows.length === 0) return rest;
  return `${renderTable([{ heading: 'AUTHORITY' }, ...judgementColumns(style), { heading: 'WHERE' }], rows, style)}${rest}`;
}

function judgementColumns(style: Style): readonly Column[] {
  return [
    { heading: 'STATUS', paint: (cell) => paintStatus(cell, style) },
    { heading: 'LEFT', align: 'right' },
    { heading: 'ENDS' },
  ];
}

function judgement({ status, daysLeft, notAfter }: JudgedCertificate): readonly string[] {
  return [STATUS[status], `${daysLeft}d`, notAfter.slice(0, 10)];
}

function paintStatus(cell: string, style: Style): string {
  if (cell === STATUS.ok) return style.green(cell);
  return cell === STATUS.ended || cell === STATUS['not-yet-valid'] ? style.red(cell) : style.yellow(cell);
}

function commonName({ subject }: JudgedCertificate): string {
  return cleanLine(subject.replace(/^CN=/, '').replace(/, .*$/, ''));
}

function placeText({ kind, where }: CheckedCertificate, dataDir: string): string {
  if (kind === 'port') return `port ${where}`;
  const short = where.startsWith(`${dataDir}/`) ? where.slice(dataDir.length + 1) : where;
  return cleanLine(short);
}
