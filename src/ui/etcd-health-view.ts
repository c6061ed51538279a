import type { EtcdReport } from '../domain/etcd-health.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';

/** The members as a table, what is wrong with each behind it, and what is wrong with all of them below. */
export function renderEtcdHealth({ members, problems }: EtcdReport, style: Style): string {
  const rows = members.map(({ node, role, status, problems: own }) => [
    node,
    role ?? '-',
    status?.id ?? '-',
    status?.version ?? '-',
    status === null ? '-' : megabytes(status.dbBytes),
    status === null || status.usedBytes === 0 ? '-' : megabytes(status.usedBytes),
    status === null ? '-' : String(status.raftIndex),
    own.length === 0 ? 'well' : own.join('; '),
  ]);
  const columns = [
    { heading: 'NODE' },
    { heading: 'ROLE' },
    { heading: 'MEMBER' },
    { heading: 'ETCD' },
    { heading: 'DATABASE', align: 'right' as const },
    { heading: 'IN USE', align: 'right' as const },
    { heading: 'RAFT INDEX', align: 'right' as const },
    {
      heading: 'STATE',
      paint: (cell: string, row: readonly string[]) =>
        row.at(-1) === 'well' ? style.green(cell) : style.red(cell),
    },
  ];
  const lines = problems.map((problem) => `${style.red(problem)}\n`);
  return renderTable(columns, rows, style) + lines.join('');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
