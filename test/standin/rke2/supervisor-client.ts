import { existsSync, readFileSync } from 'node:fs';
import { splitCertificates } from './certificate.ts';
import { fetchBody } from './http.ts';
import { CommandError, reasonOf, warn } from './log.ts';
import type { Token } from './token.ts';
import { authorizationOf, checkTokenPin, parseToken } from './token.ts';

/** A supervisor whose authority the token vouches for. */
export interface SupervisorAccess {
  readonly url: string;
  readonly ca: string;
  readonly token: Token;
  readonly username: string;
}

/**
 * Fetches the authority from `/cacerts`, compares it with the token's pin and checks that it signed the supervisor's
 * own certificate for the name used.
 */
export async function openSupervisor(
  url: string,
  tokenText: string,
  username: 'server' | 'node',
): Promise<SupervisorAccess> {
  const token = parseToken(tokenText);
  if (!url.startsWith('https://')) {
    throw new CommandError(`only https:// URLs are supported, invalid scheme: ${url}`);
  }
  let ca: string;
  try {
    ca = (await fetchBody({ url: `${url}/cacerts` })).toString();
  } catch (error) {
    throw new CommandError(`failed to get CA certs: ${reasonOf(error)}`);
  }
  try {
    if (splitCertificates(ca).length === 0) throw new CommandError('no certificates found');
    await fetchBody({ url: `${url}/cacerts`, ca });
  } catch (error) {
    throw new CommandError(`CA cert validation failed: ${reasonOf(error)}`);
  }
  if (token.caHash === '') {
    warn(
      'Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. ' +
        "Use the full token from the server's node-token file to enable Cluster CA validation.",
    );
  }
  checkTokenPin(token, ca);
  return { url, ca, token, username };
}

/** What a node says of itself when it asks for its certificates. */
export interface NodeIdentity {
  readonly name: string;
  readonly password: string;
  readonly addresses: readonly string[];
}

/** GET with the token; a 401 or 403 is a HttpStatusError. */
export async function getFromSupervisor(
  access: SupervisorAccess,
  path: string,
  node?: NodeIdentity,
): Promise<Buffer> {
  return fetchBody({
    url: access.url + path,
    ca: access.ca,
    headers: { authorization: authorizationOf(access.token, access.username), ...nodeHeaders(node) },
  });
}

/** PUT or POST of JSON with the token. */
export async function sendToSupervisor(
  access: SupervisorAccess,
  method: 'PUT' | 'POST',
  path: string,
  body: object,
): Promise<Buffer> {
  return fetchBody({
    url: access.url + path,
    method,
    ca: access.ca,
    body: JSON.stringify(body),
    timeoutMs: 120_000,
    headers: {
      authorization: authorizationOf(access.token, access.username),
      'content-type': 'application/json',
    },
  });
}

/** GET with a node's own certificate, for what needs no token any more. */
export async function getAsNode(
  url: string,
  files: { ca: string; cert: string; key: string },
): Promise<Buffer> {
  if (!existsSync(files.cert)) throw new CommandError(`open ${files.cert}: no such file or directory`);
  return fetchBody({
    url,
    ca: readFileSync(files.ca, 'utf8'),
    cert: readFileSync(files.cert, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
  });
}

function nodeHeaders(node: NodeIdentity | undefined): Record<string, string> {
  if (node === undefined) return {};
  return {
    'rke2-Node-Name': node.name,
    'rke2-Node-Password': node.password,
    'rke2-Node-IP': node.addresses.join(','),
  };
}
