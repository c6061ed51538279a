import { isRecord } from './is-record.ts';

/** An object of JSON whose values are strings only. */
export function isTextRecord(value: unknown): value is Readonly<Record<string, string>> {
  if (!isRecord(value)) return false;
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
}
