import type { Secret } from '../domain/secret.ts';
import type { Scrub } from './view.ts';

/** What stands where a secret stood. */
export const SCRUBBED = '[secret]';

/** Knows every secret of the run and takes them out of texts. More can be added while the run goes on. */
export interface Scrubber {
  add(secret: Secret): void;
  readonly scrub: Scrub;
  /** For text that comes in pieces: a secret that is cut in two is found all the same. */
  stream(): ScrubStream;
}

/** Gives back what is safe to show so far, and holds back what may be the beginning of a secret. */
export interface ScrubStream {
  push(chunk: string): string;
  end(): string;
}

/**
 * A scrubber for these secrets, in every form in which they travel: plain, escaped for JSON, URLs and shells, base64
 * (also inside something longer, as in a basic-auth header), and line by line where they have lines (keys). A secret of
 * fewer than four letters is only taken out where it stands alone, as it would tear all texts apart otherwise.
 */
export function createScrubber(secrets: readonly Secret[] = []): Scrubber {
  const needles = new Set<string>();
  const words = new Set<string>();
  let shortest = Number.POSITIVE_INFINITY;
  const add = (secret: Secret) => {
    for (const value of partsOf(secret.reveal())) {
      if (value.length < SHORTEST_ANYWHERE) words.add(value);
      else for (const form of formsOf(value)) needles.add(form);
    }
    for (const secret of [...needles, ...words]) shortest = Math.min(shortest, secret.length);
  };
  for (const secret of secrets) add(secret);

  // Most of what is shown is names and addresses, which are shorter than any token.
  const scrub = (text: string) =>
    text.length < shortest ? text : replaceSpans(text, findSpans(text, '', needles, words));
  const stream = (): ScrubStream => {
    let held = '';
    // The letter before what is held: it decides whether a short secret stands alone.
    let before = '';
    const release = (text: string, spans: readonly Span[], end: number) => {
      held = text.slice(end);
      before = text.charAt(end - 1) || before;
      return replaceSpans(
        text.slice(0, end),
        spans.filter((span) => span[1] <= end),
      );
    };
    return {
      push: (chunk) => {
        const text = held + chunk;
        const spans = findSpans(text, before, needles, words);
        return release(text, spans, heldFrom(text, spans, needles, words));
      },
      end: () => release(held, findSpans(held, before, needles, words), held.length),
    };
  };
  return { add, scrub, stream };
}

const SHORTEST_ANYWHERE = 4;
const SHORTEST_LINE = 8;

/** Lines that every manifest and kubeconfig has, a secret one as well: a key alone, and what kind of object it is. */
const SKELETON =
  /^(- )?["']?([\w.-]+["']?:$|(apiVersion|kind|metadata|name|namespace|type|current-context)["']?:)/;

/** The secret, and for one of several lines each line that says something: a log may show one without the others. */
function partsOf(value: string): readonly string[] {
  const whole = value.trim();
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  const telling = lines.filter(
    (line) => line.length >= SHORTEST_LINE && !line.startsWith('-----') && !SKELETON.test(line),
  );
  return [value, whole, ...(lines.length > 1 ? telling : [])].filter((part) => part !== '');
}

function formsOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const forms = [
    value,
    json,
    // A log line is JSON that may hold what was JSON already.
    JSON.stringify(json).slice(1, -1),
    encodeUri(value),
    value.replaceAll("'", `'\\''`),
    value.replaceAll("'", "''"),
    ...base64Forms(value),
  ];
  return forms.filter((form) => form.length >= SHORTEST_ANYWHERE);
}

/** Lone surrogates cannot be encoded; such a value has no such form. */
function encodeUri(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    return value;
  }
}

/**
 * Base64 of the value as it looks alone, and after one or two other bytes: `user:password` encodes the password shifted.
 * The letters at the edges depend on the neighbours and are left out.
 */
function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8');
  const forms = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const start = shift === 0 ? 0 : shift + 1;
    const partial = (shift + bytes.length) % 3 !== 0;
    const core = text.slice(start, partial ? -1 : undefined);
    return core.length >= 6 ? [core, core.replaceAll('+', '-').replaceAll('/', '_')] : [];
  });
  return [bytes.toString('base64'), ...forms];
}

type Span = readonly [start: number, end: number];

/** Where secrets stand in the text; `before` is the letter that came before it. */
function findSpans(
  text: string,
  before: string,
  needles: ReadonlySet<string>,
  words: ReadonlySet<string>,
): readonly Span[] {
  const spans: Span[] = [];
  const search = (needle: string, accept: (start: number, end: number) => boolean) => {
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) {
      if (accept(at, at + needle.length)) spans.push([at, at + needle.length]);
    }
  };
  for (const needle of needles) search(needle, () => true);
  for (const word of words) {
    search(word, (start, end) => {
      const left = start === 0 ? before : text.charAt(start - 1);
      return !WORD_LETTER.test(left) && !WORD_LETTER.test(text.charAt(end));
    });
  }
  return spans.length === 0 ? spans : mergeSpans(spans);
}

const WORD_LETTER = /[\p{L}\p{N}_]/u;

/** Overlapping secrets go as one, so that no end of the second stays behind. */
function mergeSpans(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    const last = merged.at(-1);
    if (last !== undefined && start < last[1]) merged[merged.length - 1] = [last[0], Math.max(last[1], end)];
    else merged.push([start, end]);
  }
  return merged;
}

function replaceSpans(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  let result = '';
  let from = 0;
  for (const [start, end] of spans) {
    result += text.slice(from, start) + SCRUBBED;
    from = end;
  }
  return result + text.slice(from);
}

/** Where the tail begins that must wait for more text: it may be the start of a secret, or overlap one. */
function heldFrom(
  text: string,
  spans: readonly Span[],
  needles: ReadonlySet<string>,
  words: ReadonlySet<string>,
): number {
  let from = text.length;
  for (const needle of needles) {
    for (let at = Math.max(0, text.length - needle.length + 1); at < from; at += 1) {
      if (text[at] === needle[0] && needle.startsWith(text.slice(at))) from = at;
    }
  }
  // Whether a short secret stands alone is known only with the letter after it.
  if (words.size > 0) from = Math.min(from, Math.max(0, text.length - SHORTEST_ANYWHERE));
  for (const [start, end] of spans) if (start < from && from < end) from = start;
  return from;
}
