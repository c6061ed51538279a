import * as z from 'zod';
import { STATE_ANNOTATIONS, type StateCopy } from '../../domain/state-copy.ts';

const MetadataSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }),
});

/**
 * What the copy of the state says of itself, from the Secret's metadata as the API gives them or from lines `annotation
 * value`; null when there is no copy, or one whose serial nobody wrote beside it.
 */
export function parseStateCopy(lines: readonly string[]): StateCopy | null {
  const values = lines[0]?.startsWith('{') ? ofMetadata(lines.join('\n')) : ofLines(lines);
  const clusterId = values.get(STATE_ANNOTATIONS.clusterId);
  const serial = values.get(STATE_ANNOTATIONS.serial) ?? '';
  if (clusterId === undefined || !/^\d+$/.test(serial)) return null;
  return { clusterId, serial: Number(serial), checksum: values.get(STATE_ANNOTATIONS.checksum) ?? '' };
}

function ofLines(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)]));
}

function ofMetadata(text: string): ReadonlyMap<string, string> {
  try {
    return new Map(Object.entries(MetadataSchema.parse(JSON.parse(text)).metadata.annotations ?? {}));
  } catch {
    return new Map(); // cut off, or the API's words that there is no such Secret
  }
}
