import { Rke2ctlError } from '../../domain/errors.ts';

/** A host as it is given on the command line. */
export interface HostArgument {
  readonly address: string;
  readonly user?: string;
  readonly port?: number;
}

/** `[user@]host[:port]`, an IPv6 address in brackets when a port follows. Throws Rke2ctlError (exit code 3). */
export function parseHostArgument(text: string): HostArgument {
  const [, user, rest = ''] = /^(?:([^@\s]+)@)?([^@\s]+)$/.exec(text) ?? [];
  const bracketed = /^\[([0-9A-Fa-f:.%]+)\](?::(\d+))?$/.exec(rest);
  const bare = (rest.match(/:/g) ?? []).length > 1 ? [rest, rest] : /^([^:]+)(?::(\d+))?$/.exec(rest);
  const [, address, port] = bracketed ?? bare ?? [];
  if (address === undefined || (port !== undefined && !(Number(port) > 0 && Number(port) < 65_536)))
    throw notAHost(text);
  return {
    address,
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port: Number(port) }),
  };
}

function notAHost(text: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'host-invalid',
    message: `${JSON.stringify(text)} is not a host.`,
    hint: 'Write `10.0.0.1`, `user@host`, `user@host:2222` or `user@[fd00::1]:2222`; several with commas between them.',
    exitCode: 3,
  });
}
