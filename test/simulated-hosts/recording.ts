import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The mark of a recording's sections, which no host's file has in it. */
export const RECORDING_MARK = '@recorded';

/** What stands in a recording where the host's own address was. */
export const RECORDED_ADDRESS = '@address';

export type HostKind = 'server' | 'worker';

/** One part of the probe's answer: `name` as its first line has it, without the mark. */
export interface Section {
  readonly name: string;
  readonly lines: readonly string[];
}

export function recordingPath(kind: HostKind): string {
  return fileURLToPath(new URL(`recordings/${kind}.txt`, import.meta.url));
}

/** What a host of this kind answered to the probe, in its parts. */
export async function readRecording(kind: HostKind): Promise<readonly Section[]> {
  const text = await readFile(recordingPath(kind), 'utf8');
  const sections: { name: string; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith(`${RECORDING_MARK} `))
      sections.push({ name: line.slice(RECORDING_MARK.length + 1), lines: [] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections;
}

/** The parts as a host says them, each begun by a line with `mark`. */
export function writeSections(sections: readonly Section[], mark: string): string {
  return sections.map(({ name, lines }) => [`${mark} ${name}`, ...lines].join('\n')).join('\n');
}
