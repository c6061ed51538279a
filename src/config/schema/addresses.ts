import { type Mistake, showValue } from '../finding.ts';
import { familyOf } from '../ip.ts';
import { checked, text } from './scalars.ts';

const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/;

/** Takes the brackets from `[fd00::1]`; anything else comes back as it is. */
export function stripBrackets(address: string): string {
  return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
}

/** Where SSH reaches a host: a name, an IPv4 or an IPv6 address (brackets are allowed). */
export const HostAddressSchema = checked(text('must be a name or an IP address'), checkHostAddress);

function checkHostAddress(address: string): Mistake | null {
  if (familyOf(stripBrackets(address)) !== null) return null;
  const shown = showValue(address);
  if (address.includes('://')) {
    return { message: `The address ${shown} is a URL.`, hint: 'Write only the name or the IP address.' };
  }
  if (address.includes('@')) {
    const [login = '', host = ''] = address.split('@');
    const [user = ''] = login.split(':');
    return {
      message: `The address ${shown} holds a user as well.`,
      hint: `Write \`address: ${host}\` and \`user: ${user}\`.`,
    };
  }
  const withPort = /^(\[[^\]]*\]|[^:]+):(\d+)$/.exec(address);
  if (withPort) {
    return {
      message: `The address ${shown} holds a port as well.`,
      hint: `Write \`address: ${stripBrackets(withPort[1] ?? '')}\` and \`port: ${withPort[2]}\`.`,
    };
  }
  if (address.includes('/')) {
    return {
      message: `The address ${shown} is a network or a path, not one host.`,
      hint: 'Write one address per node, such as `10.0.0.11`.',
    };
  }
  if (/^[\d.]+$/.test(address)) {
    return {
      message: `${shown} is not an IPv4 address.`,
      hint: 'Four numbers from 0 to 255 with dots between them, such as `10.0.0.11`.',
    };
  }
  if (address.includes(':')) {
    return {
      message: `${shown} is not an IPv6 address.`,
      hint: 'Write it such as `fd00::11`; the port has its own key.',
    };
  }
  if (HOST_NAME.test(address)) return null;
  return {
    message: `${shown} is neither an IP address nor a name that a host can have.`,
    hint: 'A name has letters, digits, dots and dashes, and begins with a letter or a digit.',
  };
}
