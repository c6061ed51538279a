import { cleanLine } from './clean-text.ts';
import type { Style } from './style.ts';
import { type Column, countText, renderTable } from './table.ts';

/** What of a state is shown; no secret is among it. */
export interface ShownState {
  readonly clusterName: string;
  readonly clusterId: string;
  readonly serial: number;
  readonly version: string | null;
  readonly removing: boolean;
  readonly nodes: Readonly<Record<string, ShownNode>>;
  readonly addons: Readonly<Record<string, unknown>>;
  readonly sealed: boolean;
}

interface ShownNode {
  readonly nodeId: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly roles: readonly string[];
  readonly version: string;
  readonly phase: string;
}

/** An earlier state, as a line of the history; `state` is null for a copy that is not whole. */
export interface ShownEntry {
  readonly serial: number;
  readonly clusterId: string;
  /** ISO 8601. */
  readonly writtenAt: string;
  readonly state: ShownState | null;
}

const NODE_COLUMNS: readonly Column[] = ['NODE', 'ADDRESS', 'ROLES', 'VERSION', 'PHASE', 'ID'].map(
  (heading) => ({ heading }),
);

/** A state for people. */
export function renderState(state: ShownState, style: Style): string {
  const facts: readonly (readonly [string, string])[] = [
    ['cluster', `${state.clusterName} (${state.clusterId})`],
    ['serial', String(state.serial)],
    ['version', state.version ?? 'not settled yet'],
    [
      'tokens',
      state.sealed ? 'sealed with a passphrase' : 'readable in the file, which is yours alone (0600)',
    ],
    ['addons', Object.keys(state.addons).sort().join(', ') || 'none'],
    ...(state.removing ? ([['removal', 'begun, not at its end']] satisfies [string, string][]) : []),
  ];
  const head = facts.map(([name, value]) => `${style.dim(name.padEnd(8))} ${cleanLine(value)}\n`).join('');
  const rows = Object.values(state.nodes)
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .map((node) =>
      [
        node.name,
        `${node.address}:${node.port}`,
        node.roles.join('+'),
        node.version,
        node.phase,
        node.nodeId,
      ].map(cleanLine),
    );
  return rows.length === 0 ? head : `${head}\n${renderTable(NODE_COLUMNS, rows, style)}`;
}

/** Earlier states as a table, as they are given. */
export function renderHistory(entries: readonly ShownEntry[], style: Style): string {
  const columns: readonly Column[] = [
    { heading: 'SERIAL', align: 'right' },
    { heading: 'WRITTEN' },
    { heading: 'CLUSTER' },
    { heading: 'WHAT' },
  ];
  const rows = entries.map(({ serial, clusterId, writtenAt, state }) => [
    String(serial),
    writtenAt,
    clusterId.slice(0, 8),
    cleanLine(state === null ? 'damaged: cannot be read' : describeState(state)),
  ]);
  return renderTable(columns, rows, style);
}

function describeState({ clusterName, nodes, version, removing }: ShownState): string {
  const all = Object.values(nodes);
  const joined = all.filter(({ phase }) => phase === 'joined').length;
  const parts = [
    `${clusterName}: ${joined} of ${countText(all.length, 'node')} joined`,
    version ?? 'no version yet',
  ];
  return [...parts, ...(removing ? ['being removed'] : [])].join(', ');
}
