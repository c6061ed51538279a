import { type Mistake, showValue } from '../finding.ts';
import { familyOf, parseRange } from '../ip.ts';
import { checked, text } from './scalars.ts';

/** More nodes than Kubernetes was ever tried with are a slip of the pen. */
const MOST = 10_000;

/** `first-last`: the addresses of several nodes. */
export const AddressRangeSchema = checked(text('must be a range of addresses'), checkRange);

function checkRange(written: string): Mistake | null {
  const range = parseRange(written);
  if (range !== null && range.count <= MOST) return null;
  const shown = showValue(written);
  if (range !== null) {
    return {
      message: `${shown} are ${range.count} addresses, and no cluster has as many nodes.`,
      hint: `Correct the last address; at most ${MOST.toLocaleString('en')} nodes stand in one entry.`,
    };
  }
  const [first = '', last = ''] = written.split('-').map((part) => part.trim());
  if (familyOf(first) !== null && familyOf(first) === familyOf(last)) {
    return {
      message: `The range ${shown} ends before it begins.`,
      hint: `Write the smaller address first: \`${last}-${first}\`.`,
    };
  }
  return {
    message: `${shown} is not a range of addresses.`,
    hint: 'Write the first and the last address with a dash between: `10.0.0.11-10.0.0.30`. A single node has `address`.',
  };
}
