import { type Document, isScalar, parseDocument } from 'yaml';
import type { ConversionEntry, ConversionKind } from '../../domain/conversion.ts';
import type { ConfigEnvironment } from '../environment.ts';
import { formatPath, type Path } from '../finding.ts';
import { findPlace, nodeOf, offsetOf, type Place } from './find-place.ts';
import { applyEdits, type Edit, type LineText, lineAt } from './line-text.ts';
import { type Places, placesOf, removalsOf } from './remove-keys.ts';

/** What a conversion starts from. */
export interface ConversionInput {
  readonly text: string;
  /** The old file's name, as the person gave it. */
  readonly file: string;
  /** The new file's name; what is relative in it is relative to its folder. */
  readonly target: string;
  readonly env: ConfigEnvironment;
  /** The release to write, if the person has chosen one. */
  readonly version: string | null;
}

/** The text as far as it has come, with the story so far. Every pass takes one and gives the next. */
export interface Draft {
  readonly lines: LineText;
  readonly entries: readonly ConversionEntry[];
}

/** The text as YAML: `value` as plain data, later ones of equal keys winning. */
export interface ReadDraft {
  readonly document: Document.Parsed;
  readonly value: unknown;
}

export function readDraft({ lines }: Draft): ReadDraft {
  const document = parseDocument(lines.text, {
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  return { document, value: document.toJS({ maxAliasCount: 100 }) };
}

/** What is said of the key at `path`. */
export interface Story {
  readonly kind: ConversionKind;
  readonly path: Path;
  readonly message: string;
  readonly hint: string | null;
}

/** Takes keys out and tells why; those that cannot be taken out, since an anchor is among them, stay and are a decision. */
export function removeKeys(draft: Draft, stories: readonly Story[]): Draft {
  if (stories.length === 0) return draft;
  const { document } = readDraft(draft);
  const places = placesOf(
    document,
    stories.map(({ path }) => path),
  );
  const entries = stories.map((story) => toEntry(draft, document, story));
  return removePlaces(draft, document, places, entries);
}

/** As removeKeys, for places that are known already. */
export function removePlaces(
  draft: Draft,
  document: Document.Parsed,
  places: Places,
  entries: readonly ConversionEntry[],
): Draft {
  const edits = removalsOf(document, draft.lines.text, places);
  if (edits === null) {
    const hint =
      'Write out by hand what its aliases stand for (`*name`, `<<: *name`), then convert the file again.';
    const stuck = entries.map(
      (entry): ConversionEntry => ({
        ...entry,
        kind: 'decision',
        message: `${entry.message} It could not be taken out: an anchor (\`&name\`) in it is used elsewhere.`,
        hint,
      }),
    );
    return { ...draft, entries: [...draft.entries, ...stuck] };
  }
  return { lines: applyEdits(draft.lines, edits), entries: [...draft.entries, ...entries] };
}

/** Puts another text into the place of the plain value at `path`, and tells why; null story: without a word. */
export function replaceValues(
  draft: Draft,
  changes: readonly { readonly path: Path; readonly text: string; readonly story: Story | null }[],
): Draft {
  if (changes.length === 0) return draft;
  const { document } = readDraft(draft);
  const edits: Edit[] = [];
  const entries: ConversionEntry[] = [];
  for (const { path, text, story } of changes) {
    const range = valueRange(findPlace(document, path));
    if (range === null || edits.some(({ start }) => start === range[0])) continue;
    edits.push({ start: range[0], end: range[1], text });
    if (story) entries.push(toEntry(draft, document, story));
  }
  return { lines: applyEdits(draft.lines, edits), entries: [...draft.entries, ...entries] };
}

function valueRange(place: Place | null): readonly [number, number] | null {
  const value = place && nodeOf(place);
  const range = isScalar(value) ? value.range : null;
  return range ? [range[0], range[1]] : null;
}

/** The line of the old file on which the key at `path` stood. */
export function toEntry(
  draft: Draft,
  document: Document.Parsed,
  { kind, path, message, hint }: Story,
): ConversionEntry {
  const place = findPlace(document, path);
  return { kind, path: formatPath(path), line: place === null ? null : oldLine(draft, place), message, hint };
}

function oldLine({ lines }: Draft, place: Place): number | null {
  const offset = offsetOf(place);
  return offset === null ? null : (lines.origins[lineAt(lines.text, offset)] ?? null);
}

/** Advice as findings give it, for somebody who has nothing left to leave out; null when that was all. */
export function afterwards(instead: string): string | null {
  const rest = instead.replace(/^Leave (it|the key) out(?:[.;:,]?\s+and\s+|[.;:,]\s*|$)/, '');
  return rest === '' ? null : `${rest[0]?.toUpperCase()}${rest.slice(1)}`;
}
