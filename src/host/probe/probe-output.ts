import { Rke2ctlError } from '../../domain/errors.ts';

/** The probe's answer, cut into its sections. */
export interface ProbeOutput {
  /** Lines of the first section of that name; none if there is none. */
  lines(name: string): readonly string[];
  /** Every section whose name begins with `name `, or equals it: the rest of the name, and the lines. */
  all(name: string): readonly { readonly rest: string; readonly lines: readonly string[] }[];
  has(name: string): boolean;
  /** Content of a text file by path, as lines; null if it was not there. */
  file(path: string): readonly string[] | null;
  /** The file's first line, trimmed; empty if it was not there. */
  word(path: string): string;
  /** Paths of the text files in the answer. */
  readonly paths: readonly string[];
}

/** Throws when the end mark is missing: a probe cut off half-way must not pass for facts. */
export function readProbeOutput(output: string, mark: string): ProbeOutput {
  // Not line by line: of a thousand hosts that alone would take a third of a second.
  const [, ...parts] = `\n${output}`.split(`\n${mark} `);
  const sections = parts.map(readSection);
  const last = sections.at(-1)?.name ?? 'nothing';
  if (last !== 'end') {
    throw new Rke2ctlError({
      code: 'probe-incomplete',
      message: `The host's answer to the first look ended too early, after "${last}".`,
      hint: 'Run the same command again; if it stays so, look for a full disk, missing memory or a killed shell on the host.',
      retryable: true,
    });
  }
  const files = readFiles(sections.find(({ name }) => name === 'text')?.lines() ?? []);
  return {
    lines: (name) => sections.find((section) => section.name === name)?.lines() ?? [],
    all: (name) =>
      sections
        .filter((section) => section.name === name || section.name.startsWith(`${name} `))
        .map((section) => ({ rest: section.name.slice(name.length + 1), lines: section.lines() })),
    has: (name) => sections.some((section) => section.name === name),
    file: (path) => files.get(path) ?? null,
    word: (path) => files.get(path)?.[0]?.trim() ?? '',
    paths: [...files.keys()],
  };
}

interface ReadSection {
  readonly name: string;
  readonly lines: () => readonly string[];
}

/** The first line is the section's name. */
function readSection(part: string): ReadSection {
  const nameEnd = part.indexOf('\n');
  if (nameEnd < 0) return { name: part, lines: () => [] };
  const text = part.slice(nameEnd + 1);
  let lines: readonly string[] | null = null;
  const split = (): readonly string[] => {
    const all = text.split('\n');
    if (all.at(-1) === '') all.pop();
    return all;
  };
  return {
    name: part.slice(0, nameEnd),
    lines: () => {
      lines ??= split();
      return lines;
    },
  };
}

/** grep's `path:line`; no path that the probe reads has a colon in it. */
function readFiles(lines: readonly string[]): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const path = line.slice(0, colon);
    const known = files.get(path);
    if (known) known.push(line.slice(colon + 1));
    else files.set(path, [line.slice(colon + 1)]);
  }
  return files;
}
