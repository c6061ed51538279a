import { type Mistake, showValue } from '../finding.ts';
import { familyOf, parseRange } from '../ip.ts';
import { stripBrackets } from './addresses.ts';
import { checked, splitValues, text } from './scalars.ts';

/** One IP address, or one per family: `10.0.0.11,fd00::11`. In an entry of several nodes each may be a range. */
export const InternalAddressSchema = checked(text('must be an IP address'), checkInternalAddress);

function checkInternalAddress(written: string): Mistake | null {
  const parts = splitValues(written).map(stripBrackets);
  const wrong = parts.find((part) => familyAt(part) === null);
  if (wrong !== undefined) {
    return {
      message: `${showValue(wrong)} is not an IP address.`,
      hint: 'Write an address such as `10.0.0.11` or `fd00::11`: RKE2 takes no names here, and no port.',
    };
  }
  if (new Set(parts.map(familyAt)).size === parts.length) return null;
  return {
    message: `${showValue(written)} names two addresses of the same IP family.`,
    hint: 'Give one address, or one of IPv4 and one of IPv6 for dual stack: `10.0.0.11,fd00::11`.',
  };
}

function familyAt(part: string): 4 | 6 | null {
  return familyOf(part) ?? parseRange(part)?.family ?? null;
}
