import { createHmac } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** What tells two JSON values apart without telling them: HMAC-SHA256 over the canonical text, its first 24 hex digits. */
export function keyedDigest(key: string, value: unknown): string {
  return createHmac('sha256', key).update(canonicalJson(value)).digest('hex').slice(0, 24);
}
