import { type KnownToken, opensWith, type SnapshotContent, type SnapshotCopy } from '../domain/snapshot.ts';
import { cleanLine } from './clean-text.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { renderTable } from './table.ts';

/** The snapshots of a cluster for people, one line for each copy, the newest first. */
export function renderSnapshots(
  copies: readonly SnapshotCopy[],
  tokens: readonly KnownToken[],
  style: Style = PLAIN_STYLE,
): string {
  if (copies.length === 0) return 'No snapshot was seen.\n';
  const paint = (_cell: string, row: readonly string[]) => {
    const cell = row.at(-1) ?? '';
    return cell.startsWith('opens')
      ? style.green(_cell)
      : cell.startsWith('not read')
        ? _cell
        : style.red(_cell);
  };
  return renderTable(
    [
      { heading: 'NAME' },
      { heading: 'WHERE' },
      { heading: 'NODE' },
      { heading: 'CREATED (UTC)' },
      { heading: 'SIZE', align: 'right' },
      { heading: 'RKE2' },
      { heading: 'TOKEN' },
      { heading: 'STATE', paint },
    ],
    copies.map((copy) => [
      cleanLine(copy.name),
      copy.place.kind === 's3' ? 'S3' : 'disk',
      cleanLine(copy.place.kind === 'node' ? copy.place.node : (copy.takenOn ?? '-')),
      timeText(copy.createdAt),
      sizeText(copy.sizeBytes),
      copy.version ?? '-',
      tokenText(copy, tokens),
      cleanLine(stateText(copy, tokens)),
    ]),
    style,
  );
}

/** Whether it can be used, and if not why, in a few words. */
export function stateText(copy: SnapshotContent, tokens: readonly KnownToken[]): string {
  if (copy.problem !== null) return copy.problem;
  const opens = opensWith(copy, tokens);
  if (opens === false) return 'no token of the state opens it';
  if (copy.whole === null) return opens === true ? 'not read; the token is known' : 'not read';
  return opens === true ? 'opens' : 'whole; no state here knows its token';
}

/** Ids of the tokens, those of before a rotation told as such. */
function tokenText({ tokenIds }: SnapshotCopy, tokens: readonly KnownToken[]): string {
  if (tokenIds === null || tokenIds.length === 0) return '-';
  return tokenIds
    .map((id) => {
      const use = tokens.find((token) => token.id === id)?.use;
      return use === 'former' ? `${id} (former)` : id;
    })
    .join(', ');
}

/** `2026-11-21 14:05:09`. */
export function timeText(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : '-';
}

/** `20 KiB`, `12.5 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024 ** 2) return `${Math.ceil(bytes / 1024)} KiB`;
  return bytes < 1024 ** 3
    ? `${(bytes / 1024 ** 2).toFixed(1)} MiB`
    : `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
