import { Rke2ctlError } from '../../domain/errors.ts';

/** The probe's answer, cut into its sections. What is asked for is read when it is asked for: of most nobody wants all. */
export interface ProbeOutput {
  /** The first section of that name without its last line's end; empty if there is none. */
  text(name: string): string;
  /** Its lines; none if there is none. */
  lines(name: string): readonly string[];
  /** Every section whose name begins with `name `, or equals it: the rest of the name, and the lines. */
  all(name: string): readonly { readonly rest: string; readonly lines: readonly string[] }[];
  has(name: string): boolean;
  /** Content of a text file by path, without its last line's end; null if it was not there. */
  fileText(path: string): string | null;
  /** Its lines. */
  file(path: string): readonly string[] | null;
  /** The file's first line, trimmed; empty if it was not there. */
  word(path: string): string;
  /** What follows `start` on the file's first line that begins so; null if none does. */
  entry(path: string, start: string): string | null;
  /** Paths of the text files in the answer. */
  paths(): readonly string[];
}

/**
 * Throws when the end mark is missing: a probe cut off half-way must not pass for facts. Looks for what it needs in the
 * text as it is: to go through it line by line would be most of what a thousand hosts cost.
 */
export function readProbeOutput(output: string, mark: string): ProbeOutput {
  const head = `${mark} `;
  const parts = output.split(`\n${head}`);
  const first = parts.shift() ?? '';
  if (first.startsWith(head)) parts.unshift(first.slice(head.length));
  const names: string[] = [];
  // Each begins with the line end after the name, so that every line of it has one before it.
  const bodies: string[] = [];
  for (const part of parts) {
    const nameEnd = part.indexOf('\n');
    names.push(nameEnd < 0 ? part : part.slice(0, nameEnd));
    bodies.push(nameEnd < 0 ? '' : part.slice(nameEnd));
  }
  const last = names.at(-1) ?? 'nothing';
  if (last !== 'end') throw incomplete(last);
  const body = (name: string): string => bodies[names.indexOf(name)] ?? '';
  const files = filesIn(body('text'));
  const entry = (path: string, start: string): string | null => {
    const text = files.get(path);
    const line = `\n:${start}`;
    const at = text?.indexOf(line) ?? -1;
    return text === undefined || at < 0
      ? null
      : text.slice(at + line.length, lineEnd(text, at + line.length));
  };
  return {
    text: (name) => body(name).slice(1),
    lines: (name) => linesOf(body(name)),
    all: (name) => {
      const found: { readonly rest: string; readonly lines: readonly string[] }[] = [];
      names.forEach((each, index) => {
        if (each === name || each.startsWith(`${name} `))
          found.push({ rest: each.slice(name.length + 1), lines: linesOf(bodies[index] ?? '') });
      });
      return found;
    },
    has: (name) => names.includes(name),
    fileText: (path) => files.get(path)?.slice(2).replaceAll('\n:', '\n') ?? null,
    file: (path) => files.get(path)?.slice(2).split('\n:') ?? null,
    word: (path) => entry(path, '')?.trim() ?? '',
    entry,
    paths: () => [...files.keys()],
  };
}

function incomplete(last: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'probe-incomplete',
    message: `The host's answer to the first look ended too early, after "${last}".`,
    hint: 'Run the same command again; if it stays so, look for a full disk, missing memory or a killed shell on the host.',
    retryable: true,
  });
}

function linesOf(body: string): readonly string[] {
  if (body.length < 2) return [];
  const lines = body.slice(1).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

/**
 * Text files by path. In the answer the path of each stands on a line of its own, and before each of its lines a colon: so
 * nothing that begins with a slash is text. Here every line has its end before it.
 */
function filesIn(section: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  let start = section.indexOf('\n/');
  while (start >= 0) {
    const pathEnd = lineEnd(section, start + 1);
    const next = section.indexOf('\n/', pathEnd);
    files.set(section.slice(start + 1, pathEnd), section.slice(pathEnd, next < 0 ? undefined : next));
    start = next;
  }
  return files;
}
