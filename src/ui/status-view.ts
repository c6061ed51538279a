import type { ClusterStatus, MemberStatus, NodeState, NodeStatus } from '../domain/cluster-status.ts';
import { cleanLine } from './clean-text.ts';
import { clockText } from './duration-text.ts';
import { fitText, wrapText } from './fit-text.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { renderTable } from './table.ts';

const STATES: Readonly<Record<NodeState, string>> = {
  ready: 'Ready',
  'not-ready': 'NotReady',
  missing: 'no Node',
  unknown: 'no API',
  stopped: 'stopped',
  absent: 'no RKE2',
  unreachable: 'unreachable',
};

const HEALTH: Readonly<Record<MemberStatus['health'], string>> = {
  healthy: 'healthy',
  'no-quorum': 'no quorum',
  silent: 'no answer',
};

/** The status for people; `now` (ms since the epoch) is what ages are counted from. */
export function renderStatus(status: ClusterStatus, now: number, style: Style = PLAIN_STYLE): string {
  const version = status.version === null ? '' : ` ${status.version}`;
  const verdict = status.healthy ? style.green('all well') : style.red('not well');
  const parts = [
    `${status.clusterName}${version}: ${verdict}\n`,
    nodeTable(status.nodes, style),
    ...(status.etcd === null ? [] : [memberTable(status.etcd.members, style)]),
    `${snapshotLine(status, now)}\n${driftLine(status)}\n${ttlLine(status)}`,
  ];
  const problems = status.problems.map(({ severity, message }) => {
    const mark = severity === 'error' ? style.red(style.symbols.failed) : style.yellow(style.symbols.warning);
    const [first = '', ...more] = wrapText(cleanLine(message), style.width === null ? null : style.width - 2);
    return [`${mark} ${first}\n`, ...more.map((line) => `  ${line}\n`)].join('');
  });
  return [...parts, ...(problems.length === 0 ? [] : [problems.join('')])].join('\n');
}

function nodeTable(nodes: readonly NodeStatus[], style: Style): string {
  const paint = (cell: string) => (cell.startsWith('Ready') ? style.green(cell) : style.red(cell));
  const room = style.width === null ? null : Math.max(style.width - 62, 16);
  const fitTo = (name: string) => (room === null ? name : fitText(name, room, style.symbols.ellipsis));
  return renderTable(
    [
      { heading: 'NODE' },
      { heading: 'ROLES' },
      { heading: 'STATE', paint },
      { heading: 'VERSION' },
      { heading: 'CERTS', align: 'right' },
      { heading: 'DRIFT' },
    ],
    nodes.map((node) => [
      fitTo(cleanLine(node.name)),
      node.roles.map((role) => (role === 'controlplane' ? 'cp' : role)).join('+'),
      `${STATES[node.state]}${node.unschedulable ? ', cordoned' : ''}`,
      node.version ?? '-',
      node.certificateDays === null ? '-' : `${node.certificateDays}d`,
      node.differs === null ? '-' : node.differs ? 'yes' : 'no',
    ]),
    style,
  );
}

function memberTable(members: readonly MemberStatus[], style: Style): string {
  const paint = (cell: string) => (cell === 'healthy' ? style.green(cell) : style.red(cell));
  return renderTable(
    [
      { heading: 'ETCD MEMBER' },
      { heading: 'HEALTH', paint },
      { heading: 'ROLE' },
      { heading: 'DB', align: 'right' },
      { heading: 'ETCD' },
    ],
    members.map((member) => [
      cleanLine(member.name),
      HEALTH[member.health],
      member.leader ? 'leader' : member.learner ? 'learner' : member.health === 'healthy' ? 'follower' : '-',
      member.dbSizeBytes === null ? '-' : bytesText(member.dbSizeBytes),
      member.version ?? '-',
    ]),
    style,
  );
}

function snapshotLine({ lastSnapshot }: ClusterStatus, now: number): string {
  if (lastSnapshot === null) return 'Last snapshot: none seen';
  const { name, location, node, createdAt, sizeBytes } = lastSnapshot;
  const place = location === 's3' ? 'in S3' : `on ${node ?? 'a node'}`;
  return `Last snapshot: ${cleanLine(name)}\n  ${ageText(now - createdAt)} ago, ${bytesText(sizeBytes)}, ${place}`;
}

function ttlLine({ goesInSeconds: seconds }: ClusterStatus): string {
  return seconds === undefined ? '' : `Time to live: goes by itself in ${clockText(seconds * 1000)}\n`;
}

function driftLine({ drift, nodes }: ClusterStatus): string {
  if (!drift.known) return `Drift: unknown: ${drift.reason}`;
  const reached = nodes.filter(({ state }) => state !== 'unreachable').length;
  const of = `${reached} node${reached === 1 ? '' : 's'}`;
  return drift.nodes.length === 0
    ? `Drift: no (${of} compared)`
    : `Drift: ${drift.nodes.length} of ${of} differ`;
}

/** Coarse, as ages are: `40s`, `12m`, `3h`, `5d`. */
function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds}s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)}m`;
  return seconds < 36 * 3600 ? `${Math.round(seconds / 3600)}h` : `${Math.round(seconds / 86_400)}d`;
}

function bytesText(bytes: number): string {
  return bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
