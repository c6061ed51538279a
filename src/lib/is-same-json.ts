import { isDeepStrictEqual } from 'node:util';

/**
 * Whether two values are equal as plain data; any two secrets count as equal. What was written and read again mostly has its
 * keys in the same order: then its text tells so in a tenth of the time.
 */
export function isSameJson(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right) || isDeepStrictEqual(left, right);
}
