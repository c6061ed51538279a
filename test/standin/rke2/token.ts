import { hashAuthority } from './certificate.ts';
import { CommandError } from './log.ts';

const PREFIX = 'K10';
const HASH_LENGTH = 64;
const BOOTSTRAP_TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;

/** A join token taken apart. `caHash` is empty for short tokens; `bootstrap` is set instead of a password. */
export interface Token {
  readonly caHash: string;
  readonly username: string;
  readonly password: string;
  readonly bootstrap?: string;
}

/** Reads `K10<hash>::<user>:<password>`, `K10<hash>::<id>.<secret>`, a bare password or a bare `id.secret`. */
export function parseToken(text: string): Token {
  if (text === '') throw new CommandError('token must not be empty');
  let rest = text;
  if (!rest.startsWith(PREFIX)) rest = `${PREFIX}::${BOOTSTRAP_TOKEN.test(rest) ? '' : ':'}${rest}`;
  rest = rest.slice(PREFIX.length);
  const separator = rest.indexOf('::');
  const caHash = separator < 0 ? '' : rest.slice(0, separator);
  if (separator >= 0) {
    if (caHash.length > 0 && caHash.length !== HASH_LENGTH)
      throw new CommandError('invalid token CA hash length');
    rest = rest.slice(separator + 2);
  }
  if (BOOTSTRAP_TOKEN.test(rest)) return { caHash, username: '', password: '', bootstrap: rest };
  const colon = rest.indexOf(':');
  const password = rest.slice(colon + 1);
  if (colon < 0 || password === '') throw new CommandError('invalid token format');
  return { caHash, username: rest.slice(0, colon), password };
}

/** The full form, pinned to the server CA's certificate. */
export function formatToken(username: string, password: string, caPem: string): string {
  return `${PREFIX}${hashAuthority(caPem)}::${username}:${password}`;
}

/** The password of a server's token, short or full, as servers use it to encrypt the bootstrap data. */
export function serverPasswordOf(text: string): string {
  if (!text.startsWith(PREFIX)) return text;
  const token = parseToken(text);
  if (token.bootstrap !== undefined || token.password === '') {
    throw new CommandError(
      'failed to normalize server token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>',
    );
  }
  return token.password;
}

/** Compares the token's pin, if it has one, with the certificate a server showed. */
export function checkTokenPin(token: Token, caPem: string): void {
  if (token.caHash === '') return;
  const actual = hashAuthority(caPem);
  if (token.caHash !== actual) {
    throw new CommandError(
      `token CA hash does not match the Cluster CA certificate hash: ${token.caHash} != ${actual}`,
    );
  }
}

/** The Authorization header for a token; `username` overrides the token's own, as agents do with `node`. */
export function authorizationOf(token: Token, username = token.username): string {
  if (token.bootstrap !== undefined) return `Bearer ${token.bootstrap}`;
  return `Basic ${Buffer.from(`${username}:${token.password}`).toString('base64')}`;
}
