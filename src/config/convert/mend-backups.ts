import { isMap, isScalar } from 'yaml';
import type { Path } from '../finding.ts';
import { type Draft, readDraft, removeKeys, type Story, toEntry } from './draft.ts';
import { findPlace } from './find-place.ts';
import { applyEdits, lineEnd, lineStart } from './line-text.ts';

const ETCD: Path = ['services', 'etcd'];
/** RKE1's own defaults, in hours. */
const DEFAULT_HOURS = { creation: 12, retention: 72 };

/**
 * Says RKE1's oldest form of recurring snapshots (`creation` and `retention` as durations) as `backup_config`, where
 * `retention` is a count. Beside a `backup_config` RKE1 itself passed over the old form.
 */
export function mendBackups(draft: Draft): Draft {
  const { document, value } = readDraft(draft);
  const etcd =
    (value as { services?: { etcd?: Readonly<Record<string, unknown>> } } | null)?.services?.etcd ?? {};
  const keys = (['creation', 'retention'] as const).filter(
    (key) => typeof etcd[key] === 'string' && etcd[key] !== '',
  );
  if (keys.length === 0) return draft;
  if (typeof etcd['backup_config'] === 'object' && etcd['backup_config'] !== null) {
    const message = 'RKE1 itself passed over it beside `backup_config`.';
    return removeKeys(
      draft,
      keys.map((key): Story => ({ kind: 'dropped', path: [...ETCD, key], message, hint: null })),
    );
  }
  const every = readHours(etcd['creation']) ?? (etcd['creation'] ? null : DEFAULT_HOURS.creation);
  const kept = readHours(etcd['retention']) ?? (etcd['retention'] ? null : DEFAULT_HOURS.retention);
  const block = findPlace(document, [...ETCD, keys[0] ?? '']);
  if (
    every === null ||
    kept === null ||
    !Number.isInteger(every) ||
    every < 1 ||
    !isMap(block?.holder) ||
    block.holder.flow
  )
    return draft;
  const count = Math.max(1, Math.floor(kept / every));
  const message = `Said as \`backup_config\`: a snapshot every ${every} hours, of which the last ${count} are kept, which is what ${kept} hours come to.`;
  const entries = keys.map((key) =>
    toEntry(draft, document, { kind: 'changed', path: [...ETCD, key], message, hint: null }),
  );
  const pair = block.holder.items[block.index];
  const start = isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
  const { text } = draft.lines;
  const indent = ' '.repeat(start - lineStart(text, start));
  const written = [
    'backup_config:',
    `${indent}  interval_hours: ${every}`,
    `${indent}  retention: ${count}`,
    '',
  ].join('\n');
  const edited = applyEdits(draft.lines, [{ start, end: lineEnd(text, start), text: written }]);
  const others = keys
    .slice(1)
    .map((key): Story => ({ kind: 'changed', path: [...ETCD, key], message, hint: null }));
  return {
    lines: removeKeys({ ...draft, lines: edited }, others).lines,
    entries: [...draft.entries, ...entries],
  };
}

/** A duration as Go writes it (`6h`, `1h30m`, `90m0s`), in hours; null for anything else. */
function readHours(text: unknown): number | null {
  const match = typeof text === 'string' ? /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) : null;
  if (!match || match[0] === '') return null;
  return Number(match[1] ?? 0) + Number(match[2] ?? 0) / 60 + Number(match[3] ?? 0) / 3600;
}
