import { type Mistake, showValue } from '../finding.ts';
import { familyOf, formatNetwork, parseCidr } from '../ip.ts';
import { checked, oneOrMany, splitValues } from './scalars.ts';

/** One CIDR, or one of each family for dual stack: `10.42.0.0/16,fd00:42::/56`. */
export function cidrs(example: string) {
  return checked(oneOrMany(`must be a CIDR such as \`${example}\`, or one per IP family`), (value) => {
    const parts = splitValues(value);
    for (const part of parts) {
      const mistake = checkCidr(part, example);
      if (mistake) return mistake;
    }
    return checkFamilies(parts);
  });
}

function checkCidr(text: string, example: string): Mistake | null {
  const cidr = parseCidr(text);
  if (!cidr) {
    const hint =
      familyOf(text) !== 4
        ? `Write a network with its prefix length, such as \`${example}\`.`
        : `Add the length of the prefix: \`${text}/16\`.`;
    return { code: 'cidr-invalid', message: `${showValue(text)} is not a network in CIDR form.`, hint };
  }
  const network = formatNetwork(cidr);
  const [address = ''] = text.split('/');
  if (parseCidr(`${address}/${cidr.family === 4 ? 32 : 128}`)?.start === cidr.start) return null;
  return {
    code: 'cidr-invalid',
    message: `${showValue(text)} is an address inside a network, not the network itself.`,
    hint: `Write \`${network}\` if that network is meant.`,
  };
}

function checkFamilies(parts: readonly string[]): Mistake | null {
  const families = parts.map((part) => parseCidr(part)?.family);
  if (new Set(families).size === families.length) return null;
  return {
    code: 'cidr-invalid',
    message: `${parts.join(' and ')} are of the same IP family.`,
    hint: 'Give one network, or one of IPv4 and one of IPv6 for dual stack.',
  };
}
